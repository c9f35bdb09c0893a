/** A run that was measured: read from text, and set beside its simulation. */
import { WarrenError } from "../topology/errors.js";
import type { Simulation, Step } from "./simulate.js";

export interface MeasuredPoint {
  /** Seconds from its begin. */
  readonly at: number;
  /** Ready and unacknowledged. */
  readonly depth: number;
  readonly replicas: number;
  /** Messages a second that come from here on, and messages that come at once: where they are known the simulation has the same. */
  readonly rate?: number;
  readonly messages?: number;
}

const COLUMNS = ["time", "depth", "replicas", "rate", "messages"] as const;

const wrong = (fault: string): WarrenError =>
  new WarrenError(fault, {
    allowed: ["a first line time,depth,replicas (and rate, messages), numbers below; times in seconds, growing"],
    exitCode: 2,
  });

/** Reads CSV with a head line: `time,depth,replicas`, and `rate`, `messages` where they are known. Throws a WarrenError (exit code 2). */
export function readMeasured(text: string): MeasuredPoint[] {
  const [head = "", ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const names = head.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(COLUMNS as readonly string[]).includes(name));
  if (unknown !== undefined) throw wrong(`A measured run has a column ${JSON.stringify(unknown)}.`);
  for (const needed of ["time", "depth", "replicas"]) if (!names.includes(needed)) throw wrong(`A measured run has no column "${needed}".`);
  let before = -Infinity;
  const points = lines.map((line, index): MeasuredPoint => {
    const cells = line.split(",").map((cell) => cell.trim());
    const at = (name: (typeof COLUMNS)[number]): number | undefined => {
      const cell = cells[names.indexOf(name)];
      if (cell === undefined || cell === "") return undefined;
      const value = Number(cell);
      if (!Number.isFinite(value) || value < 0) throw wrong(`Line ${index + 2} of a measured run has ${JSON.stringify(cell)} as ${name}.`);
      return value;
    };
    const [time, depth, replicas, rate, messages] = COLUMNS.map(at);
    if (time === undefined || depth === undefined || replicas === undefined || cells.length > names.length)
      throw wrong(`Line ${index + 2} of a measured run has other cells than its first line.`);
    if (time < before) throw wrong(`Line ${index + 2} of a measured run is earlier than the one before.`);
    before = time;
    return { at: time, depth, replicas, ...(rate === undefined ? {} : { rate }), ...(messages === undefined ? {} : { messages }) };
  });
  if (points.length < 2) throw wrong("A measured run has fewer than two lines.");
  const from = points[0]?.at ?? 0;
  return points.map((point) => ({ ...point, at: point.at - from }));
}

/** What comes when, where the run tells; none if it does not. */
export function stepsOf(measured: readonly MeasuredPoint[]): Step[] | undefined {
  const steps = measured
    .filter(({ rate, messages }) => rate !== undefined || messages !== undefined)
    .map(({ at, rate, messages }) => ({ at, ...(rate === undefined ? {} : { rate }), ...(messages === undefined ? {} : { messages }) }));
  return steps.length > 0 ? steps : undefined;
}

export interface Comparison {
  /** Measurements that the simulation has a point for. */
  readonly points: number;
  /** Mean of the absolute differences. */
  readonly depth: number;
  readonly replicas: number;
  /** Each has its own: the deepest and the greatest. */
  readonly simulated: { readonly depth: number; readonly replicas: number };
  readonly measured: { readonly depth: number; readonly replicas: number };
}

/** Sets a simulation beside a run: each measurement beside the simulated point at or after it. */
export function compare({ points, depth, replicas }: Simulation, measured: readonly MeasuredPoint[]): Comparison {
  let index = 0;
  let [count, depths, counts] = [0, 0, 0];
  for (const one of measured) {
    while (index < points.length && (points[index]?.at ?? 0) < one.at) index++;
    const point = points[index];
    if (!point) break;
    count++;
    depths += Math.abs(point.depth - one.depth);
    counts += Math.abs(point.wanted - one.replicas);
  }
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
  return {
    points: count,
    depth: count === 0 ? 0 : depths / count,
    replicas: count === 0 ? 0 : counts / count,
    simulated: { depth: depth.max, replicas: replicas.max },
    measured: { depth: most(measured.map((one) => one.depth)), replicas: most(measured.map((one) => one.replicas)) },
  };
}
