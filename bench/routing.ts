/**
 * What the routing model costs: routings a second over 10,000 bindings, beside matching every binding one by one.
 * `npm run bench:routing -- --help` says how to run it.
 */
import { cpus } from "node:os";
import { Command } from "commander";
import type { PlannedBinding } from "../topology/compile/plan.js";
import { router } from "../topology/routing.js";
import { naiveRoute } from "./naive-routing.js";
import { routingSample, type RoutedMessage } from "./routing-sample.js";

/** What the model has to do in a second. */
const LIMIT = 100_000;

const options = new Command("npm run bench:routing --")
  .description("Measures the routing model over many bindings, beside a peer that matches every binding one by one, in one run.")
  .option("--bindings <number>", "bindings in all", "10000")
  .option("--seconds <number>", "how long each is measured", "3")
  .option("--json", "print JSON")
  .addHelpText("after", "\nExample:\n  npm run bench:routing -- --bindings 1000 --json")
  .parse()
  .opts<{ bindings: string; seconds: string; json?: boolean }>();

function positive(name: string, text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new Error(`--${name} takes a number above 0, not ${JSON.stringify(text)}`);
}

type Route = (message: RoutedMessage) => readonly string[];

/** Routings in a second of this process's CPU, which other processes do not use up, after a second of warming up. */
function measure(route: Route, messages: readonly RoutedMessage[], seconds: number): number {
  const spin = (length: number): number => {
    let done = 0;
    const began = process.cpuUsage();
    const spent = (): number => {
      const { user, system } = process.cpuUsage(began);
      return (user + system) / 1e6;
    };
    // Small steps, so that a slow one does not run far over its time.
    while (spent() < length) for (let step = 0; step < 20; step++) route(messages[done++ % messages.length] as RoutedMessage);
    return done / spent();
  };
  spin(Math.min(1, seconds));
  return spin(seconds);
}

function row(what: string, kind: string | undefined, sample: ReturnType<typeof routingSample>, seconds: number) {
  const messages = kind === undefined ? sample.messages : sample.messages.filter((message) => message.kind === kind);
  const model = router(sample.plan);
  const route: Route = ({ exchange, key, headers }) => model.route(exchange, key, { headers }).queues;
  const naive = naiveRoute(sample.plan);
  let queues = 0;
  for (const message of messages.slice(0, 200)) {
    const [one, other] = [[...route(message)].sort(), [...naive(message)].sort()];
    if (one.join() !== other.join()) throw new Error(`the peer disagrees at ${JSON.stringify(message)}: ${one.join()} / ${other.join()}`);
    queues += one.length;
  }
  const [mine, peer] = [measure(route, messages, seconds), measure(naive, messages, seconds)];
  return {
    what,
    queues: queues / Math.min(200, messages.length),
    perSecond: Math.round(mine),
    ofLimit: mine / LIMIT,
    peer: Math.round(peer),
    ofPeer: mine / peer,
  };
}

function main(): void {
  const [bindings, seconds] = [positive("bindings", options.bindings), positive("seconds", options.seconds)];
  const sample = routingSample(bindings);
  const began = process.hrtime.bigint();
  router(sample.plan).route("orders", "");
  const prepared = Number(process.hrtime.bigint() - began) / 1e6;
  const rows = [
    row("the mix", undefined, sample, seconds),
    ...["topic", "direct", "headers", "through exchanges"].map((kind) => row(kind, kind, sample, seconds / 3)),
  ];
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  const total = (sample.plan.bindings satisfies readonly PlannedBinding[]).length;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ version: 1, machine, bindings: total, limit: LIMIT, preparedMs: prepared, rows }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(`\n${machine}; ${total} bindings, prepared in ${prepared.toFixed(0)} ms\n\n`);
  process.stdout.write(
    `${"".padEnd(20)}${"queues".padStart(8)}${"routings/s".padStart(12)}  × ${LIMIT}/s${"one by one/s".padStart(14)}  × one by one\n`,
  );
  for (const { what, queues, perSecond, ofLimit, peer, ofPeer } of rows) {
    process.stdout.write(
      `${what.padEnd(20)}${queues.toFixed(1).padStart(8)}${String(perSecond).padStart(12)}${ofLimit.toFixed(2).padStart(12)}${String(peer).padStart(14)}${ofPeer.toFixed(0).padStart(14)}\n`,
    );
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
