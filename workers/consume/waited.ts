/** How long a message has been in its queue: since it was published, came back from its ladder, or was put back from the dead letters. */
import { letterOf, REQUEUED_AT, type Received } from "../dead-letters/letter.js";

/** Of a queue's TTL; what has spent more of it there is about to expire. */
export const NEAR_TTL = 0.8;

interface Message extends Received {
  readonly properties: Received["properties"] & { readonly timestamp?: unknown };
}

/**
 * Whether it has spent most of the queue's TTL in it. By its timestamp, which is when it was published first; only where that is long ago its
 * headers are read. False where nothing says when it came.
 */
export function nearTtl(message: Message, ttlSeconds: number, now: number): boolean {
  const { timestamp } = message.properties;
  const mark = now - ttlSeconds * NEAR_TTL * 1000;
  if (typeof timestamp === "number" && timestamp * 1000 > mark) return false;
  const headers = (message.properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  const times = [
    typeof timestamp === "number" ? timestamp * 1000 : NaN,
    // The end of a rung, or else the failure before it.
    letterOf(message).diedAt ?? NaN,
    typeof headers[REQUEUED_AT] === "number" ? headers[REQUEUED_AT] : NaN,
  ].filter((time) => !Number.isNaN(time));
  return times.length > 0 && Math.max(...times) <= mark;
}
