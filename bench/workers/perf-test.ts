/** Java's PerfTest: the same work by its own arguments, its rates read from what it prints each second. */
import { need } from "../../lab/command.js";
import { median } from "./figures.js";
import type { Command } from "./peers.js";
import type { Task } from "./task.js";

/** The Java virtual machine takes its time to warm up: the first interval does not count, the last one is not whole. */
const SECONDS = 5;

export interface Rates {
  readonly perSecond: number;
  /** Milliseconds from publishing to consuming, where it does both. */
  readonly p50: number;
  readonly p99: number;
}

/** `both`: a producer and a consumer in one virtual machine. */
export async function perfTest([program, ...before]: Command, task: Task, role: "publish" | "consume" | "both"): Promise<Rates> {
  const { url, queue, bytes, window, prefetch } = task;
  const said = await need("PerfTest", program, [
    ...before,
    ...["--id", "bench", "--uri", url, "--queue", queue, "--predeclared", "--interval", "1", "--time", `${SECONDS}`],
    ...["--producers", role === "consume" ? "0" : "1", "--consumers", role === "publish" ? "0" : "1"],
    ...["--confirm", `${window}`, "--flag", "persistent", "--size", `${bytes}`, "--qos", `${prefetch}`, "--use-millis"],
  ]);
  return ratesOf(said.stdout, role === "publish" ? "sent" : "received");
}

/** Reads lines such as `id: bench, time 2.000 s, sent: 24011 msg/s, received: 23999 msg/s, min/median/75th/95th/99th consumer latency: 1/21/25/30/33 ms`. */
export function ratesOf(text: string, what: "sent" | "received"): Rates {
  const lines = text.split("\n").filter((line) => line.includes(`${what}: `) && /\btime\b/.test(line));
  const counted = lines.length > 3 ? lines.slice(1, -1) : lines;
  const figure = (pattern: RegExp): number => {
    const found = counted.flatMap((line) => Number(pattern.exec(line)?.[1]?.replaceAll(",", "") ?? "NaN")).filter((one) => one > 0);
    return found.length === 0 ? 0 : median(found);
  };
  const perSecond = figure(new RegExp(`${what}: ([\\d.,]+) msg/s`));
  if (perSecond === 0) throw new Error(`PerfTest printed no rate:\n${text.slice(-500)}`);
  return {
    perSecond,
    p50: figure(/consumer latency: [\d.,]+\/([\d.,]+)\//),
    p99: figure(/consumer latency: (?:[\d.,]+\/){4}([\d.,]+)/),
  };
}
