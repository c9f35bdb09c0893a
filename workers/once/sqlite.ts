/** Idempotency in SQLite: effect and mark commit in one transaction. */
import type { Duration } from "../../topology/durations.js";
import { prepareFile, type SqliteDatabase, type SqliteFileOptions, tableName, transaction } from "../sqlite.js";
import { type OnceStore, runEffects } from "./store.js";
import { ttlOf } from "./ttl.js";

export interface SqliteOnceOptions extends SqliteFileOptions {
  /** The table of the marks, made if it is missing. Give each consumer that has its own effects its own. @default "warren_once" */
  readonly table?: string;
  /**
   * How long a mark is kept at least. It has to be longer than a message can take to come again: queue TTLs, retry ladder and the time that a dead
   * letter lies about. @default for ever
   */
  readonly ttl?: Duration;
  /** The time in milliseconds, for tests. @default Date.now */
  readonly now?: () => number;
}

export interface SqliteOnce<Database> extends OnceStore<Database> {
  seen(key: string): boolean;
  commit(key: string, effects: readonly ((tx: Database) => void)[]): boolean;
}

/** How many old marks a commit takes away at most: more than it adds, so that the table shrinks, and few enough to cost nothing. */
const STEP = 4;

/**
 * An effect that writes through the handle it is given (`tx` is `database`) happens exactly once: the mark and all effects are one transaction,
 * the mark is written first, and whoever finds it there runs nothing. A crash at any moment leaves both or neither, and a throwing effect leaves neither.
 * Several processes may share the file; they wait for each other (`busyTimeout`). What an effect does elsewhere (a call, a file) is not part of it.
 *
 * Sets the file to write-ahead logging and the handle's `synchronous` and `busy_timeout`.
 */
export function sqliteOnce<Database extends SqliteDatabase>(database: Database, options: SqliteOnceOptions = {}): SqliteOnce<Database> {
  const table = tableName(options.table ?? "warren_once");
  const ttl = ttlOf(options.ttl);
  const now = options.now ?? Date.now;
  prepareFile(database, options);
  database.exec(`CREATE TABLE IF NOT EXISTS ${table} (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID`);
  if (ttl !== undefined) database.exec(`CREATE INDEX IF NOT EXISTS ${table}_at ON ${table} (at)`);
  const find = database.prepare(`SELECT 1 FROM ${table} WHERE key = ?`);
  const mark = database.prepare(`INSERT INTO ${table} (key, at) VALUES (?, ?) ON CONFLICT DO NOTHING`);
  const prune = database.prepare(`DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} WHERE at < ? ORDER BY at LIMIT ${STEP})`);
  return {
    seen: (key) => find.get(key) !== undefined,
    commit: (key, effects) =>
      transaction(database, () => {
        if (Number(mark.run(key, now()).changes) === 0) return false;
        runEffects(effects, database);
        if (ttl !== undefined) prune.run(now() - ttl);
        return true;
      }),
  };
}
