/** The formula beside the simulation, message by message, and beside what is known in closed form. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HIGHEST_RATIO, logNormal, normalQuantile, quantiles, sumOf } from "./handler.js";
import { erlangC, waiting } from "./queueing.js";
import { simulate } from "./simulate.js";

const off = (value: number, from: number): number => Math.abs(value / from - 1);

describe("Erlang's C", () => {
  test("is the textbook's", () => {
    expect(erlangC(1, 0.7)).toBeCloseTo(0.7, 12);
    // M/M/2: 2 rho^2 / (1 + rho).
    expect(erlangC(2, 1.2)).toBeCloseTo((2 * 0.36) / 1.6, 12);
    expect(erlangC(10, 8)).toBeCloseTo(0.409, 3);
    expect(erlangC(5000, 4800)).toBeGreaterThan(0);
  });

  test("more handlers wait less, more work waits more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0.01, max: 0.98, noNaN: true }), (handlers, share) => {
        const offered = share * handlers;
        const one = erlangC(handlers, offered);
        expect(one).toBeGreaterThanOrEqual(0);
        expect(one).toBeLessThanOrEqual(1);
        expect(erlangC(handlers + 1, offered)).toBeLessThanOrEqual(one);
        expect(erlangC(handlers, offered * 1.01)).toBeGreaterThanOrEqual(one);
      }),
    );
  });
});

test("exponential times with one handler: M/M/1 and M/G/1 in closed form", () => {
  const times = logNormal({ mean: 0.5, p95: 1.2 });
  const { mean, utilization } = waiting({ rate: 1.6, handlers: 1, times });
  expect(utilization).toBeCloseTo(0.8, 12);
  // Pollaczek and Khinchin.
  expect(mean).toBeCloseTo((0.8 * 0.5 * (1 + times.scv)) / 2 / 0.2, 12);
});

test("what cannot be got through waits for ever", () => {
  expect(waiting({ rate: 10, handlers: 5, times: logNormal({ mean: 0.5, p95: 1 }) })).toMatchObject({
    mean: Infinity,
    latencyP95: Infinity,
  });
});

// docs/sizing.md states these errors.
describe.each([
  { handlers: 1, busy: 0.5, ratio: 2, mean: 0.05, p95: 0.05 },
  { handlers: 1, busy: 0.8, ratio: 2.5, mean: 0.05, p95: 0.05 },
  { handlers: 4, busy: 0.8, ratio: 1, mean: 0.05, p95: 0.05 },
  { handlers: 4, busy: 0.8, ratio: 2.5, mean: 0.05, p95: 0.05 },
  { handlers: 20, busy: 0.9, ratio: 2, mean: 0.05, p95: 0.05 },
  { handlers: 4, busy: 0.8, ratio: 3.3, mean: 0.2, p95: 0.05 },
  { handlers: 20, busy: 0.9, ratio: 3.5, mean: 0.2, p95: 0.05 },
])("$handlers handlers, $busy busy, p95 $ratio times the mean", ({ handlers, busy, ratio, mean, p95 }) => {
  const handler = { mean: 1, p95: ratio };
  const rate = handlers * busy;
  const formula = waiting({ rate, handlers, times: logNormal(handler) });
  const simulated = simulate({
    ...{ steps: [{ at: 0, rate }], duration: 400_000 / rate, handler, concurrency: 1, seed: 7 },
    replicas: { min: handlers, max: handlers },
    scaler: { kind: "none" },
  });

  test("mean wait and p95 of the latency", () => {
    expect(simulated.parcel).toBe(1);
    expect(off(formula.mean, simulated.wait.mean)).toBeLessThan(mean);
    expect(off(formula.latencyP95, simulated.latency.p95)).toBeLessThan(p95);
  });
});

describe("handler times", () => {
  test("have the mean and the p95 that are given", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 100, noNaN: true }), fc.double({ min: 1.01, max: 3.8, noNaN: true }), (mean, ratio) => {
        const times = logNormal({ mean, p95: mean * ratio });
        expect(Math.exp(times.mu + times.sigma * normalQuantile(0.95))).toBeCloseTo(
          mean * ratio,
          6 - Math.ceil(Math.log10(mean * ratio + 1)),
        );
        expect(Math.exp(times.mu + (times.sigma * times.sigma) / 2)).toBeCloseTo(mean, 8);
        expect(times.scv).toBeGreaterThan(0);
      }),
    );
  });

  test("beyond what a log-normal distribution can have they are the widest with a finite answer", () => {
    expect(HIGHEST_RATIO).toBeCloseTo(3.868, 3);
    expect(logNormal({ mean: 1, p95: 12 })).toEqual(logNormal({ mean: 1, p95: HIGHEST_RATIO }));
    expect(logNormal({ mean: 1, p95: 0.5 }).scv).toBe(0);
  });

  test("parts stand for the whole, sums keep mean and variance", () => {
    const times = logNormal({ mean: 2, p95: 5 });
    const parts = quantiles(times, 5000);
    expect(parts.reduce((sum, part) => sum + part, 0) / 5000).toBeCloseTo(2, 2);
    const four = sumOf(times, 4);
    expect(four.mean).toBe(8);
    expect(four.scv).toBeCloseTo(times.scv / 4, 12);
  });
});
