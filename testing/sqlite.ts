/** The SQLite handles that a test can have here: libsql everywhere (its interface is better-sqlite3's), node:sqlite where Node brings it. */
import Libsql from "libsql";
import type { SqliteDatabase } from "../workers/sqlite.js";

export type TestHandle = SqliteDatabase & { close(): unknown };

const builtin = process.getBuiltinModule("node:sqlite") as { DatabaseSync: new (path: string) => TestHandle } | undefined;

export const handles: readonly { readonly name: string; readonly open: (path: string) => TestHandle }[] = [
  { name: "libsql", open: (path) => new Libsql(path) },
  ...(builtin ? [{ name: "node:sqlite", open: (path: string) => new builtin.DatabaseSync(path) }] : []),
];
