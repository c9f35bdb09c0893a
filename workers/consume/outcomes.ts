/** What a handler decides about a delivery, named by what happens to it. */

/*
 * ack       done: `basic.ack`
 * retry     not now: it waits on the next rung of the queue's ladder and comes again; after the last it is parked. A throw is a retry
 * reject    `basic.reject` without requeue: the broker dead-letters it, with reason "rejected"
 * park      published to the dead-letter exchange with its history, then acked: no retry would help
 * requeue   `basic.nack` with requeue: given back as it is, for it was not looked at (busy, or leaving); counts for no limit
 */
export type Outcome =
  | { readonly kind: "ack" }
  | { readonly kind: "retry" | "reject" | "park"; readonly reason: string; readonly cause?: unknown }
  | { readonly kind: "requeue" };

const ACK: Outcome = { kind: "ack" };
const REQUEUE: Outcome = { kind: "requeue" };

/** Done. The same as returning nothing. */
export const ack = (): Outcome => ACK;
/** Failed for now. */
export const retry = (reason: string): Outcome => ({ kind: "retry", reason });
/** Failed for good, as the broker's own dead letter. */
export const reject = (reason: string): Outcome => ({ kind: "reject", reason });
/** Failed for good, with its history. */
export const park = (reason: string): Outcome => ({ kind: "park", reason });
/** Not looked at. */
export const requeue = (): Outcome => REQUEUE;

/** The text of whatever was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));

export const failed = (error: unknown): Exclude<Outcome, { readonly kind: "ack" }> => ({
  kind: "retry",
  reason: reasonOf(error),
  cause: error,
});

/** What a handler gave back. */
export const outcomeOf = (result: unknown): Outcome =>
  typeof result === "object" && result !== null && "kind" in result ? (result as Outcome) : ACK;
