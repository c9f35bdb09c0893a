/** Which services of the reference systems run as containers, how often, and which containers load them. Pure. */
import type { Topology } from "../topology/model.js";
import { serviceUser } from "../topology/names.js";
import { loadsOf, startOf, storeVariables, takes, type WorkerFile } from "../workers/reference/jobs.js";

export { WORKER_FILES, type WorkerFile } from "../workers/reference/jobs.js";

const STORES = storeVariables("http://store:7001");

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

/** Every service that consumes, from queues or from instances of its own, in the order of the topology, as often as is asked for and at least as often as it promises; and the load, shared by the samples of a system. */
export function jobsOf(topologies: readonly Topology[], replicas: number, load: number): { readonly workers: Job[]; readonly load: Job[] } {
  const workers = topologies.flatMap((topology) =>
    Object.entries(topology.services ?? {}).flatMap(([service, { user = serviceUser(topology.name, service), replicas: promised }]) => {
      const start = startOf(topology.name, service);
      if (!start || !takes(topology, service)) return [];
      // Fewer than the topology promises would be an alert.
      const count = replicas === 0 ? 0 : Math.max(replicas, promised?.min ?? 1);
      return Array.from({ length: count }, (_, index): Job => {
        const name = `${topology.name}-${service}-${index}`;
        // The name is the container's in the network.
        const address = start.address === undefined ? {} : { [start.address]: name };
        const variables = { ...STORES, ...start.variables, ...address };
        return { system: topology.name, service, user, name, command: [...start.command], variables, files: start.files };
      });
    }),
  );
  if (load === 0) return { workers, load: [] };
  return { workers, load: loadsOf(topologies, load).map((each) => ({ ...each, command: [...each.command], variables: {}, files: [] })) };
}
