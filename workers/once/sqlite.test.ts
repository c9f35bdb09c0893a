import Database from "libsql";
import { describe, expect, test } from "vitest";
import { sqliteOnce } from "./sqlite.js";

type Handle = Database.Database;

function open(): Handle {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE effect (what TEXT)");
  return database;
}
const insert =
  (what: string) =>
  (tx: Handle): void => {
    tx.prepare("INSERT INTO effect VALUES (?)").run(what);
  };
const effects = (database: Handle): unknown[] =>
  database
    .prepare("SELECT what FROM effect ORDER BY rowid")
    .all()
    .map((row) => (row as { what: unknown }).what);

describe("sqliteOnce", () => {
  test("runs the effects of a key once, in order", () => {
    const database = open();
    const store = sqliteOnce(database);
    expect(store.seen("m1")).toBe(false);
    expect(store.commit("m1", [insert("a"), insert("b")])).toBe(true);
    expect(store.seen("m1")).toBe(true);
    expect(store.commit("m1", [insert("c")])).toBe(false);
    expect(store.commit("m2", [insert("d")])).toBe(true);
    expect(effects(database)).toEqual(["a", "b", "d"]);
    expect(database.inTransaction).toBe(false);
  });

  test("a throwing effect takes back the mark and the effects before it, and is thrown on as it is", () => {
    const database = open();
    const store = sqliteOnce(database);
    const fault = new Error("no such customer");
    const fail = (): void => {
      throw fault;
    };
    expect(() => store.commit("m1", [insert("a"), fail])).toThrow(fault);
    expect(database.inTransaction).toBe(false);
    expect(store.seen("m1")).toBe(false);
    expect(effects(database)).toEqual([]);
    expect(store.commit("m1", [insert("a")])).toBe(true);
    expect(effects(database)).toEqual(["a"]);
  });

  test("an effect that gives a promise is refused, with everything that it did", () => {
    const database = open();
    const store = sqliteOnce(database);
    expect(() => store.commit("m1", [async (tx) => insert("a")(tx)])).toThrow(/gave a promise/);
    expect(store.seen("m1")).toBe(false);
    expect(effects(database)).toEqual([]);
  });

  test("an effect that ends the transaction itself is no success", () => {
    const store = sqliteOnce(open());
    expect(() => store.commit("m1", [(tx) => void tx.exec("ROLLBACK")])).toThrow(/no transaction is active/);
    expect(store.seen("m1")).toBe(false);
  });

  test("old marks go in small steps, and young ones stay", () => {
    let time = 0;
    const database = open();
    const store = sqliteOnce(database, { ttl: "1 second", now: () => time });
    const count = (): unknown => database.prepare("SELECT count(*) AS n FROM warren_once").get();
    for (let key = 0; key < 10; key += 1) store.commit(`old-${key}`, []);
    time = 1000;
    store.commit("middle", []);
    expect(count()).toMatchObject({ n: 11 });
    time = 1001;
    store.commit("young-1", []);
    expect(count()).toMatchObject({ n: 8 });
    store.commit("young-2", []);
    store.commit("young-3", []);
    expect(count()).toMatchObject({ n: 4 });
    expect(["middle", "young-1", "young-2", "young-3"].map((key) => store.seen(key))).toEqual([true, true, true, true]);
  });

  test("tables are apart, and their names are checked", () => {
    const database = open();
    const first = sqliteOnce(database, { table: "first" });
    const second = sqliteOnce(database, { table: "second" });
    first.commit("m1", []);
    expect(second.seen("m1")).toBe(false);
    expect(() => sqliteOnce(database, { table: "a; DROP TABLE effect" })).toThrow(
      /table name "a; DROP TABLE effect" is not allowed; allowed: letters/,
    );
  });
});
