/** Waiting times: they double, are bounded, and differ; and what is waited for at most so long. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { waitBefore, within } from "./backoff.js";

test("between half of the doubled minimum and all of it, never above the maximum", () => {
  fc.assert(
    fc.property(
      fc.nat(200),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1000, max: 60_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, min, max, random) => {
        const full = Math.min(max, min * 2 ** Math.min(attempt, 30));
        const wait = waitBefore(attempt, { min, max }, () => random);
        expect(wait).toBeGreaterThanOrEqual(full / 2);
        expect(wait).toBeLessThanOrEqual(full);
      },
    ),
  );
});

test("100 ms to 30 s where nothing is said", () => {
  expect(waitBefore(0, undefined, () => 1)).toBe(100);
  expect(waitBefore(50, undefined, () => 1)).toBe(30_000);
});

test("what comes in time ends the waiting, with nothing left that keeps the process", async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  expect(await within(60_000, Promise.resolve("done"))).toBe("done");
  await expect(within(60_000, Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(timers()).toBe(before);
  expect(await within(5, new Promise(() => undefined))).toBeUndefined();
  expect(await within(5, undefined)).toBeUndefined();
});
