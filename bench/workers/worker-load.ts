/** What Warren's worker is asked for beyond speed: its memory after a while of work, and DEBIAS's events through one worker and through five. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { debias } from "../../topology/systems/debias.js";
import type { BenchBroker } from "./broker.js";
import { median } from "./figures.js";
import { PREFETCH, WINDOW } from "./measure.js";
import type { Command } from "./peers.js";
import { ClientProcess } from "./process.js";
import type { Task } from "./task.js";

export interface Memory {
  readonly client: string;
  /** Messages a second that were asked for; 0 is as many as the confirms let. */
  readonly rate: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Median of the last third, and the most that was seen. */
  readonly steadyMb: number;
  readonly peakMb: number;
}

/** A process that publishes, and consumes what it publishes. */
export async function memory(
  client: string,
  command: Command,
  broker: BenchBroker,
  { rate, seconds }: Pick<Memory, "rate" | "seconds">,
): Promise<Memory> {
  await broker.fresh("work", "quorum");
  const task: Task = {
    ...{ role: "both", url: broker.url(), queue: "work", queueType: "quorum", bytes: 100, window: WINDOW, prefetch: PREFETCH },
    ...{ concurrency: 1, rate, messages: 0, warmUpMs: 1000, measureMs: seconds * 1000 },
  };
  const process = ClientProcess.start(client, command, task);
  const seen: number[] = [];
  const look = setInterval(() => {
    const mb = residentMb(process.pid);
    if (mb !== undefined) seen.push(mb);
  }, 250);
  try {
    const { perSecond } = await process.result;
    return { client, rate, seconds, perSecond, steadyMb: median(seen.slice(-Math.ceil(seen.length / 3))), peakMb: Math.max(...seen) };
  } finally {
    clearInterval(look);
    process.kill();
    await broker.drop("work");
  }
}

function residentMb(pid: number | undefined): number | undefined {
  try {
    const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kb === undefined ? undefined : (Number(kb) * 1024) / 1e6;
  } catch {
    return undefined;
  }
}

export interface Load {
  readonly workers: number;
  /** Handlers at a time in each worker; 0 is the library's own default. */
  readonly concurrency: number;
  /** Events a second: those that were published, and those that came through. */
  readonly offered: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Percent of a core: the busiest worker, all workers, the publisher, the broker. */
  readonly worstWorkerCpu: number;
  readonly workersCpu: number;
  readonly publisherCpu: number;
  readonly brokerCpu: number;
  /** Of the largest worker. */
  readonly rssMb: number;
}

/** By default: what is asked for. One at a time: what a handler of 1 ms leaves, offered somewhat more than can be done. */
const LOADS = [
  { workers: 1, concurrency: 0, rate: 1000 },
  { workers: 5, concurrency: 0, rate: 5000 },
  { workers: 1, concurrency: 1, rate: 1200 },
  { workers: 5, concurrency: 1, rate: 6000 },
] as const;

/** Events for both databases, with one or five workers of one of them; the other's queue only fills. */
export async function debiasLoads(
  program: Command,
  broker: BenchBroker,
  measureMs: number,
  say: (text: string) => void,
): Promise<readonly Load[]> {
  await broker.provision(debias);
  const found: Load[] = [];
  for (const { workers, concurrency, rate } of LOADS) {
    for (const queue of ["events.neo4j", "events.qdrant"]) await broker.purge(debias.name, queue);
    const task: Task = {
      ...{ role: "consume", url: broker.url(debias.name), queue: "events.neo4j", queueType: "quorum", bytes: 100, window: WINDOW },
      ...{ prefetch: PREFETCH, concurrency, rate: 0, messages: 0, warmUpMs: 1500, measureMs },
    };
    const consumers = Array.from({ length: workers }, () => ClientProcess.start("warren", program, task));
    let publisher: ClientProcess | undefined;
    try {
      await Promise.all(consumers.map(({ ready }) => ready));
      publisher = ClientProcess.start("warren", program, { ...task, role: "publish", rate, measureMs: measureMs + 1500 });
      await publisher.ready;
      await sleep(task.warmUpMs);
      const [before, began] = [await broker.cpuMicros(), performance.now()];
      const results = await Promise.all(consumers.map(({ result }) => result));
      const [after, ended] = [await broker.cpuMicros(), performance.now()];
      const published = await publisher.result;
      const cpu = results.map(({ perSecond, cpuMicrosPerMessage }) => (perSecond * cpuMicrosPerMessage) / 1e4);
      const load: Load = {
        ...{ workers, concurrency, offered: published.perSecond, perSecond: sum(results.map(({ perSecond }) => perSecond)) },
        ...{ p50: median(results.map(({ p50 }) => p50)), p99: Math.max(...results.map(({ p99 }) => p99)) },
        ...{
          worstWorkerCpu: Math.max(...cpu),
          workersCpu: sum(cpu),
          publisherCpu: (published.perSecond * published.cpuMicrosPerMessage) / 1e4,
        },
        ...{ brokerCpu: (after - before) / (ended - began) / 10, rssMb: Math.max(...results.map(({ rssMb }) => rssMb)) },
      };
      say(`  ${workers} worker(s), ${concurrency || "default"} at a time: ${load.perSecond.toFixed(0)}/s of ${load.offered.toFixed(0)}/s`);
      found.push(load);
    } finally {
      for (const one of [...consumers, publisher]) one?.kill();
    }
  }
  return found;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
