/** The handles that exist are SQLite handles as they are; checked by `tsc` alone, with TypeScript 6 and 7. */
import type Libsql from "libsql";
import { sqliteOnce } from "./once/index.js";
import type { SqliteDatabase } from "./sqlite.js";

/** The part of node:sqlite's types that matters; the types of Node 20 lack the module. */
interface DatabaseSync {
  exec(sql: string): void;
  prepare(sql: string): StatementSync;
  readonly isTransaction: boolean;
}
type Value = null | number | bigint | string | NodeJS.ArrayBufferView;
type Row = Record<string, Value>;
interface StatementSync {
  run(...anonymousParameters: Value[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  run(namedParameters: Row, ...anonymousParameters: Value[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...anonymousParameters: Value[]): Row | undefined;
  get(namedParameters: Row, ...anonymousParameters: Value[]): Row | undefined;
  all(...anonymousParameters: Value[]): Row[];
  all(namedParameters: Row, ...anonymousParameters: Value[]): Row[];
}

declare const nodes: DatabaseSync;
// The types of libsql are those of better-sqlite3.
declare const libsql: Libsql.Database;
nodes satisfies SqliteDatabase;
libsql satisfies SqliteDatabase;
// @ts-expect-error: a handle prepares statements.
({ exec: () => undefined }) satisfies SqliteDatabase;

// An effect is given the handle with its own type.
sqliteOnce(libsql).commit("key", [(tx) => tx.pragma("user_version")]);
sqliteOnce(nodes).commit("key", [(tx) => void tx.isTransaction]);
// @ts-expect-error: node:sqlite has no such member.
sqliteOnce(nodes).commit("key", [(tx) => void tx.inTransaction]);
