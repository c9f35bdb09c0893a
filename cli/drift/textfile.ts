/** Drift as a file for node_exporter's textfile collector: written whole or not at all. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Drift } from "../../broker/drift.js";
import { driftCounts } from "../../exporter/readings.js";
import { SERIES } from "../../exporter/series.js";
import { WarrenError } from "../../topology/errors.js";
import { visible } from "../output.js";

export interface Look {
  /** What was found last; none if the broker has not answered yet. */
  readonly drift?: Drift | undefined;
  /** When that was, in milliseconds. */
  readonly at?: number | undefined;
  /** Whether the last look found anything out. */
  readonly up: boolean;
}

const label = (value: string): string => value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");

/** The text format of Prometheus. Without timestamps, which the collector refuses. */
export function textfile({ drift, at, up }: Look, vhosts: readonly string[]): string {
  const series = (name: string, help: string, samples: readonly string[]): string[] =>
    samples.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples.map((sample) => `${name}${sample}`)];
  return [
    ...series(
      "warren_drift_objects",
      SERIES.warren_drift_objects.help,
      (drift ? driftCounts(drift, vhosts) : []).map(({ vhost, kind, count }) => `{vhost="${label(vhost)}",kind="${kind}"} ${count}`),
    ),
    ...series("warren_drift_up", "1 if the last look at the broker told whether there is drift.", [` ${up ? 1 : 0}`]),
    ...series(
      "warren_drift_last_success_timestamp_seconds",
      "When the broker was last compared with the topology.",
      at === undefined ? [] : [` ${at / 1000}`],
    ),
    "",
  ].join("\n");
}

/** The collector reads `*.prom` alone; throws a WarrenError (exit code 2) for another name. */
export function requireProm(file: string): void {
  if (file.endsWith(".prom")) return;
  throw new WarrenError(`--textfile "${visible(file)}" does not end in .prom: node_exporter would not read it.`, {
    remedy: "name a file in the folder of --collector.textfile.directory: /var/lib/node_exporter/textfile/warren.prom",
    exitCode: 2,
  });
}

/** By another file beside it, whose name the collector passes over, so that it never reads half of one. Throws a WarrenError (exit code 2). */
export function writeTextfile(file: string, text: string): void {
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}`);
  try {
    writeFileSync(beside, text, { mode: 0o644 });
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new WarrenError(`"${visible(file)}" cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown fault"}).`, {
      remedy: "name a file in a folder that is there and that you may write",
      exitCode: 2,
      cause: error,
    });
  }
}
