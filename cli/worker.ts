/** The command of the worker's image: the verbs that a worker needs, and the exporter and the live page, which run beside workers. */
import { WarrenError } from "../topology/errors.js";
import { startProgram } from "./program.js";
import type { Verb } from "./verb.js";
import { dlqVerb } from "./verbs/dlq.js";
import { exporterVerb } from "./verbs/exporter.js";
import { loadVerb } from "./verbs/load.js";
import { publishVerb } from "./verbs/publish.js";
import { tailVerb } from "./verbs/tail.js";
import { uiVerb } from "./verbs/ui.js";
import { workVerb } from "./verbs/work.js";

const VERBS: readonly Verb[] = [workVerb, publishVerb, tailVerb, dlqVerb, loadVerb, exporterVerb, uiVerb];

/**
 * The arguments; those of `work` alone, as the image starts, are `WARREN_SYSTEM`, `WARREN_SERVICE` and, if it is set, `WARREN_HANDLERS`.
 * Throws a WarrenError (exit code 2) if one is missing.
 */
export function wordsOf(words: readonly string[], environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (words.length !== 1 || words[0] !== "work") return words;
  const of = (name: string): string => environment[name]?.trim() ?? "";
  const missing = ["WARREN_SYSTEM", "WARREN_SERVICE"].filter((name) => of(name) === "");
  if (missing.length > 0)
    throw new WarrenError(`Nothing says what is to run: ${missing.join(" and ")} not set, and no arguments are given.`, {
      remedy: "set them: WARREN_SYSTEM=debias WARREN_SERVICE=neo4j-worker; or give arguments: work debias --service neo4j-worker",
      exitCode: 2,
    });
  const handlers = of("WARREN_HANDLERS");
  return ["work", of("WARREN_SYSTEM"), "--service", of("WARREN_SERVICE"), ...(handlers === "" ? [] : ["--handlers", handlers])];
}

/** Of each collection of the store: a load may go on for weeks. */
const KEPT = 10_000;

/** The store of the dev stack's workers, in memory, until a signal. It has what the samples of a load speak of. */
async function store(): Promise<void> {
  const [{ storeServer }, { sampleRecords }] = await Promise.all([
    import("../workers/reference/stores/index.js"),
    import("../workers/reference/samples.js"),
  ]);
  const serving = await storeServer({ host: "0.0.0.0", port: 7001, keep: KEPT, records: sampleRecords });
  process.stdout.write(`${serving.url}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void serving.close());
}

/** The process: its arguments, its output, its end. */
export async function main(version: string): Promise<void> {
  if (process.argv[2] === "store" && process.argv.length === 3) return store();
  try {
    process.argv.splice(2, Infinity, ...wordsOf(process.argv.slice(2), process.env));
  } catch (error) {
    if (!(error instanceof WarrenError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
    return;
  }
  await startProgram({
    verbs: VERBS,
    version,
    description:
      "A worker of a RabbitMQ topology: it consumes and publishes what the topology says of its service. Without arguments the image runs `work` by its " +
      "environment: WARREN_SYSTEM (a system's name, or a file), WARREN_SERVICE, and WARREN_HANDLERS (a file of JavaScript) for handlers of one's own.",
    example: "warren work debias --service neo4j-worker",
  });
}
