/** One side of a comparison: whatever a verb takes for a topology, or a file as a git revision has it. */
import type { Exported } from "../topology/difference/index.js";
import { loadRevision, revisionOf } from "../sources/revision.js";
import { inputFrom, readInput, type Input } from "./input.js";
import type { Console } from "./output.js";

export const SIDE = "a system's name, a file, definitions, - for the input, or a file of a git revision: main:topology/orders.ts";

/** Which of two sides is what a broker holds. */
export const exportedSide = (old: Input, now: Input): Exported | undefined =>
  old.exported ? (now.exported ? "both" : "old") : now.exported ? "now" : undefined;

/** Throws a WarrenError (exit code 2) for what names nothing. */
export async function readSide(argument: string | undefined, broker: string | undefined, console: Console): Promise<Input> {
  const revision = argument === undefined ? undefined : revisionOf(argument, console.cwd);
  if (!revision) return readInput(argument, broker, console);
  const { label, value } = await loadRevision(revision, console.cwd);
  return inputFrom(value, label);
}
