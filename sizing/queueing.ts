/** What queueing theory says of messages that come at random and handlers that take them in turn: M/G/c, by Allen and Cunneen over Erlang's C. */
import { quantiles, type LogNormal } from "./handler.js";

/** Messages a second, handlers that work side by side, and how long each takes. */
export interface Station {
  readonly rate: number;
  readonly handlers: number;
  readonly times: LogNormal;
}

export interface Waiting {
  /** Share of the time that a handler is busy; 1 or more is never through. */
  readonly utilization: number;
  /** That a message has to wait at all (Erlang's C). */
  readonly probability: number;
  /** Seconds in the queue, on average over all messages. */
  readonly mean: number;
  /** Seconds in the queue that 95 of 100 messages stay below. */
  readonly p95: number;
  /** Seconds from the queue to the end of the handler that 95 of 100 messages stay below. */
  readonly latencyP95: number;
}

/** Erlang's C: that all of `handlers` are busy, for an offered load below them. By the recursion of Erlang's B, which neither overflows nor cancels. */
export function erlangC(handlers: number, offered: number): number {
  if (offered >= handlers) return 1;
  let blocked = 1;
  for (let count = 1; count <= handlers; count++) blocked = (offered * blocked) / (count + offered * blocked);
  return blocked / (1 - (offered / handlers) * (1 - blocked));
}

const PARTS = 200;

/** The time that a share of all stays below, where a wait is exponential once there is one and the handler's time comes on top. */
function latency(share: number, probability: number, conditional: number, times: LogNormal): number {
  const handling = quantiles(times, PARTS);
  const beyond = (time: number): number =>
    handling.reduce((sum, own) => sum + (time < own ? 1 : conditional === 0 ? 0 : probability * Math.exp(-(time - own) / conditional)), 0) /
    PARTS;
  let [low, high] = [0, (handling[PARTS - 1] ?? 0) + conditional * 20 + times.mean];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (beyond(middle) > 1 - share) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The mean wait is `C(c, a) / (c / m - rate) * (1 + scv) / 2`, with Erlang's C for `a = rate * m` of `c` handlers, the mean time `m`, and its
 * squared coefficient of variation; arrivals are Poisson. Exact for exponential times and for one handler; a wait that happens is taken as exponential.
 */
export function waiting({ rate, handlers, times }: Station): Waiting {
  const offered = rate * times.mean;
  const utilization = offered / handlers;
  if (utilization >= 1) return { utilization, probability: 1, mean: Infinity, p95: Infinity, latencyP95: Infinity };
  const probability = erlangC(handlers, offered);
  const conditional = (times.mean / (handlers - offered)) * ((1 + times.scv) / 2);
  return {
    utilization,
    probability,
    mean: probability * conditional,
    p95: probability <= 0.05 ? 0 : conditional * Math.log(probability / 0.05),
    latencyP95: latency(0.95, probability, conditional, times),
  };
}
