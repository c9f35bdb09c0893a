/**
 * What the worker library costs beside its peers: publishing, consuming, both at once, requests; memory, and DEBIAS's load.
 * `npm run bench:workers -- --help` says how to run it.
 */
import { Command, InvalidArgumentError } from "commander";
import { cpus, totalmem } from "node:os";
import { BenchBroker } from "./workers/broker.js";
import { clientNames, getClients, memoryCases } from "./workers/clients.js";
import { Table } from "./workers/figures.js";
import { goals } from "./workers/goals.js";
import { measure, nameOf, PACE, taskNames, type Cell, type Times } from "./workers/measure.js";
import { markdown, type Report } from "./workers/report.js";
import { debiasLoads, memory, type Load, type Memory } from "./workers/worker-load.js";

const allTasks = [...taskNames, "memory", "debias"];
const QUEUES = ["quorum", "classic"] as const;
const SIZES = [1, 100, 1024, 16_384];

const among =
  (allowed: readonly string[]) =>
  (text: string): readonly string[] => {
    const names = text.split(",").map((name) => name.trim());
    const wrong = names.find((name) => !allowed.includes(name));
    if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is none; allowed: ${allowed.join(", ")}`);
    return names;
  };

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("give a whole number from 1 on");
  return number;
}

const options = new Command("npm run bench:workers --")
  .description(
    "Measures the worker beside other clients on one broker of its own: rounds in which each runs once, in another order each time.",
  )
  .option("--rounds <number>", "rounds", positive)
  .option("--quick", "one short round of 100 B on a quorum queue: about three minutes")
  .option("--only <clients>", `clients, with commas between: ${clientNames.join(", ")}`, among(clientNames))
  .option("--task <tasks>", `tasks: ${allTasks.join(", ")}`, among(allTasks))
  .option("--queue <types>", "types of queues: quorum, classic", among(QUEUES))
  .option("--bytes <sizes>", "sizes of bodies: 1, 100, 1024, 16384", among(SIZES.map(String)))
  .option("--markdown", "print Markdown, for bench/README.md (the default)")
  .option("--json", "print JSON, each round by itself")
  .addHelpText("after", "\nExample:\n  npm run bench:workers -- --only warren,amqplib --task publish,consume --rounds 5")
  .parse()
  .opts<{
    rounds?: number;
    quick?: boolean;
    only?: readonly string[];
    task?: readonly string[];
    queue?: readonly string[];
    bytes?: readonly string[];
    markdown?: boolean;
    json?: boolean;
  }>();

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Sizes are for publishing and consuming; the others are measured with 100 B. */
function cells(tasks: readonly string[], queues: readonly string[], sizes: readonly number[]): readonly Cell[] {
  return taskNames
    .filter((task) => tasks.includes(task))
    .flatMap((task): readonly Cell[] => {
      if (task === "rpc") return [{ task, queueType: "classic", bytes: 100 }];
      return QUEUES.filter((type) => queues.includes(type)).flatMap((queueType) =>
        (task === "publish" || task === "consume" ? sizes : [100]).map((bytes) => ({ task, queueType, bytes })),
      );
    });
}

async function main(): Promise<void> {
  const { quick = false, only = clientNames, task = allTasks } = options;
  const rounds = options.rounds ?? (quick ? 1 : 3);
  const times: Times = quick ? { warmUpMs: 400, measureMs: 700 } : { warmUpMs: 500, measureMs: 1000 };
  const queues = options.queue ?? (quick ? ["quorum"] : QUEUES);
  const sizes = (options.bytes ?? (quick ? ["100"] : SIZES)).map(Number);
  const began = performance.now();
  const { clients, missing, program, remove } = await getClients(only, say);
  let broker: BenchBroker | undefined;
  const end = (): void => {
    remove();
    broker?.removeNow();
  };
  process.once("exit", end);
  try {
    say("starting a broker");
    broker = await BenchBroker.start();
    const table = new Table();
    const plan = cells(task, queues, sizes);
    const orders = clients.map((_, first) => [...clients.slice(first), ...clients.slice(0, first)]);
    for (let round = 0; round < rounds; round++)
      for (const [at, cell] of plan.entries()) {
        say(`round ${round + 1} of ${rounds}, ${nameOf(cell)} (${Math.round((performance.now() - began) / 1000)} s)`);
        // Another one is first in each round and each cell.
        for (const client of orders[(round + at) % orders.length] ?? [])
          try {
            for (const [name, figures] of await measure(client, cell, broker, times)) {
              table.add(name, client.name, round, figures);
              say(`  ${client.name.padEnd(24)} ${figures.perSecond.toFixed(0).padStart(8)}/s  p99 ${figures.p99.toFixed(2)} ms`);
            }
          } catch (error) {
            say(`  ${client.name.padEnd(24)} failed: ${(error as Error).message}`);
          }
      }
    const memories: Memory[] = [];
    if (task.includes("memory"))
      for (const [name, command] of memoryCases(clients))
        for (const rate of [PACE, 0]) {
          say(`memory of ${name}, ${rate > 0 ? `${rate} messages/s` : "as fast as it can"}`);
          memories.push(await memory(name, command, broker, { rate, seconds: quick ? 8 : 30 }));
        }
    let loads: readonly Load[] = [];
    if (task.includes("debias") && only.includes("warren")) {
      say("DEBIAS");
      loads = await debiasLoads(program("debias"), broker, quick ? 2000 : 8000, say);
    }
    const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, RabbitMQ ${broker.version}`;
    const reached = goals(table, memories, loads);
    const report: Report = { machine, rounds, clients, missing, table, memories, loads, goals: reached };
    const { table: figures } = report;
    const versions = Object.fromEntries(clients.map(({ name, version }) => [name, version]));
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ version: 1, machine, rounds, versions, missing: Object.fromEntries(missing), figures, memories, loads, goals: reached }, null, 2)}\n`
        : `${markdown(report)}\n`,
    );
    for (const { what, wanted, found, reached: is } of reached) say(`${is ? "reached    " : "not reached"}  ${what}: ${found} (${wanted})`);
    say(`${Math.round((performance.now() - began) / 1000)} s in all`);
  } finally {
    process.removeListener("exit", end);
    remove();
    await broker?.remove();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
