/** Processes that share one file and are killed in the middle of their commits: every effect is there, once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { expect, test } from "vitest";
import { bundle, runUntilDone } from "../../testing/crash.js";

const KEYS = 6000;

test("every effect exactly once, whenever the processes are killed", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-once-"));
  try {
    const file = join(folder, "file.db");
    const database = new Database(file);
    // Nothing here keeps an effect from being there twice.
    database.exec("CREATE TABLE effect (key TEXT); CREATE TABLE total (n INTEGER); INSERT INTO total VALUES (0)");
    const path = bundle(join(__dirname, "sqlite.crash-child.ts"), folder);
    // The first is killed from outside at any moment; the second kills itself where it hurts most, between the statements of an effect.
    const died = await Promise.all([
      runUntilDone(path, [file, String(KEYS), "0"], 12, 150),
      runUntilDone(path, [file, String(KEYS), "3"], 0, 0),
    ]);
    const count = (sql: string): number => Number(Object.values(database.prepare(sql).get() as object)[0]);
    expect({
      rows: count("SELECT count(*) FROM effect"),
      distinct: count("SELECT count(DISTINCT key) FROM effect"),
      total: count("SELECT n FROM total"),
      marks: count("SELECT count(*) FROM warren_once"),
    }).toEqual({ rows: KEYS, distinct: KEYS, total: KEYS, marks: KEYS });
    // Otherwise nothing was tried.
    expect(Math.min(...died)).toBeGreaterThan(2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
