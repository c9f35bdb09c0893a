/** Waiting in a test for what happens elsewhere. */
import { setTimeout as sleep } from "node:timers/promises";

/** Asks until it holds. Throws after `ms` milliseconds. */
export async function until(what: () => unknown, ms = 30_000): Promise<void> {
  for (const end = Date.now() + ms; !(await what()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what.toString()}`);
  }
}
