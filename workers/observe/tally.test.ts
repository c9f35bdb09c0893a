import { Counter, Histogram, Registry } from "prom-client";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ComputedFamily, CounterFamily, family, HistogramFamily } from "./tally.js";

const lines = (text: string) => text.split("\n").filter(Boolean).sort();

describe("a family", () => {
  it("reads as a metric of prom-client with the same values", async () => {
    const value = fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.constantFrom(0.5, 1, 10));
    const event = fc.record({ queue: fc.constantFrom("a", 'b"\\', "c\n"), value });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 50 }), async (happened) => {
        const [ours, theirs] = [new Registry(), new Registry()];
        const bounds = [0.5, 1, 10];
        const counter = family(ours, new CounterFamily("c_total", "Help."));
        const histogram = family(ours, new HistogramFamily("h", "Help.", bounds));
        const theirCounter = new Counter({ name: "c_total", help: "Help.", labelNames: ["queue"], registers: [theirs] });
        const theirHistogram = new Histogram({ name: "h", help: "Help.", labelNames: ["queue"], buckets: bounds, registers: [theirs] });
        for (const { queue, value: much } of happened) {
          counter.line({ queue }).value += much;
          histogram.line({ queue }).observe(much);
          theirCounter.inc({ queue }, much);
          theirHistogram.observe({ queue }, much);
        }
        expect(lines(await ours.metrics())).toEqual(lines(await theirs.metrics()));
        const rows = async (registry: Registry) =>
          (await registry.getMetricsAsJSON()).flatMap(({ values }) => values.map(({ labels, value: is }) => ({ labels, value: is })));
        expect(await rows(ours)).toEqual(await rows(theirs));
      }),
      { numRuns: 40 },
    );
  });

  it("reads in OpenMetrics' format too", async () => {
    const registry = new Registry();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    family(registry, new CounterFamily("c_total", "Help.")).line({}).value += 2;
    expect(await registry.metrics()).toBe("# HELP c Help.\n# TYPE c counter\nc_total 2\n# EOF\n");
  });

  it("is shared by those who ask for the same name, and not taken from others", () => {
    const registry = new Registry();
    const one = family(registry, new CounterFamily("c_total", "Help."));
    expect(family(registry, new CounterFamily("c_total", "Help."))).toBe(one);
    expect(() => family(registry, new HistogramFamily("c_total", "Help.", [1]))).toThrow("already been registered");
    expect(one.line({ a: "1", b: "2" })).toBe(one.line({ b: "2", a: "1" }));
  });

  it("computed: merges what has the same labels", async () => {
    const registry = new Registry();
    const summed = family(registry, new ComputedFamily("g", "Help."));
    const least = family(registry, new ComputedFamily("m", "Help.", "gauge", Math.min));
    for (const value of [1, 4]) {
      summed.add(() => [[{ q: "a" }, value]]);
      least.add(() => [[{ q: "a" }, value]]);
    }
    expect(await registry.metrics()).toContain('g{q="a"} 5');
    expect(await registry.metrics()).toContain('m{q="a"} 1');
  });

  it("is not spoilt by what is no number, and can be reset", async () => {
    const registry = new Registry();
    const histogram = family(registry, new HistogramFamily("h", "Help.", [1]));
    for (const value of [NaN, Infinity, 0.5]) histogram.line({}).observe(value);
    expect(await registry.metrics()).toContain("h_sum 0.5");
    registry.resetMetrics();
    expect(await registry.metrics()).toContain("h_count 0");
  });
});
