/** How long to wait before the next attempt. */
import { setTimeout as sleep } from "node:timers/promises";

export interface Backoff {
  /** Milliseconds before the first attempt. @default 100 */
  readonly min?: number;
  /** Milliseconds at most. @default 30000 */
  readonly max?: number;
}

/** Doubles from `min` to `max`; a random half of it, so that many clients do not come back at the same moment. */
export function waitBefore(attempt: number, { min = 100, max = 30_000 }: Backoff = {}, random: () => number = Math.random): number {
  const full = Math.min(max, min * 2 ** Math.min(attempt, 30));
  return full / 2 + (random() * full) / 2;
}

/** What the work gives, or undefined after so many milliseconds. Leaves no timer behind, which would keep the process for that long. */
export async function within<T>(ms: number, work: Promise<T> | undefined): Promise<T | undefined> {
  const done = new AbortController();
  try {
    return await Promise.race([work, pause(ms, done.signal).then(() => undefined)]);
  } finally {
    done.abort();
  }
}

/** Ends early, without an error, if the signal says so. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  });
}
