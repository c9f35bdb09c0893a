/** The simulation: nothing is lost, the same seed gives the same run, and the autoscaler does what it does in a cluster. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BEHAVIOR } from "./scaler.js";
import { simulate, type SimulationInput } from "./simulate.js";

const input = (more: Partial<SimulationInput> = {}): SimulationInput => ({
  steps: [{ at: 0, rate: 5 }],
  duration: 1800,
  replicas: { min: 1, max: 10 },
  concurrency: 2,
  handler: { mean: 1, p95: 2.5 },
  perReplica: 20,
  ...more,
});

const arbitrary = fc.record({
  steps: fc
    .array(fc.record({ rate: fc.double({ min: 0, max: 20, noNaN: true }), messages: fc.nat(500) }), { minLength: 1, maxLength: 5 })
    .map((each) => each.map((step, index) => ({ at: index * 200, ...step }))),
  duration: fc.integer({ min: 60, max: 1500 }),
  replicas: fc.tuple(fc.nat(4), fc.nat(8)).map(([min, more]) => ({ min, max: Math.max(1, min + more) })),
  concurrency: fc.integer({ min: 1, max: 8 }),
  handler: fc.constantFrom({ mean: 0.05, p95: 0.1 }, { mean: 1, p95: 2.5 }, { mean: 20, p95: 60 }),
  perReplica: fc.integer({ min: 1, max: 300 }),
  seed: fc.nat(),
  most: fc.constantFrom(500, 1_000_000),
  steady: fc.boolean(),
  scaler: fc.record({ kind: fc.constantFrom("keda" as const, "hpa" as const), podStart: fc.nat(60) }),
});

test("every message that came is done, in work or waiting; replicas stay within their bounds", () => {
  fc.assert(
    fc.property(arbitrary, fc.boolean(), (one, cpu) => {
      const { arrived, finished, waiting, unacknowledged, points, depth } = simulate({ ...one, ...(cpu ? { cpu: 70 } : {}) });
      expect(finished + waiting + unacknowledged).toBeCloseTo(arrived, 6);
      expect(points.at(-1)?.depth).toBe(waiting + unacknowledged);
      expect(depth.max).toBeGreaterThanOrEqual(points.at(-1)?.depth ?? 0);
      for (const { wanted, ready } of points) {
        expect(wanted).toBeLessThanOrEqual(one.replicas.max);
        expect(wanted).toBeGreaterThanOrEqual(one.replicas.min);
        expect(ready).toBeLessThanOrEqual(wanted);
      }
    }),
    { numRuns: 60 },
  );
});

test("the same seed gives the same run, another one another", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      expect(simulate(input({ seed }))).toEqual(simulate(input({ seed })));
      expect(simulate(input({ seed })).points).not.toEqual(simulate(input({ seed: seed + 1 })).points);
    }),
    { numRuns: 10 },
  );
});

test("as many come as the rate says", () => {
  expect(simulate(input({ steady: true })).arrived).toBe(5 * 1800 - 1);
  const { arrived } = simulate(input({ duration: 20_000 }));
  expect(Math.abs(arrived / 100_000 - 1)).toBeLessThan(0.02);
  expect(simulate(input({ steps: [{ at: 0, messages: 250 }] })).arrived).toBe(250);
});

describe("KEDA", () => {
  const keda = { pollingInterval: 5, syncPeriod: 5, podStart: 2, cooldownPeriod: 60, behavior: null };
  const burst = (messages: number, more: Partial<SimulationInput> = {}): SimulationInput =>
    input({
      steps: [{ at: 0, messages }],
      concurrency: 1,
      handler: { mean: 600, p95: 900 },
      perReplica: 100,
      duration: 60,
      resolution: 1,
      scaler: keda,
      ...more,
    });
  const at = (run: ReturnType<typeof simulate>, second: number): number | undefined =>
    run.points.find((point) => point.at === second)?.wanted;

  test("250 messages at 100 each make one replica three, 500 five", () => {
    expect(at(simulate(burst(250)), 12)).toBe(3);
    expect(at(simulate(burst(500)), 30)).toBe(5);
  });

  test("no more than twice as many, or four, in one sync", () => {
    const run = simulate(burst(2000, { replicas: { min: 2, max: 20 } }));
    expect([...new Set(run.points.map(({ wanted }) => wanted))]).toEqual([2, 4, 8, 16, 20]);
  });

  test("with the prod stack's behavior no more than twice as many, or four more, in a minute", () => {
    const run = simulate(burst(2000, { replicas: { min: 2, max: 20 }, duration: 200, scaler: { ...keda, behavior: BEHAVIOR } }));
    expect([...new Set(run.points.map(({ wanted }) => wanted))]).toEqual([2, 6, 12, 20]);
  });

  test("the first replica comes with the first message, the last goes after the cooldown", () => {
    const run = simulate(
      input({
        steps: [{ at: 100, messages: 5 }],
        replicas: { min: 0, max: 3 },
        duration: 400,
        resolution: 1,
        scaler: keda,
        handler: { mean: 1, p95: 1 },
      }),
    );
    expect(at(run, 100)).toBe(0);
    const first = run.points.find(({ wanted }) => wanted > 0)?.at ?? 0;
    expect(first).toBeGreaterThan(100);
    expect(first).toBeLessThanOrEqual(112);
    const gone = run.points.find(({ at: when, wanted }) => when > first && wanted === 0)?.at ?? 0;
    expect(gone).toBeGreaterThan(first + 60);
    expect(gone).toBeLessThanOrEqual(first + 80);
    expect(run.finished).toBe(5);
  });

  test("a backlog that is gone brings them down five minutes later, and what they have begun they end", () => {
    const run = simulate(
      input({
        steps: [{ at: 0, messages: 1000 }],
        concurrency: 1,
        handler: { mean: 1, p95: 3 },
        perReplica: 100,
        duration: 1200,
        resolution: 1,
        scaler: keda,
      }),
    );
    expect(run.replicas).toMatchObject({ min: 1, max: 10 });
    expect(at(run, 1200)).toBe(1);
    expect(run.turns).toBe(1);
    expect(run.finished).toBe(1000);
  });
});

test("CPU: twelve handlers' work on replicas of one at 70 % takes about 17 of them", () => {
  const run = simulate({
    ...{
      steps: [{ at: 0, rate: 12 }],
      duration: 7200,
      replicas: { min: 2, max: 30 },
      concurrency: 1,
      handler: { mean: 1, p95: 2 },
      cpu: 70,
    },
  });
  const late = run.points.slice(60);
  expect(late.reduce((sum, { wanted }) => sum + wanted, 0) / late.length).toBeGreaterThan(15);
  expect(late.reduce((sum, { wanted }) => sum + wanted, 0) / late.length).toBeLessThan(20);
});

test("parcels keep the backlog and the replicas of the exact run", () => {
  const steps = [
    { at: 0, rate: 40 },
    { at: 1200, rate: 120 },
    { at: 2400, rate: 40 },
  ];
  const one = input({
    steps,
    duration: 3600,
    concurrency: 4,
    handler: { mean: 0.5, p95: 1.2 },
    perReplica: 200,
    replicas: { min: 1, max: 30 },
  });
  const [exact, coarse] = [simulate(one), simulate({ ...one, most: 30_000 })];
  expect(exact.parcel).toBe(1);
  expect(coarse.parcel).toBeGreaterThan(2);
  expect(Math.abs(coarse.depth.mean / exact.depth.mean - 1)).toBeLessThan(0.3);
  expect(Math.abs(coarse.replicas.mean / exact.replicas.mean - 1)).toBeLessThan(0.15);
});
