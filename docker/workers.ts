/** Services of the reference systems as containers beside the broker, the store that they write to, and a steady load. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Topology } from "../topology/model.js";
import { labelsOf, LOGS } from "./node.js";
import { jobsOf, WORKER_FILES, type WorkerFile } from "./worker-jobs.js";

export interface WorkersArgs {
  /** Begins the names of everything in Docker: `warren-dev`. */
  readonly prefix: string;
  /** Value of the label `warren.stack`. */
  readonly stack: string;
  /** Of workers. */
  readonly image: string;
  readonly network: docker.Network;
  readonly topologies: readonly Topology[];
  /** By user. */
  readonly passwords: pulumi.Input<Readonly<Record<string, string>>>;
  /** Of the broker's nodes, in the network. */
  readonly urls: readonly string[];
  /** The authority of the broker's certificates, PEM; for amqps. */
  readonly ca?: string | undefined;
  /** Containers for each service that consumes; 0: none. */
  readonly replicas: number;
  /** Messages a second, of each system; 0: none. */
  readonly load: number;
  /** The content of a file that some services need; asked for only where one runs. */
  readonly file: (variable: WorkerFile) => string;
}

/** What runs where its metrics are: `warren-dev-debias-neo4j-worker-0:9090`. */
export interface WorkerTarget {
  readonly system: string;
  readonly service: string;
  readonly target: string;
}

const SECRETS = "/run/warren";
/** For what has no health server. All of it is said: what is left out comes from the image, and would look like a change at the next update. */
const NO_HEALTH = { tests: ["NONE"], interval: "10s", timeout: "4s", startPeriod: "30s", retries: 3 };

export interface Workers {
  readonly targets: WorkerTarget[];
  /** None where there is nothing to run. */
  readonly containers: docker.Container[];
}

export function registerWorkers(args: WorkersArgs, options: pulumi.CustomResourceOptions): Workers {
  const { workers, load } = jobsOf(args.topologies, args.replicas, args.load);
  if (workers.length + load.length === 0) return { targets: [], containers: [] };
  const image = new docker.RemoteImage("worker-image", { name: args.image, keepLocally: true }, options);
  const common = {
    image: image.imageId,
    restart: "unless-stopped",
    mustRun: true,
    // Longer than workers take to finish what is begun.
    destroyGraceSeconds: 35,
    memory: 192,
    memorySwap: 384,
    labels: labelsOf(args.stack),
    ...LOGS,
  };
  const store = new docker.Container(
    "store",
    {
      ...common,
      name: `${args.prefix}-store`,
      command: ["store"],
      networksAdvanced: [{ name: args.network.name, aliases: ["store"] }],
      healthcheck: NO_HEALTH,
    },
    { ...options, deleteBeforeReplace: true },
  );
  const containers = [...workers, ...load].map((job) => {
    const name = `${args.prefix}-${job.name}`;
    const password = pulumi.secret(pulumi.output(args.passwords).apply((known) => known[job.user] ?? ""));
    return new docker.Container(
      job.name,
      {
        ...common,
        name,
        command: job.command,
        networksAdvanced: [{ name: args.network.name, aliases: [job.name] }],
        envs: [
          `RABBITMQ_URLS=${args.urls.join(",")}`,
          `RABBITMQ_USERNAME=${job.user}`,
          // A file: the environment of a container can be read by everybody who may ask Docker.
          `RABBITMQ_PASSWORD_FILE=${SECRETS}/password`,
          ...(args.ca === undefined ? [] : [`RABBITMQ_CA_FILE=${SECRETS}/ca.pem`]),
          ...Object.entries(job.variables).map(([variable, value]) => `${variable}=${value}`),
          ...job.files.map((variable) => `${variable}=${SECRETS}/${WORKER_FILES[variable]}`),
        ],
        uploads: [
          { file: `${SECRETS}/password`, content: password, permissions: "0444" },
          ...(args.ca === undefined ? [] : [{ file: `${SECRETS}/ca.pem`, content: args.ca }]),
          ...job.files.map((variable) => ({
            file: `${SECRETS}/${WORKER_FILES[variable]}`,
            content: pulumi.secret(args.file(variable)),
            permissions: "0444",
          })),
        ],
        ...(job.command[0] === "load" ? { healthcheck: NO_HEALTH } : {}),
      },
      {
        ...options,
        dependsOn: pulumi.output(options.dependsOn ?? []).apply((before) => [...[before].flat(), store]),
        deleteBeforeReplace: true,
      },
    );
  });
  const targets = workers.map(({ system, service, name }) => ({ system, service, target: `${args.prefix}-${name}:9090` }));
  return { targets, containers: [store, ...containers] };
}
