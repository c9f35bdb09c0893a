/** Bodies that are made up, and latencies as people read them. */
import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { Message } from "../../topology/model.js";
import { systems } from "../../topology/systems/index.js";
import { givenBody, padded, sampleBody } from "./body.js";
import { latencyTable, plot, Recorder } from "./latencies.js";

describe("a body", () => {
  const messages = Object.values(systems).flatMap((system) => Object.entries<Message>(system.messages ?? {}));

  test.each(messages)("that is made up for %s fits its schema", (name, { schema }) => {
    expect(schema?.safeParse(sampleBody(name, schema)).success).toBe(true);
  });

  test("that cannot be made up is asked for", () => {
    expect(() => sampleBody("code", z.object({ code: z.string().regex(/^[A-Z]{3}-\d{4}$/) }))).toThrow(
      /No body that fits the schema of "code".*\n.*--body/,
    );
  });

  test("is as long as was asked for, to the byte", () => {
    const schema = z.object({ id: z.uuid(), n: z.int(), note: z.string() });
    fc.assert(
      fc.property(fc.integer({ min: 80, max: 5000 }), (bytes) => {
        const body = padded({ id: "7f2c2a52-5c1c-4c36-9a7b-0d3a2f7d9a10", n: 1, note: "ä" }, bytes, schema);
        expect(Buffer.byteLength(JSON.stringify(body))).toBe(bytes);
        expect(schema.safeParse(body).success).toBe(true);
      }),
    );
    expect(() => padded({ note: "x" }, 3, undefined)).toThrow("A body of 3 bytes cannot be made: it has 12 without padding.");
    expect(() => padded({ n: 1 }, 100, z.strictObject({ n: z.int() }))).toThrow("the schema has no text that may be longer");
    expect(Object.keys(padded({ n: 1 }, 100, undefined) as object)).toEqual(["n", "padding"]);
  });

  test("comes from the command or a file, and is JSON", () => {
    const cwd = mkdtempSync(join(tmpdir(), "warren-body-"));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    writeFileSync(join(cwd, "body.json"), '{"a": [1]}');
    expect(givenBody("@body.json", { cwd })).toEqual({ a: [1] });
    expect(givenBody("7", { cwd })).toBe(7);
    expect(() => givenBody("{a: 1}", { cwd })).toThrow(/^--body is no JSON/);
    expect(() => givenBody("@nowhere.json", { cwd })).toThrow('"nowhere.json" cannot be read (ENOENT).');
  });
});

describe("latencies", () => {
  test("keep their percentiles within a thousandth, and their order", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 500 }), (values) => {
        const recorder = new Recorder();
        for (const value of values) recorder.record(value);
        const sorted = [...values].sort((a, b) => a - b);
        const { count, p50, p90, p99, p999, max } = recorder.latencies;
        expect(count).toBe(values.length);
        expect([p50, p90, p99, p999, max]).toEqual([p50, p90, p99, p999, max].sort((a, b) => a - b));
        const median = sorted[Math.ceil(values.length / 2) - 1] ?? 0;
        expect(Math.abs(p50 - median)).toBeLessThanOrEqual(median / 500 + 0.002);
        expect(recorder.buckets().reduce((sum, each) => sum + each.count, 0)).toBe(values.length);
      }),
    );
  });

  test("are shown as a table and a plot", () => {
    const recorder = new Recorder();
    for (let n = 1; n <= 100; n++) recorder.record(n / 10);
    recorder.record(2000);
    expect(latencyTable([["to the confirm", recorder.latencies]])).toBe(
      ["                p50      p90      p99    p99.9   max", "to the confirm  5.10 ms  9.10 ms  10 ms  2.00 s  2.00 s"].join("\n"),
    );
    const lines = plot(recorder).split("\n");
    expect(lines[0]).toMatch(/^<= 0\.13 ms +# +1$/);
    expect(lines.at(-1)).toMatch(/^<= 2\.05 s +# +1$/);
    expect(Math.max(...lines.map((line) => line.match(/#/g)?.length ?? 0))).toBe(40);
    expect(plot(new Recorder())).toBe("");
    expect(new Recorder().latencies.max).toBe(0);
  });
});
