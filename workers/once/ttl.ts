/** How long a mark is kept, from the words of the topology. */
import { WorkerError } from "../errors.js";
import { DURATION_EXAMPLES, milliseconds, type Duration } from "../../topology/durations.js";

/** Milliseconds of a store's `ttl`; `undefined` where none is set. */
export function ttlOf(ttl: Duration | undefined): number | undefined {
  if (ttl === undefined) return undefined;
  const ms = milliseconds(ttl);
  if (ms === undefined || ms < 1) {
    throw new WorkerError("wrong-use", `ttl is ${JSON.stringify(ttl)}; allowed: a duration above 0, such as ${DURATION_EXAMPLES}`);
  }
  return ms;
}
