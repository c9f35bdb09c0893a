/** Latencies, as numbers and as a plot of text. */
import { build, type Histogram } from "hdr-histogram-js";
import { table } from "../output.js";

/** Milliseconds. */
export interface Latencies {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Beyond it a latency counts as this. */
const HIGHEST_US = 3_600_000_000;
/** Milliseconds of the plot's smallest step. */
const SMALLEST = 1 / 16;

export class Recorder {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
  });

  readonly #steps: number[] = [];

  /** Milliseconds. */
  record(ms: number): void {
    this.#histogram.recordValue(Math.min(HIGHEST_US, Math.max(0, Math.round(ms * 1000))));
    const step = Math.max(0, Math.ceil(Math.log2(ms / SMALLEST)));
    while (this.#steps.length <= step) this.#steps.push(0);
    this.#steps[step] = (this.#steps[step] ?? 0) + 1;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  get latencies(): Latencies {
    const at = (percentile: number): number => (this.count === 0 ? 0 : this.#histogram.getValueAtPercentile(percentile) / 1000);
    const max = this.count === 0 ? 0 : this.#histogram.maxValue / 1000;
    // Of the histogram's resolution: a percentile is never shown above the maximum.
    const of = (percentile: number): number => Math.min(at(percentile), max);
    const mean = this.count === 0 ? 0 : this.#histogram.mean / 1000;
    return { count: this.count, mean, p50: of(50), p90: of(90), p99: of(99), p999: of(99.9), max };
  }

  /** How many took at most so long: borders that double, from the first that any reached to the last. */
  buckets(): { readonly upTo: number; readonly count: number }[] {
    const first = this.#steps.findIndex((count) => count > 0);
    return first < 0 ? [] : this.#steps.slice(first).map((count, step) => ({ upTo: SMALLEST * 2 ** (first + step), count }));
  }
}

const milliseconds = (ms: number): string =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(2)} ms`;
const WIDTH = 40;

/** The percentiles of several measurements side by side. */
export const latencyTable = (rows: readonly (readonly [string, Latencies])[]): string =>
  table([
    ["", "p50", "p90", "p99", "p99.9", "max"],
    ...rows.map(([name, { p50, p90, p99, p999, max }]) => [name, ...[p50, p90, p99, p999, max].map(milliseconds)]),
  ]);

/** A bar for each step, as long as its part of the longest. */
export function plot(recorder: Recorder): string {
  const buckets = recorder.buckets();
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  return table(
    buckets.map(({ upTo, count }) => {
      // What is there is seen.
      const length = count === 0 ? 0 : Math.max(1, Math.round((count / most) * WIDTH));
      return [`<= ${milliseconds(upTo)}`, "#".repeat(length).padEnd(WIDTH), String(count)];
    }),
  );
}
