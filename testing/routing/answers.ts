/** The model's answers to the messages of one topology that are sent one after the other. */
import type { Plan } from "../../topology/compile/plan.js";
import { overflowOf } from "../../topology/explain/overflow.js";
import { effectiveSettings } from "../../topology/policies.js";
import type { Sent } from "../../topology/routing-regressions.js";
import { answer, HORIZON_MS, type Answer } from "./answer.js";

/** Queues in which a message expires at once. */
export function fleeting(plan: Plan): ReadonlySet<string> {
  const ttl = plan.queues.map((queue) => [queue.name, effectiveSettings(plan, queue).get("message-ttl")?.value] as const);
  return new Set(ttl.flatMap(([queue, value]) => (typeof value === "number" && value <= HORIZON_MS ? [queue] : [])));
}

/** One for each message; none where the model says nothing exact. */
export function answersTo(plan: Plan, messages: readonly Sent[]): (Answer | undefined)[] {
  const limits = new Map<string, number>();
  /** When such a queue has been full it refuses messages for a while, however empty it is: each is used by one message. */
  const slow = new Set<string>();
  for (const queue of plan.queues) {
    const full = overflowOf({ ...queue, settings: effectiveSettings(plan, queue) });
    if (full?.holds === undefined) continue;
    limits.set(queue.name, full.holds);
    if (queue.type === "quorum" && full.mode === "reject-publish") slow.add(queue.name);
  }
  const used = new Set<string>();
  return messages.map((sent) => {
    const said = answer(plan, sent, (queue) => limits.get(queue));
    if (!said || said.touches.some((queue) => used.has(queue))) return undefined;
    for (const queue of said.touches) if (slow.has(queue)) used.add(queue);
    return said;
  });
}
