// Where the numbers of services come from, over arbitrary topologies, loads and settings.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { size } from "../sizing/index.js";
import { arbitraryTopology } from "../testing/arbitrary-topology.js";
import type { Load, Replicas, Service, Topology } from "../topology/model.js";
import { settings as workerSettings } from "../workers/settings.js";
import { numbersTable } from "./numbers-table.js";
import { scalingOf, servicesOf, type ServicePart } from "./services.js";
import { readProdSettings, type ProdInput } from "./settings.js";

const RUNS = { numRuns: 50 } as const;

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const present = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } => JSON.parse(JSON.stringify(value)) as never;

const load: fc.Arbitrary<Load> = fc
  .record({
    rate: optional(fc.double({ min: 0.01, max: 200, noNaN: true })),
    burst: optional(fc.double({ min: 1, max: 5, noNaN: true })),
    mean: optional(fc.integer({ min: 1, max: 5000 })),
    tail: optional(fc.double({ min: 1, max: 5, noNaN: true })),
    concurrency: optional(fc.integer({ min: 1, max: 100 })),
    latency: optional(fc.integer({ min: 1, max: 100_000 })),
  })
  .map(({ rate, burst, mean, tail, concurrency, latency }) =>
    present({
      rate,
      peak: burst === undefined ? undefined : (rate ?? 1) * burst,
      handler:
        mean === undefined
          ? undefined
          : { mean: `${mean} ms`, p95: tail === undefined ? undefined : `${Math.ceil(mean * tail)} ms`, concurrency },
      latency: latency === undefined ? undefined : { p95: `${latency} ms` },
    } as unknown as Load),
  );

const topologies: fc.Arbitrary<Topology> = arbitraryTopology().chain((topology) => {
  const names = Object.keys(topology.services ?? {});
  return fc
    .array(fc.record({ load: optional(load), pinned: fc.boolean() }), { minLength: names.length, maxLength: names.length })
    .map((drawn): Topology => ({
      ...topology,
      services: Object.fromEntries(
        names.map((name, at): [string, Service] => {
          const { replicas, ...rest } = topology.services?.[name] ?? {};
          const { load: has, pinned } = drawn[at] ?? { load: undefined, pinned: false };
          return [name, { ...rest, ...(has ? { load: has } : {}), ...(pinned && replicas ? { replicas } : {}) }];
        }),
      ),
    }));
});

const autoscaling = fc
  .record({
    kind: fc.constantFrom("keda" as const, "hpa" as const, "none" as const),
    sizing: fc.constantFrom("computed" as const, "topology" as const),
    min: fc.integer({ min: 0, max: 5 }),
    perReplica: fc.integer({ min: 1, max: 500 }),
    cpu: fc.constantFrom(0, 50),
    scaleToZero: fc.boolean(),
  })
  .map((drawn) => ({ autoscaling: drawn }) satisfies ProdInput);

const CONFIGURED = {
  ...{ replicas: "configured", perReplica: "configured", prefetch: "configured", concurrency: "configured" },
  handlerSeconds: "configured",
} as const;

describe("numbers", () => {
  it("can be deployed, whatever the topology and its loads are", () => {
    fc.assert(
      fc.property(topologies, autoscaling, (topology, input) => {
        const settings = readProdSettings(input);
        for (const part of servicesOf([topology], settings)) {
          const { replicas, thresholds, prefetch, concurrency, handlerSeconds, queues } = part;
          expect(Number.isInteger(replicas.min) && Number.isInteger(replicas.max)).toBe(true);
          // None is a start only where something brings the first one back.
          if (replicas.min < 1)
            expect([scalingOf(part, settings), queues.length > 0, settings.autoscaling.scaleToZero]).toEqual(["keda", true, true]);
          expect(replicas.max).toBeGreaterThanOrEqual(Math.max(1, replicas.min));
          expect([...thresholds.keys()]).toEqual([...new Set(queues)]);
          for (const value of thresholds.values()) expect(Number.isInteger(value) && value >= 1).toBe(true);
          expect(handlerSeconds).toBeGreaterThanOrEqual(30);
          // What a worker is told, it takes.
          const told = workerSettings({
            ...(prefetch === undefined ? {} : { RABBITMQ_DEFAULT_PREFETCH_COUNT: String(prefetch) }),
            ...(concurrency === undefined ? {} : { WARREN_CONCURRENCY: String(concurrency) }),
          });
          expect(told.prefetch).toBe(prefetch ?? 100);
          if (concurrency !== undefined && prefetch !== undefined) expect(prefetch).toBeGreaterThanOrEqual(concurrency);
        }
      }),
      RUNS,
    );
  });

  it("are those that are configured, always", () => {
    const configured = fc
      .record({
        replicas: fc.record({
          min: fc.integer({ min: 1, max: 3 }),
          max: fc.integer({ min: 3, max: 40 }),
          perReplica: fc.integer({ min: 100, max: 999 }),
          cpu: optional(fc.integer({ min: 1, max: 100 })),
        }),
        prefetch: fc.integer({ min: 1, max: 999 }),
        concurrency: fc.integer({ min: 1, max: 999 }),
        handlerSeconds: fc.integer({ min: 0, max: 999 }),
      })
      .map(present);
    fc.assert(
      fc.property(topologies, autoscaling, configured, (topology, input, own) => {
        const services = { [topology.name]: Object.fromEntries(Object.keys(topology.services ?? {}).map((name) => [name, own])) };
        const settings = readProdSettings({ ...input, services });
        for (const part of servicesOf([topology], settings)) {
          const { cpu = input.autoscaling.cpu || undefined, ...replicas } = own.replicas as Replicas;
          const { within, from } = part;
          // Where nothing scales, what is configured has room for what is computed.
          const fixed = within && { min: part.replicas.min, max: part.replicas.min };
          expect(part.replicas).toEqual({ ...replicas, ...fixed, ...(cpu === undefined ? {} : { cpu }) });
          expect([part.prefetch, part.concurrency, part.handlerSeconds]).toEqual([own.prefetch, own.concurrency, own.handlerSeconds]);
          expect(from).toEqual({ ...CONFIGURED, ...(within ? { replicas: "computed" } : {}) });
          if (within) {
            expect([scalingOf(part, settings), within]).toEqual(["none", { min: replicas.min, max: replicas.max, from: "configured" }]);
            expect(part.replicas.min).toBeGreaterThan(replicas.min);
            expect(part.replicas.min).toBeLessThanOrEqual(replicas.max);
          }
          if (topology.services?.[part.service]?.consumes?.length === 1 && part.thresholds.size === 1)
            expect([...part.thresholds.values()]).toEqual([own.replicas.perReplica]);
        }
      }),
      RUNS,
    );
  });

  it("are the topology's before they are computed, and computed where its load says what they stand on", () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const sized = size(topology);
        for (const { service, from, within, replicas, prefetch, concurrency, thresholds } of servicesOf([topology], readProdSettings({}))) {
          const { replicas: pinned, load: has } = topology.services?.[service] ?? {};
          const said = has?.handler?.concurrency !== undefined;
          if (pinned && within)
            expect([from.replicas, within]).toEqual(["computed", { min: pinned.min, max: pinned.max, from: "topology" }]);
          else if (pinned) expect([from.replicas, replicas]).toEqual(["topology", { ...pinned, min: Math.max(1, pinned.min) }]);
          else if (!said || (has.rate === undefined && has.peak === undefined))
            expect([from.replicas, replicas.min]).toEqual(["default", 2]);
          if (!said) expect([from.prefetch, prefetch, from.concurrency, concurrency]).toEqual(["default", undefined, "default", undefined]);
          if (from.replicas === "computed" && !within) {
            const { min, max } = sized[service]?.computed ?? { min: 0, max: 0 };
            expect([Math.max(2, min), Math.max(2, max)]).toContain(replicas.min);
            expect(replicas.max).toBeGreaterThanOrEqual(max);
            expect(replicas.max).toBeLessThanOrEqual(Math.max(4, max));
          }
          if (from.prefetch === "computed") expect(prefetch).toBe(Math.min(65_535, sized[service]?.prefetch ?? 0));
          if ((has?.rate ?? has?.peak) !== undefined && from.perReplica !== "default")
            for (const [queue, value] of thresholds) expect(value).toBe(sized[service]?.queues[queue]?.perReplica);
        }
      }),
      RUNS,
    );
  });

  it("follow from nothing that is assumed alone", () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const bare = {
          ...topology,
          services: Object.fromEntries(
            Object.keys(topology.services ?? {}).map((name) => [name, { ...topology.services?.[name], load: {} }]),
          ),
        };
        const without = {
          ...bare,
          services: Object.fromEntries(Object.entries(bare.services).map(([name, { load: _, ...rest }]) => [name, rest])),
        };
        const numbers = (of: Topology) => servicesOf([of], readProdSettings({})).map(({ topology: _, ...part }) => part);
        const strip = (parts: ReturnType<typeof numbers>) =>
          parts.map(({ replicas, thresholds, prefetch, concurrency, from }) => ({ replicas, thresholds, prefetch, concurrency, from }));
        expect(strip(numbers(bare))).toEqual(strip(numbers(without)));
        const off = servicesOf([topology], readProdSettings({ autoscaling: { sizing: "topology" } }));
        expect(off.flatMap(({ from }) => Object.values(from))).not.toContain("computed");
      }),
      RUNS,
    );
  });
});

const partOf = (
  service: Service,
  input: ProdInput = {},
  queues: Topology["queues"] = { a: { type: "quorum" }, b: { type: "quorum" } },
): ServicePart => {
  const [part] = servicesOf([{ name: "shop", queues, services: { s: service } }], readProdSettings(input));
  if (!part) throw new Error("there is no service");
  return part;
};
const LOAD = {
  rate: 40,
  peak: 100,
  handler: { mean: "1 second", p95: "3 seconds", concurrency: 10 },
  latency: { p95: "20 seconds" },
} as const;

describe("a service with a load", () => {
  it("is given what comes out of it", () => {
    const { replicas, prefetch, concurrency, from } = partOf({ consumes: ["a"], load: LOAD });
    expect({ replicas, prefetch, concurrency }).toEqual({ replicas: { min: 2, max: 17, perReplica: 100 }, prefetch: 10, concurrency: 10 });
    expect(from).toEqual({
      ...{ replicas: "computed", perReplica: "computed", prefetch: "computed", concurrency: "computed" },
      handlerSeconds: "default",
    });
  });

  it("has a threshold for each queue by what comes through it, also where the sum is said elsewhere", () => {
    const two: Service = { consumes: ["a", "b"], load: { ...LOAD, rate: { a: 30, b: 10 } } };
    expect([...partOf(two).thresholds]).toEqual([
      ["a", 75],
      ["b", 25],
    ]);
    expect([...partOf({ ...two, replicas: { min: 1, max: 4, perReplica: 8 } }).thresholds]).toEqual([
      ["a", 6],
      ["b", 2],
    ]);
    const configured = { services: { shop: { s: { replicas: { min: 1, max: 9, perReplica: 40 } } } } };
    expect([...partOf(two, configured).thresholds]).toEqual([
      ["a", 30],
      ["b", 10],
    ]);
    // Of what nobody says how it is shared, each queue may be the one that everything comes through.
    expect([...partOf({ consumes: ["a", "b"], replicas: { min: 1, max: 4, perReplica: 8 } }).thresholds]).toEqual([
      ["a", 8],
      ["b", 8],
    ]);
    const quiet: Service = { consumes: ["a", "b"], load: { ...LOAD, rate: { a: 30 } } };
    // Through b nothing comes, as far as is known; if it does, it is looked at.
    expect([...partOf(quiet).thresholds]).toEqual([
      ["a", 100],
      ["b", 100],
    ]);
    expect([...partOf({ consumes: ["a", "b"] }).thresholds]).toEqual([
      ["a", 100],
      ["b", 100],
    ]);
  });

  it("has a pod to spare and room for more, and as many as the busiest time needs where nothing scales", () => {
    const small: Service = { consumes: ["a"], load: { ...LOAD, rate: 1, peak: 2 } };
    expect(partOf(small).replicas).toMatchObject({ min: 2, max: 4 });
    expect(partOf(small, { autoscaling: { min: 1 } }).replicas).toMatchObject({ min: 1, max: 2 });
    expect(partOf({ consumes: ["a"], load: LOAD }, { autoscaling: { kind: "none" } }).replicas).toMatchObject({ min: 17, max: 17 });
  });

  it("has what the busiest time needs of the replicas that are said, where nothing scales it", () => {
    const none = (replicas: Replicas, input: ProdInput = {}, own: object = {}) => {
      const settings = { services: { shop: { s: own } }, ...input, autoscaling: { kind: "none" as const, ...input.autoscaling } };
      return partOf({ consumes: ["a"], load: LOAD, replicas }, settings);
    };
    // 17 come out of its load.
    const { replicas, from, within } = none({ min: 2, max: 20 });
    expect([replicas, from.replicas, within]).toEqual([
      { min: 17, max: 17, perReplica: 100 },
      "computed",
      { min: 2, max: 20, from: "topology" },
    ]);
    expect(none({ min: 2, max: 9 }).replicas.min).toBe(9);
    expect(none({ min: 1, max: 1 })).toMatchObject({ replicas: { min: 1 }, from: { replicas: "topology" } });
    expect(none({ min: 18, max: 30 })).toMatchObject({ replicas: { min: 18 }, from: { replicas: "topology" } });
    expect(none({ min: 1, max: 2 }, {}, { replicas: { min: 3, max: 12 } })).toMatchObject({
      replicas: { min: 12 },
      within: { min: 3, max: 12, from: "configured" },
    });
    // Of what is assumed, or is not to be computed, nothing follows.
    expect(none({ min: 2, max: 20 }, { autoscaling: { sizing: "topology" } }).replicas.min).toBe(2);
    expect(partOf({ consumes: ["a"], replicas: { min: 2, max: 20 } }, { autoscaling: { kind: "none" } }).replicas.min).toBe(2);
    // An autoscaler finds the number itself.
    expect(partOf({ consumes: ["a"], load: LOAD, replicas: { min: 2, max: 20 } }).replicas).toMatchObject({ min: 2, max: 20 });
  });

  it("has more pods where CPU is meant to be less used", () => {
    expect(partOf({ consumes: ["a"], load: LOAD }, { autoscaling: { cpu: 40 } }).replicas).toMatchObject({ max: 34, cpu: 40 });
  });

  it("is computed for the number at a time that is configured, by whichever name", () => {
    const at = (own: object) => partOf({ consumes: ["a"], load: LOAD }, { services: { shop: { s: own } } });
    for (const own of [{ concurrency: 20 }, { env: { WARREN_CONCURRENCY: "20" } }])
      expect(at(own)).toMatchObject({ concurrency: 20, prefetch: 20, replicas: { max: 9, perReplica: 200 } });
    expect(at({ env: { RABBITMQ_DEFAULT_PREFETCH_COUNT: "7" } })).toMatchObject({ prefetch: 7, from: { prefetch: "configured" } });
  });

  it("that may have no pod has one where nothing would bring it back", () => {
    const idle: Service = { consumes: ["a"], replicas: { min: 0, max: 4, cpu: 50 } };
    const least = (of: Service, kind: "keda" | "hpa" | "none") =>
      partOf(of, { autoscaling: { scaleToZero: true, kind } }, { a: { type: "quorum" }, b: { type: "stream" } }).replicas.min;
    expect([least(idle, "keda"), least(idle, "hpa"), least(idle, "none"), least({ ...idle, consumes: ["b"] }, "keda")]).toEqual([
      0, 1, 1, 1,
    ]);
  });

  it("is told no more deliveries than AMQP counts", () => {
    const quick: Service = { consumes: ["a"], load: { handler: { mean: "1 ms", concurrency: 10_000 } } };
    expect(partOf(quick)).toMatchObject({ prefetch: 65_535, concurrency: 10_000 });
  });

  it("has time to end its slowest handler", () => {
    expect(partOf({ consumes: ["a"], load: { ...LOAD, handler: { mean: "40 seconds", p95: "1 minute", concurrency: 1 } } })).toMatchObject({
      handlerSeconds: 89,
      from: { handlerSeconds: "computed" },
    });
    expect(partOf({ consumes: ["a"] }).handlerSeconds).toBe(30);
  });

  it("that more pods would not help has a fixed number of them", () => {
    const single: Topology["queues"] = { a: { type: "quorum", singleActiveConsumer: true }, b: { type: "stream" } };
    expect(partOf({ consumes: ["a"], load: LOAD }, {}, single)).toMatchObject({
      replicas: { min: 2, max: 2 },
      from: { replicas: "default" },
    });
    expect(partOf({ consumes: ["b"], load: LOAD }, {}, single)).toMatchObject({
      replicas: { min: 2, max: 2 },
      from: { replicas: "default" },
    });
    expect(partOf({ consumes: ["a"] }, {}, single).replicas).toMatchObject({ min: 2, max: 2 });
  });

  it("keeps the topology's messages a replica where other replicas are configured, and not its CPU", () => {
    const pinned: Service = { consumes: ["a"], replicas: { min: 1, max: 4, perReplica: 8, cpu: 70 } };
    const services = { shop: { s: { replicas: { min: 2, max: 3 } } } };
    expect(partOf(pinned, { services })).toMatchObject({
      replicas: { min: 2, max: 3, perReplica: 8 },
      from: { replicas: "configured", perReplica: "topology" },
    });
    expect(partOf(pinned, { services }).replicas).not.toHaveProperty("cpu");
  });
});

it("the table says where each number comes from", () => {
  const settings = readProdSettings({ services: { shop: { s: { image: "shop/s:1", prefetch: 50 }, t: { image: "shop/t:1" } } } });
  const parts = servicesOf(
    [
      {
        name: "shop",
        queues: { a: { type: "quorum" }, b: { type: "quorum" } },
        services: { s: { consumes: ["a", "b"], load: { ...LOAD, rate: { a: 30, b: 10 } } }, t: { consumes: ["a"] }, u: { publishes: [] } },
      },
    ],
    settings,
  );
  expect(
    numbersTable(parts, settings)
      .split("\n")
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ["", "replicas", "messages a replica", "CPU", "prefetch", "at a time", "slowest handler"],
    ["shop-s", "2 - 17 computed", "100 computed (a 75, b 25)", "50 configured", "10 computed", "30 s default"],
    ["shop-t", "2 - 10 default", "100 default", "default", "default", "30 s default"],
  ]);
  const fixed = readProdSettings({ autoscaling: { kind: "none" }, services: { shop: { s: { image: "shop/s:1" } } } });
  const [part] = servicesOf(
    [{ name: "shop", queues: { a: { type: "quorum" } }, services: { s: { consumes: ["a"], load: LOAD, replicas: { min: 2, max: 9 } } } }],
    fixed,
  );
  expect(part && numbersTable([part], fixed)).toContain("shop-s  9 computed (of 2 - 9 topology)");
  expect(numbersTable([], settings)).toBe("");
});
