/** The figures of a run as Markdown. */
import { BASELINE, type Client } from "./clients.js";
import type { Table } from "./figures.js";
import type { Goal } from "./goals.js";
import { CONCURRENCIES, PACE, PREFETCH, WINDOW } from "./measure.js";
import { LEAST_BYTES } from "./task.js";
import type { Load, Memory } from "./worker-load.js";

export interface Report {
  /** Cores, memory, Node, broker. */
  readonly machine: string;
  readonly rounds: number;
  readonly clients: readonly Client[];
  readonly missing: ReadonlyMap<string, string>;
  readonly table: Table;
  readonly memories: readonly Memory[];
  readonly loads: readonly Load[];
  readonly goals: readonly Goal[];
}

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const ms = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0));
const size = (bytes: number): string =>
  bytes < LEAST_BYTES ? `${bytes} B (${LEAST_BYTES})` : bytes < 1024 ? `${bytes} B` : `${bytes / 1024} kB`;
const or = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined || value === 0 ? "-" : format(value);

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n");
}

/** Rate of each cell of a task with its ratio to the baseline, then the costs in the first cell of 100 B. */
function rates({ table, clients }: Report, task: string, title: string): string {
  const cells = table.cells.filter((cell) => cell.startsWith(`${task} `));
  if (cells.length === 0) return "";
  const heads = cells.map((cell) => {
    const [, type = "", bytes = ""] = cell.split(" ");
    return `${type} ${size(Number(bytes))}`;
  });
  const costs = cells.find((cell) => cell.endsWith(" 100")) ?? cells[0] ?? "";
  const timed = task === "end-to-end";
  const rows = clients
    .filter(({ name }) => cells.some((cell) => table.median(cell, name, "perSecond") !== undefined))
    .map(({ name }) => [
      name,
      ...cells.map((cell) => {
        const ratio = table.ratio(cell, name, BASELINE, "perSecond");
        return or(table.median(cell, name, "perSecond"), whole) + (ratio === undefined ? "" : ` · ${ratio.toFixed(2)}`);
      }),
      ...(timed ? [or(table.median(costs, name, "p50"), ms), or(table.median(costs, name, "p99"), ms)] : []),
      or(table.median(costs, name, "cpu"), (value) => value.toFixed(1)),
      or(table.median(costs, name, "brokerCpu"), (value) => value.toFixed(1)),
      or(table.median(costs, name, "rssMb"), whole),
    ]);
  const head = ["client", ...heads, ...(timed ? ["p50 ms", "p99 ms"] : []), "client µs", "broker µs", "RSS MB"];
  return `${title}\n\n${grid(head, rows)}`;
}

function latencies({ table, clients }: Report): string {
  const cells = table.cells.filter((cell) => cell.startsWith("latency "));
  if (cells.length === 0) return "";
  const rows = clients
    .filter(({ name }) => cells.some((cell) => table.median(cell, name, "p50") !== undefined))
    .map(({ name }) => [
      name,
      ...cells.flatMap((cell) => [or(table.median(cell, name, "p50"), ms), or(table.median(cell, name, "p99"), ms)]),
    ]);
  const head = ["client", ...cells.flatMap((cell) => [`${cell.split(" ")[1]} p50 ms`, `${cell.split(" ")[1]} p99 ms`])];
  return `Latency from publisher to handler at ${whole(PACE)} messages/s, 100 B:\n\n${grid(head, rows)}`;
}

function requests({ table, clients }: Report): string {
  if (!table.cells.includes("rpc 1")) return "";
  const rows = clients
    .filter(({ name }) => table.median("rpc 1", name, "p50") !== undefined)
    .map(({ name }) => [
      name,
      ...CONCURRENCIES.flatMap((concurrency) => {
        const cell = `rpc ${concurrency}`;
        const ratio = table.ratio(cell, name, BASELINE, "p99");
        return [
          or(table.median(cell, name, "perSecond"), whole),
          or(table.median(cell, name, "p50"), ms),
          or(table.median(cell, name, "p99"), ms) + (ratio === undefined ? "" : ` · ${ratio.toFixed(2)}`),
        ];
      }),
    ]);
  const head = ["client", ...CONCURRENCIES.flatMap((one) => [`${one} at a time: /s`, "p50 ms", "p99 ms"])];
  return `Requests over direct reply-to, 100 B, a classic queue (rascal and PerfTest have none):\n\n${grid(head, rows)}`;
}

function loads({ loads, memories }: Report): string {
  const parts: string[] = [];
  if (memories.length > 0) {
    const rows = memories.map(({ client, rate, perSecond, steadyMb, peakMb }) => [
      `${client}${rate > 0 ? "" : ", as fast as it can"}`,
      whole(perSecond),
      whole(steadyMb),
      whole(peakMb),
    ]);
    const [{ seconds } = { seconds: 0 }] = memories;
    parts.push(
      `Memory of one process that publishes and consumes at the same time, for ${seconds} s:\n\n` +
        grid(["client", "messages/s", "RSS MB, median of the last third", "most"], rows),
    );
  }
  if (loads.length > 0) {
    const percent = (value: number): string => `${value.toFixed(0)} %`;
    const rows = loads.map((load) => [
      `${load.workers}`,
      load.concurrency === 0 ? "default" : `${load.concurrency}`,
      ...[whole(load.offered), whole(load.perSecond), ms(load.p50), ms(load.p99)],
      ...[percent(load.worstWorkerCpu), percent(load.workersCpu), percent(load.publisherCpu), percent(load.brokerCpu), whole(load.rssMb)],
    ]);
    const head = [
      "workers",
      "handlers at a time",
      "offered/s",
      "handled/s",
      "p50 ms",
      "p99 ms",
      "busiest worker",
      "all workers",
      "publisher",
    ];
    parts.push(
      `DEBIAS: events for both databases' quorum queues, a handler that waits 1 ms, a process for each worker; CPU in percent of one core:\n\n` +
        grid([...head, "broker", "largest RSS MB"], rows),
    );
  }
  return parts.join("\n\n");
}

export function markdown(report: Report): string {
  const { clients, missing, machine, rounds, goals } = report;
  const versions = clients.map(({ name, version }) => `${name} ${version}`).join(", ");
  const left = [...missing].map(([name, why]) => `${name} is left out: ${why}.`).join(" ");
  return [
    `${machine}. Medians of ${rounds} round${rounds === 1 ? "" : "s"}; behind the dot the ratio to plain amqplib in the same round. ${versions}. ${left}`.trim(),
    rates(report, "publish", `Publishing, each confirmed, ${whole(WINDOW)} unconfirmed at a time, messages/s:`),
    rates(report, "consume", `Consuming, each acknowledged, prefetch ${PREFETCH}, messages/s:`),
    rates(report, "end-to-end", "End to end, a publisher and a consumer at the same time, messages/s, as fast as they can:"),
    latencies(report),
    requests(report),
    loads(report),
    goals.length === 0
      ? ""
      : `What is to be reached:\n\n${grid(
          ["what", "wanted", "found", ""],
          goals.map(({ what, wanted, found, reached }) => [what, wanted, found, reached ? "reached" : "not reached"]),
        )}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}
