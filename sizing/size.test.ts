/** Sizes: what comes out of the figures, what the topology fixes, and how the two differ. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile, compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import type { Load, Topology } from "../topology/model.js";
import { contextiq, systems } from "../topology/systems/index.js";
import { day, DAY } from "./day.js";
import { figures } from "./figures.js";
import { logNormal } from "./handler.js";
import { waiting } from "./queueing.js";
import { DEFAULTS, prefetchFor, replicasFor, size } from "./size.js";

const one = (load: Load, more: object = {}): Topology => ({
  name: "t",
  queues: { q: { type: "quorum" }, r: { type: "quorum" } },
  services: { s: { consumes: ["q"], load, ...more } },
});
const sized = (load: Load, more: object = {}, options: Parameters<typeof size>[1] = {}) => size(one(load, more), options)["s"];

const loads = fc.record({
  rate: fc.double({ min: 0.01, max: 500, noNaN: true }),
  burst: fc.double({ min: 1, max: 10, noNaN: true }),
  mean: fc.integer({ min: 1, max: 20_000 }),
  tail: fc.double({ min: 1, max: 3.8, noNaN: true }),
  concurrency: fc.integer({ min: 1, max: 50 }),
  slack: fc.double({ min: 1.1, max: 20, noNaN: true }),
});
type Drawn = typeof loads extends fc.Arbitrary<infer T> ? T : never;
const loadOf = ({ rate, burst, mean, tail, concurrency, slack }: Drawn): Load => ({
  rate,
  peak: rate * burst,
  handler: { mean: `${mean} ms`, p95: `${Math.ceil(mean * tail)} ms`, concurrency },
  latency: { p95: `${Math.ceil(mean * tail * slack)} ms` },
});

describe("replicas", () => {
  test("more messages never need fewer", () => {
    fc.assert(
      fc.property(loads, fc.double({ min: 1, max: 3, noNaN: true }), (drawn, more) => {
        const of = figures({ consumes: ["q"], load: loadOf(drawn) });
        expect(replicasFor(of.peak * more, of, 0.8)).toBeGreaterThanOrEqual(replicasFor(of.peak, of, 0.8));
        const [less, greater] = [sized(loadOf(drawn)), sized(loadOf({ ...drawn, rate: drawn.rate * more }))];
        expect(greater?.replicas.min).toBeGreaterThanOrEqual(less?.replicas.min ?? 0);
        expect(greater?.replicas.max).toBeGreaterThanOrEqual(less?.replicas.max ?? 0);
      }),
    );
  });

  test("are enough at the busiest time: no busier than they may be, and within the target", () => {
    fc.assert(
      fc.property(loads, (drawn) => {
        const given = sized(loadOf(drawn));
        expect(given?.atPeak.utilization).toBeLessThanOrEqual(DEFAULTS.utilization + 1e-9);
        expect(given?.atPeak.latencyP95).toBeLessThanOrEqual(
          Math.max(given?.figures.latency ?? 0, (given?.figures.handler.p95 ?? 0) * 1.02),
        );
        expect(given?.replicas.min).toBeLessThanOrEqual(given?.replicas.max ?? 0);
        expect(given?.prefetch).toBeGreaterThanOrEqual(given?.concurrency ?? Infinity);
        expect(given?.perReplica).toBeGreaterThanOrEqual(given?.concurrency ?? Infinity);
      }),
    );
  });

  test("one fewer would not be enough", () => {
    fc.assert(
      fc.property(loads, (drawn) => {
        const of = figures({ consumes: ["q"], load: loadOf(drawn) });
        const count = replicasFor(of.peak, of, 0.8);
        fc.pre(count > 1);
        const { utilization, latencyP95 } = waiting({
          rate: of.peak,
          handlers: (count - 1) * of.concurrency,
          times: logNormal(of.handler),
        });
        expect(utilization > 0.8 - 1e-6 || latencyP95 > of.latency).toBe(true);
      }),
    );
  });
});

describe("contextiq", () => {
  const all = size(contextiq);

  test.each(["extraction-worker", "consolidation-worker"])(
    "%s: 2 to 20 replicas with 100 messages each come out of its figures",
    (name) => {
      expect(all[name]).toMatchObject({
        replicas: { min: 2, max: 20 },
        perReplica: 100,
        cpu: 70,
        computed: { min: 2, max: 20, perReplica: 100 },
        from: { replicas: "topology", perReplica: "topology" },
        notes: [],
      });
      expect(size(contextiq, { unpinned: true })[name]).toMatchObject({
        replicas: { min: 2, max: 20 },
        perReplica: 100,
        from: { replicas: "computed" },
      });
    },
  );

  test("thresholds of several queues share the service's by what comes through each", () => {
    expect(all["result-handler"]?.queues).toMatchObject({
      "extraction.results": { rate: 20, peak: 50 },
      "consolidation.results": { rate: 10, peak: 25 },
    });
    const { perReplica = 0, queues = {} } = all["result-handler"] ?? {};
    expect(Object.values(queues).reduce((sum, queue) => sum + (queue.perReplica ?? 0), 0)).toBe(perReplica);
  });

  test("an environment's replicas count", () => {
    expect(size(contextiq, { environment: "dev" })["extraction-worker"]).toMatchObject({
      replicas: { min: 1, max: 2 },
      notes: expect.arrayContaining([expect.objectContaining({ code: "pinned-too-low" })]),
    });
  });
});

test.each(Object.entries(systems))("%s: what it fixes comes out of its figures", (_, system) => {
  for (const { notes } of Object.values(size(system))) expect(notes.filter(({ code }) => code !== "instances")).toEqual([]);
});

test.each(Object.entries(systems))("%s: loads change nothing on the broker", (_, system) => {
  const without = {
    ...system,
    services: Object.fromEntries(Object.entries(system.services ?? {}).map(([name, { load: _load, ...service }]) => [name, service])),
  };
  expect(compile(without)).toEqual(compile(system));
  expect(definitions(compileInstallation({ topologies: [without] }))).toEqual(definitions(compileInstallation({ topologies: [system] })));
});

test("nothing said: everything is assumed, and said to be", () => {
  const given = size({ name: "t", queues: { q: { type: "quorum" } }, services: { s: { consumes: ["q"] }, p: {} } });
  expect(Object.keys(given)).toEqual(["s"]);
  expect(given["s"]?.figures).toMatchObject({
    ...{ rate: 1, peak: 2, handler: { mean: 0.1, p95: expect.closeTo(0.3, 9) }, concurrency: 1, latency: 10 },
    assumed: ["day", "rate", "peak", "handler.mean", "handler.p95", "handler.concurrency", "latency.p95"],
  });
});

test("what is given is taken instead, in proportion", () => {
  const load: Load = { rate: 10, peak: 30, handler: { mean: "1 second", p95: "2 seconds" } };
  expect(sized(load, {}, { given: { rate: 20 } })?.figures).toMatchObject({ rate: 20, peak: 60 });
  expect(sized(load, {}, { given: { mean: 3 } })?.figures.handler).toEqual({ mean: 3, p95: 6 });
  expect(sized(load, {}, { given: { peak: 50 } })?.figures).toMatchObject({ rate: 10, peak: 50 });
  expect(sized(load, {}, { given: { shape: [0, 2, 1, 1] } })?.figures).toMatchObject({ peak: 30, rate: 15 });
  expect(sized({ rate: 4, day: [1, 3] })?.figures).toMatchObject({ rate: 4, peak: 6, lowest: 2 });
});

test("special queues", () => {
  const topology: Topology = {
    name: "t",
    queues: { single: { type: "quorum", singleActiveConsumer: true }, log: { type: "stream" } },
    templates: { inbox: { name: "{id}", type: "classic" } },
    services: {
      one: { consumes: ["single"], load: { rate: 100, handler: { mean: "1 second" } } },
      reader: { consumes: ["log"], load: { rate: 100, handler: { mean: "1 second" } } },
      member: { instances: { inbox: {} }, load: { rate: 10, handler: { mean: "1 second" } } },
      slow: { instances: { inbox: {} }, load: { rate: 10, handler: { mean: "1 second", concurrency: 2 } } },
    },
  };
  const all = size(topology);
  expect(all["one"]).toMatchObject({ scales: false, replicas: { min: 1, max: 1 } });
  expect(all["reader"]?.perReplica).toBeUndefined();
  // Every reader gets all of it.
  expect(all["reader"]).toMatchObject({ scales: false, replicas: { min: 1, max: 1 } });
  expect(all["reader"]?.queues["log"]).not.toHaveProperty("perReplica");
  expect(all["member"]).toMatchObject({ scales: false, replicas: { min: 1, max: 1 } });
  expect(all["member"]?.atPeak.utilization).toBeLessThan(0.81);
  expect(all["slow"]?.notes.map(({ code }) => code)).toEqual(["instances", "instance-too-slow"]);
});

test("prefetch hides the way to the broker, and no more", () => {
  const of = figures({ load: { handler: { mean: "1 ms", concurrency: 4 } } });
  expect(prefetchFor(of, 0.001)).toBe(8);
  expect(prefetchFor(figures({ load: { handler: { mean: "10 seconds", concurrency: 4 } } }), 0.01)).toBe(4);
});

test("a day has the mean and the top that it is given", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 100, noNaN: true }), fc.double({ min: 1, max: 30, noNaN: true }), (rate, burst) => {
      const { curve, peak, lowest } = day({ rate, peak: rate * burst });
      const values = Array.from({ length: 1440 }, (_, minute) => curve(minute * 60));
      expect(values.reduce((sum, value) => sum + value, 0) / 1440 / rate).toBeCloseTo(1, 2);
      expect(Math.max(...values)).toBeCloseTo(peak, 6);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(lowest - 1e-9);
      expect(curve(0)).toBeCloseTo(curve(DAY), 9);
    }),
  );
});
