/** What the worker has to reach, and whether it did in this run. */
import { AS_IMAGE, BASELINE } from "./clients.js";
import type { Table } from "./figures.js";
import type { Load, Memory } from "./worker-load.js";

export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  readonly reached: boolean;
}

/** Those whose figures are there. */
export function goals(table: Table, memories: readonly Memory[], loads: readonly Load[]): readonly Goal[] {
  const found: Goal[] = [];
  const ratio = (what: string, cell: string, to: string, figure: "perSecond" | "p99", limit: number): void => {
    const value = table.ratio(cell, "warren", to, figure);
    if (value === undefined) return;
    const reached = figure === "p99" ? value <= limit : value >= limit;
    found.push({
      what,
      wanted: `${figure === "p99" ? "at most" : "at least"} ${limit.toFixed(1)} ×`,
      found: `${value.toFixed(2)} ×`,
      reached,
    });
  };
  for (const type of ["quorum", "classic"]) {
    ratio(`publish, ${type}, 100 B, to plain amqplib`, `publish ${type} 100`, BASELINE, "perSecond", 1);
    ratio(`consume, ${type}, 100 B, to plain amqplib`, `consume ${type} 100`, BASELINE, "perSecond", 1);
    ratio(`publish, ${type}, 100 B, to rascal`, `publish ${type} 100`, "rascal", "perSecond", 5);
  }
  ratio("p99 of a request, one at a time, to plain amqplib", "rpc 1", BASELINE, "p99", 1.2);
  ratio("p99 of a request, 32 at a time, to plain amqplib", "rpc 32", BASELINE, "p99", 1.2);
  for (const own of memories.filter(({ client }) => client === AS_IMAGE))
    found.push({
      what: `resident memory, as the image runs it, ${own.rate > 0 ? `at ${own.rate.toLocaleString("en-US")} messages/s` : "at full speed"}`,
      wanted: "under 100 MB",
      found: `${own.steadyMb.toFixed(0)} MB`,
      reached: own.steadyMb < 100,
    });
  const [one, five] = [1, 5].map((workers) => loads.find((load) => load.workers === workers && load.concurrency === 0));
  if (one && five)
    found.push(
      {
        what: "DEBIAS, events/s through one worker",
        wanted: "1,000 of 1,000",
        found: one.perSecond.toFixed(0),
        reached: one.perSecond >= 980,
      },
      {
        what: "DEBIAS, five workers to one",
        wanted: "near 5 ×",
        found: `${(five.perSecond / one.perSecond).toFixed(2)} ×`,
        reached: five.perSecond / one.perSecond >= 4.75,
      },
      {
        what: "DEBIAS, memory of the largest worker",
        wanted: "under 256 MB",
        found: `${Math.max(one.rssMb, five.rssMb).toFixed(0)} MB`,
        reached: Math.max(one.rssMb, five.rssMb) < 256,
      },
    );
  return found;
}
