/** A ladder is told once: its queues and its exchange are no news besides. */
import { retryExchange, retryQueue } from "../names.js";
import type { Change, Reached } from "./change.js";
import type { Side } from "./side.js";

interface Ladder {
  readonly exchange: string;
  readonly queues: ReadonlySet<string>;
}

function ladder(queue: string, sides: readonly Side[]): Ladder {
  const rungs = Math.max(...sides.map((side) => side.rungs(queue)));
  return { exchange: retryExchange(queue), queues: new Set(Array.from({ length: rungs }, (_, index) => retryQueue(queue, index + 1))) };
}

/** Whether a change says only that rungs are there or not, or how they are bound. */
export function isOfLadder(change: Change, { exchange, queues }: Ladder): boolean {
  if (queues.size === 0) return false;
  if (change.kind === "queue-added" || change.kind === "queue-removed" || change.kind === "expiry") return queues.has(change.queue ?? "");
  if (change.exchange !== exchange) return false;
  if (change.kind === "exchange-added" || change.kind === "exchange-removed") {
    const reached = (change.before ?? change.after) as { readonly queues: readonly string[] };
    return reached.queues.every((queue) => queues.has(queue));
  }
  if (change.kind !== "route") return false;
  const { before, after } = change as { readonly before: Reached; readonly after: Reached };
  const different = [...before.queues, ...after.queues].filter((queue) => !before.queues.includes(queue) || !after.queues.includes(queue));
  return different.every((queue) => queues.has(queue)) && before.templates.join() === after.templates.join();
}

/** Without what follows from the changes of ladders. Of a rung whose queue goes or comes with it, nothing is said either. */
export function withoutRungs(changes: readonly Change[], old: Side, now: Side): Change[] {
  const ladders = changes.flatMap(({ kind, queue }) =>
    queue !== undefined && (kind === "retry" || kind === "queue-added" || kind === "queue-removed") ? [ladder(queue, [old, now])] : [],
  );
  // A rung has its queue's limit.
  const limited = changes.flatMap(({ kind, queue }) =>
    kind === "overflow" && queue !== undefined ? [...ladder(queue, [old, now]).queues] : [],
  );
  return changes.filter(
    (change) => !ladders.some((one) => isOfLadder(change, one)) && !(change.kind === "overflow" && limited.includes(change.queue ?? "")),
  );
}
