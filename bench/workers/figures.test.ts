/** Medians of paired rounds, and what is read from PerfTest's lines. */
import { expect, test } from "vitest";
import { median, Table, type Figures } from "./figures.js";
import { ratesOf } from "./perf-test.js";

const figures = (perSecond: number): Figures => ({ perSecond, p50: 1, p99: 2, cpu: undefined, brokerCpu: 3, rssMb: 4 });

test("a median is the middle one, or between the two in the middle", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([10, 1, 2, 4])).toBe(3);
});

test("a ratio compares figures of the same round, and leaves out rounds that one has not", () => {
  const table = new Table();
  [100, 200, 400].forEach((rate, round) => table.add("publish quorum 100", "one", round, figures(rate)));
  [50, 400].forEach((rate, round) => table.add("publish quorum 100", "other", round, figures(rate)));
  expect(table.median("publish quorum 100", "one", "perSecond")).toBe(200);
  expect(table.ratio("publish quorum 100", "one", "other", "perSecond")).toBe(1.25);
  expect(table.ratio("publish quorum 100", "one", "nobody", "perSecond")).toBeUndefined();
  expect(table.median("publish quorum 100", "one", "cpu")).toBeUndefined();
});

test("PerfTest's rates are those of its whole seconds, without the first and the last", () => {
  const line = (time: number, sent: number, received: number): string =>
    `id: bench, time ${time}.000 s, sent: ${sent} msg/s, received: ${received} msg/s, min/median/75th/95th/99th consumer latency: 1/${time * 10}/25/30/${time * 100} ms`;
  const text = ["id: bench, starting producer #0", line(1, 10, 5), line(2, 200, 150), line(3, 400, 250), line(4, 90, 80)].join("\n");
  expect(ratesOf(text, "sent").perSecond).toBe(300);
  expect(ratesOf(text, "received")).toEqual({ perSecond: 200, p50: 25, p99: 250 });
  expect(() => ratesOf("id: bench, sending rate avg: 0 msg/s", "sent")).toThrow("no rate");
});
