/** With which words, variables and files the services of the reference systems start in containers, and which messages load them. Pure. */
import type { Topology } from "../../topology/model.js";
import { serviceUser } from "../../topology/names.js";
import { systems } from "../../topology/systems/index.js";
import { samples } from "./samples.js";

/** Whatever the reference services keep, ask or tell, one container plays it. */
export const storeVariables = (url: string): Readonly<Record<string, string>> => ({
  ...{ NEO4J_URL: url, QDRANT_URL: url, STORAGE_URL: url, DOCUMENTS_URL: url, PARSER_URL: url, MODEL_URL: url },
  ...{ MEMORY_STORE_URL: url, REGISTRY_URL: url, WEBHOOK_URL: `${url}/hooks/sessions` },
});

/** What reaches services as a file, by the variable that names it: the environment of a container can be read by everybody who may ask Docker. */
export const WORKER_FILES = {
  STAGE7_CLIENT_SECRET_FILE: "stage7-client-secret",
  STAGE7_TOKEN_FILE: "stage7-token",
  CGCG_API_KEYS_FILE: "cgcg-api-keys.json",
} as const;
export type WorkerFile = keyof typeof WORKER_FILES;

export interface Start {
  readonly command: readonly string[];
  /** Beside those of the broker and of the stores. */
  readonly variables: Readonly<Record<string, string>>;
  /** That of the address on which it listens, and under which others find it. */
  readonly address?: "WARREN_API_HOST";
  readonly files: readonly WorkerFile[];
}

/** What a system's service starts with; none if its topology is not one of the five. */
export function startOf(system: string, service: string): Start | undefined {
  if (!Object.hasOwn(systems, system)) return undefined;
  const start = { command: ["work", system, "--service", service], variables: {}, files: [] };
  switch (`${system} ${service}`) {
    case "cgcg api":
      return {
        ...start,
        variables: { RABBITMQ_ENABLED: "true", RABBITMQ_MANAGEMENT_ENABLED: "true" },
        files: ["CGCG_API_KEYS_FILE"],
      };
    case "stage7 post-office":
      return { ...start, address: "WARREN_API_HOST", files: ["STAGE7_TOKEN_FILE", "STAGE7_CLIENT_SECRET_FILE"] };
  }
  // Members find each other by the address on which they listen.
  return system === "stage7" ? { ...start, address: "WARREN_API_HOST", files: ["STAGE7_TOKEN_FILE"] } : start;
}

/** Whether a service takes messages, from queues or from instances of its own: then it runs as a worker. */
export const takes = (topology: Topology, service: string): boolean => {
  const { consumes = [], instances = {} } = topology.services?.[service] ?? {};
  return consumes.length + Object.keys(instances).length > 0;
};

export interface Load {
  readonly system: string;
  readonly service: string;
  readonly user: string;
  /** `contextiq-load-2` */
  readonly name: string;
  readonly command: readonly string[];
}

/** A steady load of the five systems' samples, of messages a second in each system, shared by its samples. */
export function loadsOf(topologies: readonly Topology[], rate: number): Load[] {
  const known = topologies.filter(({ name }) => Object.hasOwn(systems, name));
  return Object.entries(samples).flatMap(([system, each]) =>
    each.flatMap(({ message, body, key = {} }, index): Load[] => {
      const services = known.find(({ name }) => name === system)?.services ?? {};
      const by = Object.entries(services).find(([, { publishes = [] }]) => publishes.includes(message));
      if (!by) return [];
      const [service, { user = serviceUser(system, service) }] = by;
      const words = Object.entries(key).flatMap(([word, value]) => ["--key", `${word}=${value}`]);
      const share = String(Math.max(1, Math.round(rate / each.length)));
      const command = [
        "load",
        system,
        message,
        "--service",
        service,
        "--rate",
        share,
        "--for",
        "24h",
        "--body",
        JSON.stringify(body),
        ...words,
      ];
      return [{ system, service, user, name: `${system}-load${index === 0 ? "" : `-${index + 1}`}`, command }];
    }),
  );
}
