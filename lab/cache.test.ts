// The cache: a folder is filled once, whole or not at all, by whoever comes first.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { fillOnce } from "./cache.js";

const base = mkdtempSync(join(tmpdir(), "warren-cache-"));
let folder = "";
let number = 0;
beforeEach(() => {
  folder = join(base, String(number++), "tool-1.0");
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const around = (): string[] => readdirSync(join(folder, "..")).sort();
const quiet = (): void => undefined;
/** The number of a process that cannot be: above the largest that Linux gives. */
const nobody = 2 ** 22 + 1;

test("fills a folder once", async () => {
  let times = 0;
  const fill = async (temporary: string): Promise<void> => {
    times++;
    writeFileSync(join(temporary, "tool"), "whole");
  };
  await fillOnce(folder, quiet, fill);
  await fillOnce(folder, quiet, fill);
  expect(times).toBe(1);
  expect(readFileSync(join(folder, "tool"), "utf8")).toBe("whole");
  expect(around()).toEqual(["tool-1.0"]);
});

test("a failure leaves nothing, and the next one succeeds", async () => {
  const failing = fillOnce(folder, quiet, async (temporary) => {
    writeFileSync(join(temporary, "tool"), "half");
    throw new Error("disk full");
  });
  await expect(failing).rejects.toThrow("disk full");
  expect(around()).toEqual([]);
  await fillOnce(folder, quiet, async () => undefined);
  expect(around()).toEqual(["tool-1.0"]);
});

test("a folder that is not whole is replaced, but only when its successor is", async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "old"), "");
  const isWhole = (): boolean => existsSync(join(folder, "tool"));
  const failing = async (): Promise<void> => {
    throw new Error("no network");
  };
  await expect(fillOnce(folder, quiet, failing, isWhole)).rejects.toThrow("no network");
  expect(readdirSync(folder)).toEqual(["old"]);
  await fillOnce(folder, quiet, async (temporary) => writeFileSync(join(temporary, "tool"), ""), isWhole);
  expect(readdirSync(folder)).toEqual(["tool"]);
});

test("what a killed process left, lock and half-filled folder, is cleared away", async () => {
  mkdirSync(`${folder}.partial-${nobody}`, { recursive: true });
  writeFileSync(`${folder}.lock`, String(nobody));
  await fillOnce(folder, quiet, async () => undefined);
  expect(around()).toEqual(["tool-1.0"]);
});

test("a lock that nobody has touched for long is nobody's, though its number is in use again", async () => {
  mkdirSync(join(folder, ".."), { recursive: true });
  writeFileSync(`${folder}.lock`, String(process.ppid));
  const longAgo = new Date(Date.now() - 120_000);
  utimesSync(`${folder}.lock`, longAgo, longAgo);
  await fillOnce(folder, quiet, async () => undefined);
  expect(around()).toEqual(["tool-1.0"]);
});

test("a living process that fills the same folder is waited for", async () => {
  mkdirSync(join(folder, ".."), { recursive: true });
  // The test's parent stands for the other set-up.
  writeFileSync(`${folder}.lock`, String(process.ppid));
  const said = new Set<string>();
  setTimeout(() => mkdirSync(folder), 300);
  await fillOnce(
    folder,
    (activity) => said.add(activity),
    async () => {
      throw new Error("filled twice");
    },
  );
  expect([...said]).toEqual([`waiting for another set-up (process ${process.ppid}) that makes the same`]);
  expect(existsSync(`${folder}.lock`)).toBe(true);
});
