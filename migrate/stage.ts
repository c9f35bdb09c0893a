/** How far the change of a queue is, told by what stands on the broker: nothing else remembers it. Pure. */
import type { LiveQueue } from "../broker/live.js";
import { effectOf, worst, type Difference } from "../topology/changes.js";
import type { PlannedQueue } from "../topology/compile/plan.js";

/** Queues that hold the messages meanwhile: those that were in the old queue, and those that come while it is changed. */
export interface Held {
  readonly old: string;
  readonly new: string;
}

export const heldFor = (queue: string): Held => ({ old: `warren.migrate.old.${queue}`, new: `warren.migrate.new.${queue}` });

/**
 * - `change`: the queue stands as it was; whatever of the preparations is done may be done again.
 * - `declare`: it is gone, and its messages are held.
 * - `return`: it stands as it is to be, and messages are held.
 * - `done`: it stands as it is to be.
 * - `missing`: it is not there, and nothing is held.
 */
export type Stage = "change" | "declare" | "return" | "done" | "missing";

export interface Standing {
  readonly stage: Stage;
  /** Queues that hold messages are there: an earlier run was ended. */
  readonly isHeld: boolean;
  /** From what is on the broker to the plan, where it has to be deleted for it. */
  readonly differences: readonly Difference[];
}

export function standing(live: LiveQueue | undefined, wanted: PlannedQueue, isHeld: boolean): Standing {
  if (!live) return { stage: isHeld ? "declare" : "missing", isHeld, differences: [] };
  const differences = effectOf("queue", { ...wanted, ...live }, wanted);
  if (worst(differences) === "replace and lose messages") return { stage: "change", isHeld, differences };
  return { stage: isHeld ? "return" : "done", isHeld, differences: [] };
}
