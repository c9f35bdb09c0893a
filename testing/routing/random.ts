/** Compares the routing model with a live broker in many random topologies, and shrinks those in which they disagree. */
import fc from "fast-check";
import type { Outcome, Sent } from "../../topology/routing-regressions.js";
import type { LiveBroker } from "../broker-api.js";
import type { Answer } from "./answer.js";
import { compareScenes, removed, type Compared } from "./compare.js";
import { scene, type Scene } from "./network.js";

/** Topologies that stand in one vhost and are looked at at the same time. */
const GROUP = 20;
/** Shorter than else: of a hundred candidates there is something that does not come in most. */
const SHRINKING_PATIENCE_MS = 1000;
const SHRINKING_MS = 60_000;

export interface Disagreement {
  /** Of the run in which it was found; the same seed finds it again. */
  readonly seed: number;
  readonly run: number;
  /** Whether the same happened when the scene was tried again, alone; else it is a matter of time. */
  readonly again: boolean;
  readonly topology: Scene["topology"];
  readonly message: Sent;
  readonly expected: Answer["copies"];
  readonly actual: readonly Outcome[];
}

/** The smallest scene found in which the same run of the same seed disagrees still. */
async function shrink(broker: LiveBroker, seed: number, run: number, first: Compared): Promise<Disagreement> {
  let last = first;
  const property = fc.asyncProperty(scene, async (candidate) => {
    const [compared] = await compareScenes(broker, [candidate], SHRINKING_PATIENCE_MS);
    if (!compared || compared.wrong.length === 0) return true;
    last = compared;
    return false;
  });
  await fc.check(property, { seed, path: String(run), numRuns: 1, interruptAfterTimeLimit: SHRINKING_MS });
  const [index = 0] = last.wrong;
  const message = last.scene.messages[index];
  if (!message) throw new Error("a disagreement is of no message");
  return {
    seed,
    run,
    again: last !== first,
    topology: last.scene.topology,
    message,
    expected: last.answers[index]?.copies ?? [],
    actual: last.outcomes[index] ?? [],
  };
}

export interface CompareOptions {
  readonly broker: LiveBroker;
  readonly runs: number;
  readonly seed: number;
  /** Called after each group. */
  readonly progress?: (done: number, wrong: number) => void;
  /** Disagreements that are shrunk; the others are counted only. @default 3 */
  readonly shrunk?: number;
}

export async function compareRouting(
  { broker, runs, seed, progress, shrunk = 3 }: CompareOptions,
  see: (compared: Compared) => void,
): Promise<{ readonly wrong: number; readonly disagreements: readonly Disagreement[] }> {
  const scenes = fc.sample(scene, { numRuns: runs, seed });
  const found: { run: number; compared: Compared }[] = [];
  for (let begin = 0; begin < runs; begin += GROUP) {
    const group = await compareScenes(broker, scenes.slice(begin, begin + GROUP));
    group.forEach((compared, index) => {
      see(compared);
      if (compared.wrong.length > 0) found.push({ run: begin + index, compared });
    });
    progress?.(Math.min(runs, begin + GROUP), found.length);
  }
  const disagreements: Disagreement[] = [];
  for (const { run, compared } of found.slice(0, shrunk)) disagreements.push(await shrink(broker, seed, run, compared));
  await removed();
  return { wrong: found.length, disagreements };
}

export const disagreementText = ({ seed, run, ...what }: Disagreement): string =>
  [
    `The model and the broker disagree (seed ${seed}, run ${run}).`,
    ...Object.entries(what).map(([name, value]) => `${name.padEnd(8)}  ${JSON.stringify(value)}`),
  ].join("\n");
