import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, duration, maxAge, milliseconds, millisecondsOfMaxAge, size } from "./durations.js";

describe("durations", () => {
  it.each([
    ["0 ms", 0],
    ["500 ms", 500],
    ["1 second", 1000],
    ["1.5 seconds", 1500],
    ["1.1 seconds", 1100],
    ["24 hours", 86_400_000],
    ["7 days", 604_800_000],
  ])("%s is %d ms", (text, ms) => expect(milliseconds(text)).toBe(ms));

  it.each(["", "5", "5s", "-1 seconds", "1 fortnight", "1e3 ms", "0.5 ms", " 1 ms", "1  ms", "1 constructor", 5, null, undefined, {}])(
    "%j is none",
    (text) => expect(milliseconds(text)).toBeUndefined(),
  );

  it("are written so that they read back the same", () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 40 }), (ms) => void expect(milliseconds(duration(ms))).toBe(ms)));
  });

  it.each([
    [0, "0 ms"],
    [1000, "1 second"],
    [90_000, "90 seconds"],
    [86_400_000, "24 hours"],
    [172_800_000, "2 days"],
  ])("%d ms are written %s", (ms, text) => expect(duration(ms)).toBe(text));
});

describe("sizes", () => {
  it.each([
    ["512 bytes", 512],
    ["10 MB", 10_000_000],
    ["2 GiB", 2 ** 31],
  ])("%s is %d bytes", (text, count) => expect(bytes(text)).toBe(count));

  it.each(["2 TB", "0.1 bytes", "2GiB", 3])("%j is none", (text) => expect(bytes(text)).toBeUndefined());

  it("are written so that they read back the same", () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 40 }), (count) => void expect(bytes(size(count))).toBe(count)));
  });
});

describe("x-max-age", () => {
  it("has the largest exact unit, and reads back the same", () => {
    expect(maxAge(604_800_000)).toBe("7D");
    expect(maxAge(5_400_000)).toBe("90m");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 7 }), (s) => void expect(millisecondsOfMaxAge(maxAge(s * 1000) ?? "")).toBe(s * 1000)),
    );
  });

  it("has no part of a second, and not zero", () => {
    expect(maxAge(1500)).toBeUndefined();
    expect(maxAge(0)).toBeUndefined();
    expect(millisecondsOfMaxAge("7d")).toBeUndefined();
  });
});
