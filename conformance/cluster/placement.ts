/** Where the queues of a ground are in their cluster, as the broker says and as the topology declares. */
import type { WirePlacement } from "../../broker/index.js";
import type { Plan, PlannedQueue } from "../../topology/compile/plan.js";
import { effectiveSettings } from "../../topology/policies.js";
import type { Ground } from "../ground.js";

/** By name, those of the ground's vhost. */
export async function placements(ground: Ground): Promise<ReadonlyMap<string, WirePlacement>> {
  const all = await ground.management.placements();
  return new Map(all.filter(({ vhost }) => vhost === ground.vhost).map((placement) => [placement.name, placement]));
}

export const isReplicated = ({ type }: Pick<PlannedQueue, "type">): boolean => type !== "classic";

/** The members of a quorum queue for which nothing is declared (`quorum_cluster_size`). */
const QUORUM_DEFAULT = 3;

export interface DeclaredMembers {
  readonly count: number;
  /** What says so: a setting, or nothing. */
  readonly by: string | undefined;
}

/**
 * How many members it has to have in a cluster of so many nodes. A quorum queue is made with its initial size and grows to its target, if that
 * is more; a stream is made on every node. No more than there are nodes.
 */
export function declaredMembers(plan: Plan, queue: PlannedQueue, nodes: number): DeclaredMembers {
  const settings = effectiveSettings(plan, queue);
  const keys = queue.type === "stream" ? ["initial-cluster-size"] : ["quorum-initial-group-size", "target-group-size"];
  const found = keys.flatMap((key) => {
    const value = settings.get(key)?.value;
    return typeof value === "number" ? [{ count: value, by: key }] : [];
  });
  const fallback: DeclaredMembers = { count: queue.type === "stream" ? nodes : QUORUM_DEFAULT, by: undefined };
  const initial = found.some(({ by }) => by !== "target-group-size") ? [] : [fallback];
  const most = [...found, ...initial].reduce((a, b) => (b.count > a.count ? b : a));
  return { ...most, count: Math.min(most.count, nodes) };
}

export const nodeList = (nodes: readonly string[]): string => [...nodes].sort().join(", ") || "none";
