/** Errors for the user of a Pulumi program: by their message alone. */
import { WarrenError } from "../topology/errors.js";

/**
 * Pulumi prints an error with this mark without its stack (source: `RunError` of the SDK). It formats every stack all the same, and frames of
 * node_modules in one keep Node 20 busy for half a minute: nobody misses those.
 */
function mark(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (!(error instanceof WarrenError)) {
    const frames = (error.stack ?? "").split("\n").filter((line) => !line.includes("node_modules"));
    return Object.assign(error, { stack: frames.join("\n") });
  }
  return Object.assign(error, { stack: `${error.name}: ${error.message}`, __pulumiRunError: true });
}

/** Runs it; a WarrenError goes on marked. */
export function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw mark(error);
  }
}

/** The same for what takes time. */
export async function toldLater<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw mark(error);
  }
}
