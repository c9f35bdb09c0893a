/** Which services of the reference systems run as containers, with which words and variables, and which messages load them. Pure. */
import type { Topology } from "../topology/model.js";
import { serviceUser } from "../topology/names.js";
import { systems } from "../topology/systems/index.js";
import { samples } from "../workers/reference/samples.js";

const STORE = "http://store:7001";
/** Whatever the reference services keep, ask or tell, one container plays it. */
const STORES = {
  ...{ NEO4J_URL: STORE, QDRANT_URL: STORE, STORAGE_URL: STORE, DOCUMENTS_URL: STORE, PARSER_URL: STORE, MODEL_URL: STORE },
  ...{ MEMORY_STORE_URL: STORE, REGISTRY_URL: STORE, WEBHOOK_URL: `${STORE}/hooks/sessions` },
};

/** What reaches services as a file, by the variable that names it: the environment of a container can be read by everybody who may ask Docker. */
export const WORKER_FILES = {
  STAGE7_CLIENT_SECRET_FILE: "stage7-client-secret",
  STAGE7_TOKEN_FILE: "stage7-token",
  CGCG_API_KEYS_FILE: "cgcg-api-keys.json",
} as const;
export type WorkerFile = keyof typeof WORKER_FILES;

export interface Job {
  readonly system: string;
  readonly service: string;
  readonly user: string;
  readonly name: string;
  readonly command: string[];
  /** Of its own, beside those of the broker. */
  readonly variables: Readonly<Record<string, string>>;
  readonly files: readonly WorkerFile[];
}

/** What a system's services need beside the broker and the stores. `name` is the container's in the network. */
function own(system: string, service: string, name: string): Pick<Job, "variables" | "files"> {
  switch (`${system} ${service}`) {
    case "cgcg api":
      return { variables: { RABBITMQ_ENABLED: "true", RABBITMQ_MANAGEMENT_ENABLED: "true" }, files: ["CGCG_API_KEYS_FILE"] };
    case "stage7 post-office":
      return { variables: { WARREN_API_HOST: name }, files: ["STAGE7_TOKEN_FILE", "STAGE7_CLIENT_SECRET_FILE"] };
  }
  // Members find each other by the address on which they listen.
  return system === "stage7" ? { variables: { WARREN_API_HOST: name }, files: ["STAGE7_TOKEN_FILE"] } : { variables: {}, files: [] };
}

/** Every service that consumes, from queues or from instances of its own, in the order of the topology, as often as is asked for and at least as often as it promises; and the load, shared by the samples of a system. */
export function jobsOf(topologies: readonly Topology[], replicas: number, load: number): { readonly workers: Job[]; readonly load: Job[] } {
  const services = topologies
    .filter(({ name }) => name in systems)
    .flatMap((topology) =>
      Object.entries(topology.services ?? {}).map(
        ([service, { consumes = [], instances = {}, publishes = [], user, replicas: promised }]) => ({
          ...{ system: topology.name, service, publishes, user: user ?? serviceUser(topology.name, service) },
          takes: consumes.length + Object.keys(instances).length > 0,
          // Fewer than the topology promises would be an alert.
          count: replicas === 0 ? 0 : Math.max(replicas, promised?.min ?? 1),
        }),
      ),
    );
  const workers = services
    .filter(({ takes }) => takes)
    .flatMap(({ system, service, user, count }) =>
      Array.from({ length: count }, (_, index) => {
        const name = `${system}-${service}-${index}`;
        const { variables, files } = own(system, service, name);
        return {
          system,
          service,
          user,
          name,
          command: ["work", system, "--service", service],
          variables: { ...STORES, ...variables },
          files,
        };
      }),
    );
  if (load === 0) return { workers, load: [] };
  const loads = Object.entries(samples).flatMap(([system, each]) =>
    each.flatMap(({ message, body, key = {} }, index): Job[] => {
      const by = services.find((service) => service.system === system && service.publishes.includes(message));
      if (!by) return [];
      const { service, user } = by;
      const rate = Math.max(1, Math.round(load / each.length));
      const words = Object.entries(key).flatMap(([word, value]) => ["--key", `${word}=${value}`]);
      const command = [
        "load",
        system,
        message,
        "--service",
        service,
        "--rate",
        String(rate),
        "--for",
        "24h",
        "--body",
        JSON.stringify(body),
        ...words,
      ];
      return [{ system, service, user, name: `${system}-load${index === 0 ? "" : `-${index + 1}`}`, command, variables: {}, files: [] }];
    }),
  );
  return { workers, load: loads };
}
