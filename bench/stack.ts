/**
 * The dev stack complete: how long until it is ready, what its parts use, and what scraping 1,000 queues costs.
 * `npm run bench:stack -- --help` says how to run it.
 */
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { Management } from "../broker/index.js";
import { monitoring } from "../monitoring/index.js";
import { configWords, docker, StackRun } from "../testing/stack-run.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import type { Topology } from "../topology/model.js";

const options = new Command("npm run bench:stack --")
  .description("Measures the dev stack of three nodes with monitoring, workers and load: time to ready, memory, and scraping many queues.")
  .option("--system <name>", "the system that runs in it", "contextiq")
  .option("--queues <count>", "queues that are scraped, half of them quorum queues", "1000")
  .option("--settle <seconds>", "time under load before memory is read", "60")
  .option("--json", "print JSON")
  .addHelpText(
    "after",
    "\nThe images have to be there: npm run up -- --monitoring --workers once.\n\nExample:\n  npm run bench:stack -- --queues 500",
  )
  .parse()
  .opts<{ system: string; queues: string; settle: string; json?: boolean }>();

const PORTS = {
  ...{ amqpPort: 5770, managementPort: 15770, metricsPort: 15870, amqpsPort: 5769, httpsPort: 15769 },
  ...{ prometheusPort: 9490, alertmanagerPort: 9493 },
} as const;
const NODES = 3;
/** The machine that everything has to run on. MB. */
const LIMIT_MB = 8192;
/** As the dev stack and Prometheus have it. Seconds. */
const INTERVAL = 15;
const SCRAPES = 10;

type Table = readonly (readonly string[])[];
const rows: Record<"ready" | "memory" | "scraping", string[][]> = { ready: [], memory: [], scraping: [] };
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function timed<T>(work: () => Promise<T>): Promise<readonly [seconds: number, value: T]> {
  const began = performance.now();
  const value = await work();
  return [(performance.now() - began) / 1000, value];
}

/** What a container has used, as the machine counts it: images of workers have no shell to ask in. Milliseconds of CPU. */
function cpuOf(container: string): number {
  const [pid = ""] = docker("inspect", "--format", "{{.State.Pid}}", container);
  const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8");
  const old = /^\d+:(?:[^:]*,)?cpuacct(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  if (old !== undefined) return Number(readFileSync(`/sys/fs/cgroup/cpuacct${old}/cpuacct.usage`, "utf8")) / 1e6;
  const unified = /^0::(.*)$/m.exec(groups)?.[1] ?? "";
  return Number(/^usage_usec (\d+)/m.exec(readFileSync(`/sys/fs/cgroup${unified}/cpu.stat`, "utf8"))?.[1]) / 1000;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function ready(run: StackRun): Promise<void> {
  const plain = ["--system", options.system, "--nodes", "1", "--no-monitoring", "--no-workers", "--no-load", ...configWords(PORTS)];
  const whole = ["--system", options.system, "--nodes", String(NODES), "--monitoring", "--workers", "--load"];
  let first = 0;
  const row = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const [seconds] = await timed(work);
    first ||= seconds;
    rows.ready.push([what, seconds.toFixed(0), `${(seconds / first).toFixed(1)} ×`]);
    say(`  ${what}: ${seconds.toFixed(0)} s`);
  };
  // The tools, which are no part of the stack, are looked for once before.
  await run.clone.npm("preview", "--", ...plain);
  await row("one node alone, from nothing", () => run.clone.up(...plain));
  await run.clone.npm("down");
  await row(`complete (${NODES} nodes, monitoring, workers, load), from nothing`, () => run.clone.up(...whole));
  await row("complete, again, nothing changed", () => run.clone.up());
  const containers = docker("ps", "--quiet", "--filter", `label=warren.stack=${run.stack}`);
  docker("stop", "-t", "30", ...containers);
  await row("complete, after all containers were stopped", () => run.clone.up());
}

async function memory(run: StackRun): Promise<void> {
  await sleep(Number(options.settle) * 1000);
  const used = [...run.memory()].sort(([a], [b]) => (a < b ? -1 : 1));
  const total = used.reduce((sum, [, mb]) => sum + mb, 0);
  const share = (mb: number): string => `${((100 * mb) / LIMIT_MB).toFixed(1)} %`;
  for (const [name, mb] of used) rows.memory.push([name, String(mb), share(mb)]);
  rows.memory.push([`all ${used.length}`, String(total), share(total)]);
  say(`  ${used.length} containers: ${total} MB`);
}

/** Half of them quorum queues, each with a limit. */
const many = (count: number): Topology => ({
  name: "many",
  exchanges: { many: { type: "topic" } },
  queues: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `queue-${index}`,
      { type: index % 2 === 0 ? ("quorum" as const) : ("classic" as const), from: { many: `key.${index}` }, maxLength: 1000 },
    ]),
  ),
});

async function scraping(run: StackRun): Promise<void> {
  const count = Number(options.queues);
  const installation = { topologies: [many(count)] };
  const management = new Management({
    ...{ endpoint: `http://127.0.0.1:${PORTS.managementPort}`, username: "warren", password: run.clone.password },
  });
  await management.importDefinitions({ ...definitions(compileInstallation(installation)) });
  await management.close();
  say(`  ${count} queues are made`);
  // Quorum queues elect their leaders, and counters are collected once.
  await sleep(15_000);
  const [, detailed] = monitoring(installation, { nodes: [`127.0.0.1:${PORTS.metricsPort}`] }).scrape;
  const query = new URLSearchParams(
    Object.entries(detailed?.params ?? {}).flatMap(([key, values]) => values.map((value): [string, string] => [key, value])),
  ).toString();
  const paths = [
    ["/metrics/per-object: everything of every object", "/metrics/per-object"],
    ["what Warren scrapes: /metrics/detailed, its families, one vhost", `/metrics/detailed?${query}`],
    ["what Warren scrapes: /metrics", "/metrics"],
  ] as const;
  const node = `${run.prefix}-broker-0`;
  const idle = async (ms: number): Promise<number> => {
    const before = cpuOf(node);
    await sleep(ms);
    return (cpuOf(node) - before) / ms;
  };
  const base = await idle(10_000);
  let first: { ms: number; cpu: number; bytes: number } | undefined;
  for (const [what, path] of paths) {
    const times: number[] = [];
    let bytes = 0;
    const before = cpuOf(node);
    const began = performance.now();
    for (let scrape = 0; scrape < SCRAPES; scrape++) {
      const [seconds, text] = await timed(async () => (await fetch(`http://127.0.0.1:${PORTS.metricsPort}${path}`)).text());
      times.push(seconds * 1000);
      bytes = text.length;
    }
    const cpu = Math.max(0, cpuOf(node) - before - base * (performance.now() - began)) / SCRAPES;
    const one = { ms: median(times), cpu, bytes };
    first ??= one;
    rows.scraping.push([
      what,
      one.ms.toFixed(0),
      one.cpu.toFixed(0),
      (one.bytes / 1000).toFixed(0),
      `${(one.cpu / first.cpu).toFixed(2)} ×`,
      `${((100 * one.cpu) / (INTERVAL * 1000)).toFixed(2)} %`,
    ]);
    say(`  ${what}: ${one.ms.toFixed(0)} ms, ${one.cpu.toFixed(0)} ms of CPU, ${(one.bytes / 1000).toFixed(0)} kB`);
  }
  const exporter = cpuOf(`${run.prefix}-exporter`);
  await sleep(30_000);
  rows.scraping.push(["the exporter, all it does, in 15 s", "", ((cpuOf(`${run.prefix}-exporter`) - exporter) / 2).toFixed(0), "", "", ""]);
}

const table = (head: readonly string[], body: Table): string =>
  [head, head.map((_, column) => (column === 0 ? "---" : "--:")), ...body].map((row) => `| ${row.join(" | ")} |`).join("\n");

async function main(run: StackRun): Promise<void> {
  say("time to ready");
  await ready(run);
  say("memory");
  await memory(run);
  say("scraping");
  await scraping(run);
  if (options.json) return console.log(JSON.stringify(rows, null, 2));
  console.log(
    [
      `${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}; system ${options.system}.`,
      table(["until it is ready", "seconds", "to one node alone"], rows.ready),
      table(["container, under load", "MB", "of 8 GiB"], rows.memory),
      table(
        [
          `one scrape of a node, ${options.queues} queues`,
          "ms",
          "ms of its CPU",
          "kB",
          "CPU to per-object",
          `of one core, every ${INTERVAL} s`,
        ],
        rows.scraping,
      ),
    ].join("\n\n"),
  );
}

process.env["WARREN_STACK"] ??= "bench-stack";
StackRun.hold(PORTS, main);
