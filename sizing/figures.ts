/** What a service has to do, in plain numbers: what the topology says, what is given instead, and what has to be assumed. */
import type { Load, Service } from "../topology/model.js";
import { milliseconds } from "../topology/durations.js";
import { day, type Day } from "./day.js";
import type { HandlerTimes } from "./handler.js";

/** Taken instead of what a topology says; seconds. */
export interface Given {
  readonly rate?: number;
  readonly peak?: number;
  /** Proportions from midnight to midnight. */
  readonly shape?: readonly number[];
  readonly mean?: number;
  readonly p95?: number;
  readonly concurrency?: number;
  /** p95 from the queue to the end of the handler. */
  readonly latency?: number;
}

/** A figure by the name that an assumption is told with. */
export type Figure = "rate" | "peak" | "day" | "handler.mean" | "handler.p95" | "handler.concurrency" | "latency.p95";

export interface Figures {
  /** Messages a second on average, at the busiest time, at the stillest. */
  readonly rate: number;
  readonly peak: number;
  readonly lowest: number;
  readonly curve: Day["curve"];
  /** Seconds. */
  readonly handler: HandlerTimes;
  readonly concurrency: number;
  /** Seconds. */
  readonly latency: number;
  /** Share of all that comes through each of its queues. */
  readonly shares: ReadonlyMap<string, number>;
  readonly assumed: readonly Figure[];
}

/** What is assumed where nothing is said; seconds. */
export const ASSUMED = { rate: 1, peakOfRate: 2, mean: 0.1, p95OfMean: 3, concurrency: 1, latencyOfP95: 3, latencyAtLeast: 10 } as const;

const seconds = (text: unknown): number | undefined => {
  const value = milliseconds(text);
  return value === undefined ? undefined : value / 1000;
};

function ratesOf(load: Load, queues: readonly string[]): { readonly total: number | undefined; readonly shares: Map<string, number> } {
  const even = (): Map<string, number> => new Map(queues.map((queue) => [queue, 1 / queues.length]));
  const { rate } = load;
  if (typeof rate !== "object") return { total: rate, shares: even() };
  const each = queues.map((queue) => [queue, rate[queue] ?? 0] as const);
  const total = each.reduce((sum, [, value]) => sum + value, 0);
  return total > 0
    ? { total, shares: new Map(each.map(([queue, value]) => [queue, value / total])) }
    : { total: undefined, shares: even() };
}

function dayOf(load: Load, given: Given, said: number | undefined, assumed: Figure[]): Day {
  const shape = given.shape ?? load.day;
  // Whoever gives another rate means another day: the peak keeps its proportion to it.
  const rate = given.rate ?? said;
  const scaled = given.rate !== undefined && said !== undefined && load.peak !== undefined ? (load.peak * given.rate) / said : load.peak;
  const peak = given.peak ?? scaled;
  if (shape) {
    // A shape brings its own proportion of mean and peak; what is given outweighs what the topology says.
    if (given.rate === undefined && peak !== undefined && (given.peak !== undefined || rate === undefined || given.shape))
      return day({ shape, peak });
    if (rate === undefined) assumed.push("rate");
    return day({ shape, rate: rate ?? ASSUMED.rate });
  }
  assumed.push("day");
  if (rate === undefined) assumed.push("rate");
  if (peak === undefined) assumed.push("peak");
  const mean = rate ?? (peak === undefined ? ASSUMED.rate : peak / ASSUMED.peakOfRate);
  return day({ rate: Math.min(mean, peak ?? mean), peak: peak ?? mean * ASSUMED.peakOfRate });
}

/** All figures of one service; what is neither said nor given is assumed, and listed. */
export function figures(service: Service, given: Given = {}): Figures {
  const { load = {}, consumes = [] } = service;
  const assumed: Figure[] = [];
  const { total, shares } = ratesOf(load, consumes);
  const { rate, peak, lowest, curve } = dayOf(load, given, total, assumed);
  const mean = given.mean ?? seconds(load.handler?.mean);
  if (mean === undefined) assumed.push("handler.mean");
  const average = mean ?? ASSUMED.mean;
  // Whoever gives another mean means another handler: the p95 keeps its proportion to it.
  const saidP95 = seconds(load.handler?.p95);
  const saidMean = seconds(load.handler?.mean);
  const p95 = given.p95 ?? (saidP95 !== undefined && saidMean !== undefined ? (saidP95 * average) / saidMean : undefined);
  if (p95 === undefined) assumed.push("handler.p95");
  const slow = Math.max(p95 ?? average * ASSUMED.p95OfMean, average);
  const concurrency = given.concurrency ?? load.handler?.concurrency;
  if (concurrency === undefined) assumed.push("handler.concurrency");
  const latency = given.latency ?? seconds(load.latency?.p95);
  if (latency === undefined) assumed.push("latency.p95");
  return {
    ...{ rate, peak, lowest, curve, shares, assumed },
    handler: { mean: average, p95: slow },
    concurrency: concurrency ?? ASSUMED.concurrency,
    latency: latency ?? Math.max(ASSUMED.latencyAtLeast, slow * ASSUMED.latencyOfP95),
  };
}
