// Versions: found in a tool's output, ordered part by part.
import { expect, test } from "vitest";
import fc from "fast-check";
import { compareVersions, findVersion } from "./version.js";

test.each([
  ["v3.257.0\n", "3.257.0"],
  ["v3.258.0-alpha.1+dirty", "3.258.0"],
  ["3.200.0", "3.200.0"],
  ["Docker version 28.2.2, build e6534b4", "28.2.2"],
  ["no version here, only 7", undefined],
])("%j holds %j", (text, expected) => {
  expect(findVersion(text)).toBe(expected);
});

test.each([
  ["3.9.0", "3.200.0", -1],
  ["3.200.0", "3.200", 0],
  ["4.0", "3.257.0", 1],
  ["3.257.1", "3.257.0", 1],
])("%s against %s", (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});

test("the order is the order of the numbers, and swapping the sides swaps the sign", () => {
  const version = fc.array(fc.nat(400), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(version, version, (a, b) => {
      const forth = compareVersions(a.join("."), b.join("."));
      expect(Math.sign(forth) + Math.sign(compareVersions(b.join("."), a.join(".")))).toBe(0);
      const first = [0, 1, 2, 3].map((index) => (a[index] ?? 0) - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
      expect(Math.sign(forth)).toBe(Math.sign(first));
    }),
  );
});
