/** Objects that a new value moves from the official provider's resource to one of Warren's own, or back: these are replaced. Pure. */
import type { Kind, PlannedByKind } from "../topology/changes.js";
import { ownPermission, ownPolicy } from "./official.js";

const WHY = "Such a value takes it from the RabbitMQ provider's resource to one of Warren's own, or back, which is a replacement";

/** Queues, exchanges and bindings need none: whatever moves them replaces them anyhow. */
export function moved<K extends Kind>(
  kind: K,
  vhost: string | null,
  before: PlannedByKind[K],
  after: PlannedByKind[K],
): string | undefined {
  const own = (object: PlannedByKind[Kind]): boolean => {
    if (kind === "policy" || kind === "operator policy") return ownPolicy(vhost ?? "", object as PlannedByKind["policy"]) !== undefined;
    if (kind === "permission") return ownPermission(vhost ?? "", object as PlannedByKind["permission"]) !== undefined;
    return false;
  };
  return own(before) === own(after) ? undefined : WHY;
}
