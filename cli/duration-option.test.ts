/** Lengths of time on the command line. */
import { expect, test } from "vitest";
import { durationOption, roughly } from "./duration-option.js";

test.each([
  ["10s", 10_000],
  ["500ms", 500],
  ["5m", 300_000],
  ["1h", 3_600_000],
  ["1.5h", 5_400_000],
  ["7d", 604_800_000],
  ["24 hours", 86_400_000],
])("%s", (text, ms) => expect(durationOption("--for", text)).toBe(ms));

test.each(["", "10", "h", "-1h", "1 h", "1w"])("%j is none", (text) => {
  expect(() => durationOption("--for", text)).toThrow(/--for is .* no length of time[^]*allowed: 10s/);
});

test.each([
  [0, "0 seconds"],
  [999, "0 seconds"],
  [1500, "1 second"],
  [119_999, "119 seconds"],
  [3 * 3_600_000 + 5, "3 hours"],
  [26 * 3_600_000, "26 hours"],
  [50 * 3_600_000, "2 days"],
])("%d ms is %s", (ms, text) => expect(roughly(ms)).toBe(text));
