/**
 * The five systems one after another in one stack (3 nodes, monitoring, workers, load), each complete: every worker gets work and does it, nothing
 * dies, nothing alarms, nothing differs from the code, and all of it fits in 8 GiB. Words are
 * the systems to run, else all; `--all` runs all five at once as well. Exits 0 if so.
 */
import assert from "node:assert/strict";
import { Management, settle, type WireCounts } from "../broker/index.js";
import { jobsOf } from "../docker/worker-jobs.js";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { configWords, docker, StackRun } from "./stack-run.js";

const PORTS = {
  ...{ amqpPort: 5780, managementPort: 15780, metricsPort: 15880, amqpsPort: 5779, httpsPort: 15779 },
  ...{ prometheusPort: 9390, alertmanagerPort: 9393 },
} as const;
const NODES = 3;
const MAX_MB = 8192;
/** Of the load, that each worker has to handle before its system counts as complete. */
const HANDLED = 20;

interface Row {
  readonly system: string;
  readonly seconds: number;
  readonly targets: number;
  readonly handled: number;
  readonly megabytes: number;
  readonly nodes: number;
  readonly workers: number;
  readonly monitoring: number;
}

const jobs = (names: readonly string[]) =>
  jobsOf(
    names.map((name) => systems[name] as Topology),
    1,
    0,
  ).workers;

/** A Prometheus that was replaced does not say that an alert of the one before it is over: Alertmanager lets it go after four minutes. */
const FORGOTTEN_MS = 5 * 60_000;

/** What is not as it should be with the stack's containers. */
function unwell(run: StackRun): string[] {
  const ids = docker("ps", "--all", "--quiet", "--filter", `label=warren.stack=${run.stack}`);
  const format =
    "{{.Name}} {{.State.Status}} restarts={{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}";
  return docker("inspect", "--format", format, ...ids).filter((line) => !line.endsWith(" running restarts=0 healthy"));
}

/** Waits until nothing is returned any more, and else throws with it. */
async function none(run: StackRun, what: string, wrong: () => Promise<readonly string[]> | readonly string[], ms?: number): Promise<void> {
  let found: readonly string[] = [];
  try {
    await run.until(what, async () => (found = await wrong()).length === 0, ms);
  } catch (error) {
    throw new Error(`${what}: ${found.join("; ")}`, { cause: error });
  }
}

/** Messages that each worker has handled, by its container. */
const handled = async (run: StackRun, system: string): Promise<Map<string, number>> =>
  new Map(
    (await run.ask(`sum by (instance) (warren_worker_outcomes_total{topology="${system}",outcome="ack"})`)).map(({ metric, value }) => [
      (metric["instance"] ?? "").replace(`${run.prefix}-`, "").replace(/:\d+$/, ""),
      Number(value[1]),
    ]),
  );

async function countsOf(run: StackRun, system: string): Promise<readonly WireCounts[]> {
  const endpoint = `http://127.0.0.1:${PORTS.managementPort}`;
  const management = new Management({ endpoint, username: "warren", password: run.clone.password });
  try {
    return await management.counts(system);
  } finally {
    await management.close();
  }
}

const holding = (queues: readonly WireCounts[]): string[] =>
  queues.filter(({ messages }) => messages !== 0).map(({ name, messages }) => `${name} holds ${messages}`);

async function deadLetters(run: StackRun, system: string): Promise<string[]> {
  const queues = await countsOf(run, system);
  const dead = new Set(Object.values((systems[system] as Topology).services ?? {}).flatMap(({ manages = [] }) => manages));
  const found = queues.filter(({ name }) => dead.has(name));
  assert.equal(found.length, dead.size, `dead-letter queues of ${system}`);
  return holding(found);
}

/**
 * Takes away what publishes, and waits until all is handled: queues with messages are not deleted. As `up --no-load` would, which takes a minute;
 * the next `up` sees that these containers are gone.
 */
async function drained(run: StackRun, system: string): Promise<void> {
  docker("rm", "--force", ...docker("ps", "--format", "{{.Names}}", "--filter", `name=${run.prefix}-${system}-load`));
  await settle((await countsOf(run, system)).map(({ type }) => type));
  await none(run, "queues are empty", async () => holding(await countsOf(run, system)));
}

async function nothingDied(run: StackRun, system: string): Promise<void> {
  const dead = await deadLetters(run, system);
  // While all of it starts on few cores, a store may answer too late: that is tried again.
  const lost = await run.ask(
    `sum by (service, queue, outcome) (warren_worker_outcomes_total{topology="${system}",outcome!~"ack|retry"}) > 0`,
  );
  if (dead.length + lost.length === 0) return;
  const outcomes = lost.map(({ metric, value }) => `${JSON.stringify(metric)} ${value[1]}`);
  const { output } = await run.clone.warren("dlq", "list", system);
  throw new Error(`messages of ${system} died: ${[...dead, ...outcomes].join("; ")}\n${output}`);
}

/** Alerts, with their virtual host. Of a system that is gone Prometheus has the last samples for five minutes: longer than alerts wait here. */
async function alarms(run: StackRun, names: readonly string[]): Promise<string[]> {
  const gone = Object.keys(systems).filter((name) => !names.includes(name));
  return [...(await run.firing("vhost"))].filter((alert) => alert.includes(" ") && !gone.includes(alert.split(" ")[1] ?? ""));
}

/** Every target up, every container well, no alert, nothing that differs from the code. */
async function settled(run: StackRun, names: readonly string[]): Promise<number> {
  const targets = 2 * NODES + jobs(names).length + 1;
  await run.targetsUp(targets);
  await none(run, "containers are well", () => unwell(run));
  const { code, output } = await run.clone.warren("drift", names.length === 1 ? (names[0] ?? "") : "all");
  assert.equal(code, 0, output);
  await none(run, "no alert", () => alarms(run, names), FORGOTTEN_MS);
  return targets;
}

function measured(run: StackRun, system: string, seconds: number, targets: number, count: number): Row {
  const memory = [...run.memory()];
  const sum = (which: RegExp): number => memory.reduce((all, [name, megabytes]) => all + (which.test(name) ? megabytes : 0), 0);
  const row: Row = {
    ...{ system, seconds: Math.round(seconds), targets, handled: count, megabytes: sum(/^/) },
    ...{ nodes: sum(/^broker-/), workers: sum(new RegExp(`^(store|${Object.keys(systems).join("|")})`)) },
    monitoring: sum(/^(prometheus|alertmanager|exporter|grafana)/),
  };
  assert.ok(row.megabytes > 0 && row.megabytes < MAX_MB, `${row.megabytes} MB`);
  const largest = memory.sort(([, one], [, other]) => other - one).slice(0, 3);
  run.tell(`${system}: ${JSON.stringify(row)}; largest: ${largest.map(([name, megabytes]) => `${name} ${megabytes}`).join(", ")}`);
  return row;
}

async function up(run: StackRun, ...words: string[]): Promise<number> {
  const began = Date.now();
  await run.clone.up(...words);
  const seconds = (Date.now() - began) / 1000;
  run.tell(`up ${words.join(" ").slice(0, 60)}: ${seconds.toFixed(0)} s`);
  return seconds;
}

async function one(run: StackRun, system: string, words: readonly string[]): Promise<Row> {
  const seconds = await up(run, "--system", system, "--load", ...words);
  const workers = jobs([system]).map(({ name }) => name);
  await none(run, "every worker handles messages", async () => {
    const counts = await handled(run, system);
    return workers.filter((name) => (counts.get(name) ?? 0) < HANDLED).map((name) => `${name}: ${counts.get(name) ?? 0}`);
  });
  // Before the alerts, of which one is enough to wait for minutes: they do not say which message it was.
  await nothingDied(run, system);
  const targets = await settled(run, [system]);
  await nothingDied(run, system);
  const counts = await handled(run, system);
  assert.deepEqual([...counts.keys()].sort(), workers.sort());
  const row = measured(
    run,
    system,
    seconds,
    targets,
    [...counts.values()].reduce((sum, each) => sum + each, 0),
  );
  assert.deepEqual(await alarms(run, [system]), []);
  return row;
}

async function main(run: StackRun): Promise<void> {
  const settings = { ...PORTS, scrapeInterval: 2, alertHold: 0.05 };
  const first = ["--nodes", String(NODES), "--monitoring", "--workers", ...configWords(settings)];
  const given = process.argv.slice(2).filter((word) => word in systems);
  const names = given.length > 0 ? given : Object.keys(systems);
  const rows: Row[] = [];
  for (const [index, system] of names.entries()) {
    rows.push(await one(run, system, index === 0 ? first : []));
    if (index < names.length - 1) await drained(run, system);
    else await up(run, "--no-load");
  }
  if (process.argv.includes("--all")) {
    const seconds = await up(run, "--all", "--no-load");
    rows.push(measured(run, "all", seconds, await settled(run, Object.keys(systems)), 0));
  }
  console.table(rows);
  // Without `--discard`: everything was handled.
  const { code, output } = await run.clone.npm("down");
  assert.equal(code, 0, output);
  assert.deepEqual(run.left(), []);
  run.tell("down");
}

StackRun.hold(PORTS, main);
