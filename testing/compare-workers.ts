/** `npm run compare:workers`: holds every trial of `workers/faults` with every client, and writes docs/workers-comparison.md. */
import { Command } from "commander";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { format, resolveConfig } from "prettier";
import { aloneGround, clusterGround, type Ground } from "../workers/faults/ground.js";
import type { Outcome } from "../workers/faults/bout.js";
import { bundleChild } from "../workers/faults/run.js";
import { scenarios, type Scenario } from "../workers/faults/scenarios.js";
import type { Subject } from "../workers/faults/subject.js";
import { subjectNames, subjectOf } from "../workers/faults/subjects/index.js";
import { cell, page, type Contestant, type Measured } from "../workers/faults/table.js";
import { trial } from "../workers/faults/trial.js";
import { BreakableBroker } from "./breakable-broker.js";
import { TestCluster } from "./cluster.js";

const CHECKOUT = join(__dirname, "..");
const PAGE = join(CHECKOUT, "docs/workers-comparison.md");

const list = (text: string): string[] => text.split(";").map((one) => one.trim());
const options = new Command("npm run compare:workers --")
  .description("Breaks the network, the broker and the handlers under each client library, and counts what becomes of the messages.")
  .option("--scenarios <names>", "these alone, separated by semicolons; the page is then not written", list)
  .option("--clients <names>", "these alone, separated by semicolons; the page is then not written", list)
  .option("--at-once <clients>", "clients that share a trial: fewer take longer and disturb each other less", "4")
  .option("--json", "print the outcomes as JSON too")
  .addHelpText(
    "after",
    "\nNeeds Docker: a broker of its own is killed and brought into distress, and a cluster of three for two of the trials.\n" +
      "Exit codes: 0 all trials were held, 1 an error.\n\nExample:\n  npm run compare:workers -- --scenarios 'cut;broker killed' --clients 'warren;rascal'",
  )
  .parse()
  .opts<{ scenarios?: string[]; clients?: string[]; atOnce: string; json?: true }>();

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[] | undefined,
  option: string,
): readonly T[] {
  for (const name of names ?? [])
    if (!all.some((one) => one.name === name))
      throw new Error(`--${option}: ${JSON.stringify(name)} is none; allowed: ${all.map((one) => one.name).join("; ")}`);
  return all.filter(({ name }) => names?.includes(name) ?? true);
}

/** Reads the package's own file: not every package lets itself be asked. */
function version(module: string): string {
  const own = module === "warren" ? CHECKOUT : join(CHECKOUT, "node_modules", module);
  return (JSON.parse(readFileSync(join(own, "package.json"), "utf8")) as { version: string }).version;
}

async function main(): Promise<void> {
  const all = await Promise.all(subjectNames.map((name) => subjectOf(name)));
  const subjects = chosen(all, options.clients, "clients");
  const held = chosen(scenarios, options.scenarios, "scenarios");
  const atOnce = Number(options.atOnce);
  if (!Number.isSafeInteger(atOnce) || atOnce < 1)
    throw new Error(`--at-once takes a whole number from 1, not ${JSON.stringify(options.atOnce)}`);
  const child = await bundleChild();
  const measured: Measured[] = [];
  let broker: string | undefined;
  const hold = async (ground: Ground, these: readonly Scenario[]): Promise<void> => {
    broker ??= ((await ground.api("GET", "/api/overview")) as { readonly rabbitmq_version: string }).rabbitmq_version;
    for (const scenario of these) {
      const outcomes: Outcome[] = [];
      for (let from = 0; from < subjects.length; from += atOnce)
        outcomes.push(...(await heldWith(ground, scenario, subjects.slice(from, from + atOnce), child.file)));
      measured.push({ scenario, outcomes });
    }
  };
  try {
    const alone = held.filter(({ needs }) => needs === undefined);
    if (alone.length > 0) {
      const one = await BreakableBroker.start();
      await hold(aloneGround(one), alone).finally(() => one.remove());
    }
    const clustered = held.filter(({ needs }) => needs === "cluster");
    if (clustered.length > 0) {
      const three = await TestCluster.start();
      await hold(clusterGround(three), clustered).finally(() => three.remove());
    }
  } finally {
    child.remove();
  }
  const unheld = measured.filter(({ outcomes }) => outcomes.length < subjects.length);
  if (unheld.length > 0) throw new Error(`Not held: ${unheld.map(({ scenario }) => scenario.name).join("; ")}. The page is not written.`);
  if (options.json) process.stdout.write(`${JSON.stringify({ version: 1, measured }, null, 2)}\n`);
  const contestants = subjects.map(({ name, module, settings }): Contestant => ({ name, version: version(module), settings }));
  const ground = `RabbitMQ ${broker}, Node.js ${process.versions.node}, ${cpus().length} cores that the broker shares`;
  if (options.scenarios ?? options.clients) return;
  writeFileSync(PAGE, await format(page(measured, contestants, ground), { ...(await resolveConfig(PAGE)), parser: "markdown" }));
  process.stderr.write(`written: docs/${PAGE.slice(dirname(PAGE).length + 1)}\n`);
}

/** A trial that could not be held at all is held once more: a machine may be too busy to start processes in time. */
async function heldWith(ground: Ground, scenario: Scenario, subjects: readonly Subject[], child: string): Promise<readonly Outcome[]> {
  const began = Date.now();
  const once = (): Promise<readonly Outcome[]> => trial(ground, scenario, subjects, child);
  const told = (error: unknown): void => void process.stderr.write(`${scenario.name}: ${String(error)}\n`);
  const outcomes = await once()
    .catch((error: unknown) => {
      told(error);
      return once();
    })
    .catch((error: unknown) => {
      told(error);
      return [];
    });
  process.stderr.write(`${scenario.name}, ${Math.round((Date.now() - began) / 1000)} s\n`);
  for (const outcome of outcomes) process.stderr.write(`  ${outcome.subject.padEnd(24)} ${cell(outcome).replaceAll("<br>", ", ")}\n`);
  return outcomes;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
