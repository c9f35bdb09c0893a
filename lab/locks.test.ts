// Locks of the stack: read, judged, removed when dead and never when held.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { clearLocks, isHeld, parseLock } from "./locks.js";

const folder = mkdtempSync(join(tmpdir(), "warren-locks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = '{"pid":11620,"username":"root","hostname":"vm","timestamp":"2026-11-21T12:00:56.30346673Z"}';

test("reads what the engine writes", () => {
  expect(parseLock(text)).toEqual({ pid: 11620, hostname: "vm", since: "2026-11-21T12:00:56.30346673Z" });
});

test.each(["", "{", "[]", '{"pid":"1","hostname":"vm"}', '{"pid":1}'])("takes %j for no lock", (broken) => {
  expect(parseLock(broken)).toBeUndefined();
});

test("is held while its process runs, or when it is another machine's", () => {
  const lock = { pid: 7, hostname: "here", since: "" };
  expect(isHeld(lock, "here", (pid) => pid === 7)).toBe(true);
  expect(isHeld(lock, "here", () => false)).toBe(false);
  expect(isHeld(lock, "elsewhere", () => false)).toBe(true);
});

test("a dead process's lock goes, with its file of attributes, and one line says so", async () => {
  const file = join(folder, "a.json");
  // The number of a process that lives but is no engine: the number was given again.
  writeFileSync(file, JSON.stringify({ pid: process.pid, hostname: hostname(), timestamp: "then" }));
  writeFileSync(`${file}.attrs`, "{}");
  const said: string[] = [];
  await clearLocks(folder, (line) => said.push(line));
  expect(existsSync(file) || existsSync(`${file}.attrs`)).toBe(false);
  expect(said).toEqual([`removed the stack lock of process ${process.pid}, which is gone (taken at then)`]);
});

test("another machine's lock stays and stops the run, with the file to delete", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "warren-locks-")), "b.json");
  writeFileSync(file, JSON.stringify({ pid: 1, hostname: "elsewhere.invalid", timestamp: "then" }));
  await expect(clearLocks(join(file, ".."), () => undefined)).rejects.toThrow(`delete ${file}`);
  expect(existsSync(file)).toBe(true);
  rmSync(join(file, ".."), { recursive: true });
});

test("no folder, no locks", async () => {
  await expect(clearLocks(join(folder, "none"), () => undefined)).resolves.toBeUndefined();
});
