/** Measured runs: what is read, what is refused, and how a simulation stands beside one. */
import { describe, expect, test } from "vitest";
import { compare, readMeasured, stepsOf } from "./measured.js";
import { plot } from "./plot.js";
import { simulate } from "./simulate.js";
import { amount, bars, clock, time } from "./words.js";

const CSV = "time,depth,replicas,messages\n100,250,2,250\n105,240,4,\n\n110,0,4,\n";

test("reads seconds from its begin, and what came when", () => {
  const run = readMeasured(CSV);
  expect(run).toEqual([
    { at: 0, depth: 250, replicas: 2, messages: 250 },
    { at: 5, depth: 240, replicas: 4 },
    { at: 10, depth: 0, replicas: 4 },
  ]);
  expect(stepsOf(run)).toEqual([{ at: 0, messages: 250 }]);
  expect(stepsOf(readMeasured("time,depth,replicas\n0,1,1\n1,1,1"))).toBeUndefined();
});

test.each([
  ["time,depth\n0,1\n1,1", 'no column "replicas"'],
  ["time,depth,pods\n0,1,1\n1,1,1", '"pods"'],
  ["time,depth,replicas\n0,1,1", "fewer than two lines"],
  ["time,depth,replicas\n0,1,1\n1,x,1", 'Line 3 of a measured run has "x" as depth'],
  ["time,depth,replicas\n0,1,1\n1,1", "other cells"],
  ["time,depth,replicas\n5,1,1\n1,1,1", "earlier"],
])("refuses %j", (text, said) => expect(() => readMeasured(text)).toThrow(said));

const simulation = simulate({
  ...{ steps: [{ at: 0, messages: 50 }], duration: 20, replicas: { min: 1, max: 1 }, concurrency: 5, handler: { mean: 2, p95: 2 } },
  ...{ resolution: 5, scaler: { kind: "none" } },
});

test("compares each measurement with the point at or after it", () => {
  // 50 messages, five at a time, two seconds each: 40 are left after five seconds, 25 after ten, 15 after fifteen.
  expect(simulation.points.map(({ depth }) => depth)).toEqual([40, 25, 15, 0]);
  const measured = [
    { at: 3, depth: 41, replicas: 1 },
    { at: 10, depth: 25, replicas: 2 },
    { at: 500, depth: 99, replicas: 1 },
  ];
  expect(compare(simulation, measured)).toEqual({
    ...{ points: 2, depth: 0.5, replicas: 0.5 },
    simulated: { depth: 50, replicas: 1 },
    measured: { depth: 99, replicas: 2 },
  });
});

describe("the picture", () => {
  const drawn = plot([{ title: 'a <b> "c"', simulation, target: 3, measured: [{ at: 0, depth: 200, replicas: 3 }] }]);

  test("is the same for the same run, escapes names, and has both series and colours for the dark", () => {
    expect(plot([{ title: 'a <b> "c"', simulation, target: 3, measured: [{ at: 0, depth: 200, replicas: 3 }] }])).toBe(drawn);
    expect(drawn).not.toContain("<b>");
    expect(drawn.match(/class="line"/g)).toHaveLength(4);
    expect(drawn.match(/<path class="measured"/g)).toHaveLength(2);
    expect(drawn).toContain("prefers-color-scheme:dark");
    expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("has room for what was measured", () => expect(drawn).toContain(">200<"));
});

test("numbers as people read them", () => {
  expect([0, 0.14, 12.5, 833, 15_000, 2_340_000].map(amount)).toEqual(["0", "0.14", "12.5", "833", "15 k", "2.3 M"]);
  expect([0, 0.0204, 2, 90, 600, 10_000, Infinity].map(time)).toEqual(["0 ms", "20.4 ms", "2 s", "90 s", "10 min", "2.8 h", "endless"]);
  expect([clock(50_700, 86_400), clock(65, 600)]).toEqual(["14:05", "1:05"]);
  expect(bars([0, 1, 2, 4], 4)).toBe("▁▃▅█");
  expect(bars([0, 0], 10)).toBe("▁▁");
});
