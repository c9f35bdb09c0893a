/** The `x-death` header: what the broker writes into a message each time that it leaves a queue. */
import type { Reason } from "./fate.js";

/** One entry, as a client reads it, without its `time`. */
export interface Death {
  /** The queue that it left. */
  readonly queue: string;
  readonly reason: Reason;
  /** How often it left this queue for this reason. */
  readonly count: number;
  /** Where it had last been published before the first of these deaths, by a client or as a dead letter. */
  readonly exchange: string;
  /** With which keys: CC included, BCC not. */
  readonly "routing-keys": readonly string[];
  /** The message's own expiration in milliseconds, as text. It is gone after the first death. */
  readonly "original-expiration"?: string;
}

/** The header after one more death, the latest first. A queue that it left for the same reason before is counted (source: `mc:record_death`). */
export function withDeath(deaths: readonly Death[], death: Omit<Death, "count">): Death[] {
  const same = ({ queue, reason }: Death): boolean => queue === death.queue && reason === death.reason;
  const before = deaths.find(same);
  const latest = before ? { ...before, count: before.count + 1 } : { ...death, count: 1 };
  return [latest, ...deaths.filter((other) => !same(other))];
}

/** Keys without those of BCC: each of these takes away one (source: `mc:record_death`). */
export function withoutBcc(keys: readonly string[], bcc: readonly string[]): string[] {
  const left = [...keys];
  for (const key of bcc) {
    const at = left.indexOf(key);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}
