import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isBusy, isInTransaction, prepareFile, transaction } from "./sqlite.js";

let folder: string;
const open = (): Database.Database => new Database(join(folder, "file.db"));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-sqlite-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const pragma = (database: Database.Database, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>)[0];

describe("prepareFile", () => {
  test("sets the log, the durability and the busy time-out", () => {
    const database = open();
    prepareFile(database);
    expect(pragma(database, "journal_mode")).toBe("wal");
    expect(pragma(database, "synchronous")).toBe(2);
    expect(pragma(database, "busy_timeout")).toBe(5000);
    prepareFile(database, { busyTimeout: 20, synchronous: "NORMAL" });
    expect(pragma(database, "synchronous")).toBe(1);
    expect(pragma(database, "busy_timeout")).toBe(20);
    expect(() => prepareFile(database, { busyTimeout: 0.5 })).toThrow(/busyTimeout is 0.5; allowed: a whole number/);
  });

  test("a locked file is waited for, as long as the busy time-out says", () => {
    const holder = open();
    holder.exec("CREATE TABLE t (n); BEGIN EXCLUSIVE");
    const began = Date.now();
    expect(() => prepareFile(open(), { busyTimeout: 100 })).toThrow(/locked/);
    expect(Date.now() - began).toBeGreaterThanOrEqual(95);
    holder.exec("COMMIT");
    const database = open();
    prepareFile(database);
    expect(pragma(database, "journal_mode")).toBe("wal");
  });
});

describe("transaction", () => {
  test("holds the write lock from the start, and tells a busy file from other faults", () => {
    const [first, second] = [open(), open()];
    prepareFile(first, { busyTimeout: 10 });
    prepareFile(second, { busyTimeout: 10 });
    transaction(first, () => {
      expect(isInTransaction(first)).toBe(true);
      let fault: unknown;
      try {
        transaction(second, () => undefined);
      } catch (error) {
        fault = error;
      }
      expect(isBusy(fault)).toBe(true);
    });
    expect(isInTransaction(first)).toBe(false);
    expect(transaction(second, () => 7)).toBe(7);
    expect(isBusy(new Error("database is locked"))).toBe(false);
    // node:sqlite tells by number: SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, SQLITE_CONSTRAINT.
    expect([5, 517, 19].map((errcode) => isBusy(Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode })))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("the first error is the one that is told, even where nothing is left to roll back", () => {
    const database = open();
    const work = (): void => {
      database.exec("ROLLBACK");
      throw new Error("the first");
    };
    expect(() => transaction(database, work)).toThrow("the first");
  });
});
