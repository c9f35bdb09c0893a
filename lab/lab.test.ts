// The small pure parts of the lab: templates, mirrors, disks, choices, counts, times; and the pins that belong together.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readMirror } from "./apt.js";
import { GB, formatBytes, needSpace } from "./disk.js";
import { fillText } from "./go.js";
import { checkout } from "./places.js";
import { formatElapsed } from "./steps.js";
import { systemChoice } from "./system-choice.js";
import { countVitest } from "./test-count.js";
import { versions } from "./versions.js";

describe("templates", () => {
  test("are filled", () => expect(fillText("v@A@ and @B@ and @A@", { A: "1", B: "2" })).toBe("v1 and 2 and 1"));
  test("name nothing without a value", () => expect(() => fillText("@A@", {})).toThrow("@A@"));
  test("leave no value unused", () => expect(() => fillText("x", { A: "1" })).toThrow("@A@"));
});

test("the mirror is that of Debian's own archive, not of another one", () => {
  const targets =
    "http://a.invalid/security/ Debian Debian-Security\nhttp://b.invalid/x Google Cloud\nhttp://c.invalid/debian/ Debian Debian\n";
  expect(readMirror(targets)).toBe("http://c.invalid/debian/");
  expect(readMirror("http://u.invalid/ubuntu Ubuntu Ubuntu\n")).toBeUndefined();
});

test("a full disk is said before the work, with what is needed and what is there", () => {
  expect(() => needSpace("Building", "/somewhere", 4 * GB, 1.5 * GB)).toThrow(
    "Building needs 4.0 GB of free space at /somewhere, and there are 1.5 GB",
  );
  expect(() => needSpace("Building", "/somewhere", 4 * GB, 4 * GB)).not.toThrow();
  expect(formatBytes(12_345_678)).toBe("12 MB");
});

test.each([
  [40, "0.0s"],
  [9_949, "9.9s"],
  [9_951, "10s"],
  [59_400, "59s"],
  [59_600, "1m00s"],
  [192_000, "3m12s"],
])("%d ms are %s", (ms, text) => expect(formatElapsed(ms)).toBe(text));

describe("the choice of a system", () => {
  const choose = (system?: string, all?: boolean): string | undefined =>
    systemChoice({ ...(system === undefined ? {} : { system }), ...(all === undefined ? {} : { all }) }, checkout);
  test("is a name, all, or nothing", () => {
    expect([choose("debias"), choose(undefined, true), choose()]).toEqual(["debias", "all", undefined]);
  });
  test("is a file, from where the user stands, with the export that is wanted", () => {
    expect(choose("./package.json")).toBe(join(checkout, "package.json"));
    expect(choose("./package.ts#one")).toBe(join(checkout, "package.ts#one"));
  });
  test("proposes the near name", () => expect(() => choose("debais")).toThrow('did you mean "debias"?'));
  test("names all that there are", () =>
    expect(() => choose("nothing-like-it")).toThrow("contextiq, debias, fo-analytics, cgcg, stage7, all"));
  test("says which file is not there", () => expect(() => choose("./no/such.ts")).toThrow("no/such.ts"));
  test("is wrong use with both", () => expect(() => choose("debias", true)).toThrow("exclude each other"));
});

describe("the count of a test run", () => {
  const report = (passed: number, failed: number): string =>
    JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: 1 });
  test("is that of the report", () => expect(countVitest(report(5, 2), 1)).toEqual({ passed: 5, failed: 2, skipped: 1 }));
  test("has a failure when only the run failed", () => expect(countVitest(report(5, 0), 1)).toEqual({ passed: 5, failed: 1, skipped: 1 }));
  test("has a failure when there is no report", () => expect(countVitest(undefined, 1).failed).toBe(1));
});

describe("pins", () => {
  const lock = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8")) as { packages: Record<string, { version: string }> };
  test.each([
    ["pulumi", versions.engine.pinned],
    ["rabbitmq", versions.plugins.rabbitmq.version],
    ["docker", versions.plugins.docker.version],
    ["kubernetes", versions.plugins.kubernetes.version],
  ])("what is got for %s is of the version of its npm package", (name, version) => {
    expect(version).toBe(lock.packages[`node_modules/@pulumi/${name}`]?.version);
  });
  const files = readdirSync(join(__dirname, "image")).sort();
  const ofMonitoring = (name: string): boolean => name === "prometheus.sh";
  const packages = "../debian-packages.sh";
  test.each([
    ["broker", versions.broker.recipe, files.filter((name) => !ofMonitoring(name)), "1 2f47624b8ae9"],
    ["monitoring", versions.monitoring.recipe, [...files.filter(ofMonitoring), packages], "1 7e55be05a40a"],
  ])("the recipe of the %s image has another number when its files change", (_, recipe, names, known) => {
    const hash = createHash("sha256");
    for (const name of names) hash.update(name).update(readFileSync(join(__dirname, "image", name)));
    // Changed one of them? Raise the recipe in versions.ts, or machines with the old image keep it; then put the new hash here.
    expect(`${recipe} ${hash.digest("hex").slice(0, 12)}`).toBe(known);
  });
});
