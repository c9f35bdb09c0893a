/** What Warren needs of a SQLite handle, and the few statements about the file and its transactions that its stores share. */
import { WorkerError } from "./errors.js";

/** A value that SQLite keeps. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

export interface SqliteStatement {
  run(...parameters: SqliteValue[]): { readonly changes: number | bigint };
  get(...parameters: SqliteValue[]): unknown;
  all(...parameters: SqliteValue[]): unknown[];
}

/** A synchronous SQLite handle: `DatabaseSync` of node:sqlite, and the handles of better-sqlite3 and libsql, are ones as they are. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  /** Whether a transaction is open: better-sqlite3 and libsql call it so. */
  readonly inTransaction?: boolean;
  /** The same by node:sqlite's name. */
  readonly isTransaction?: boolean;
}

export interface SqliteFileOptions {
  /**
   * SQLite's `busy_timeout` for this handle: how long a statement waits, in milliseconds, while another process writes. The wait blocks the
   * event loop, as every statement of a synchronous handle does; when it is over the statement throws "database is locked".
   * @default 5000
   */
  readonly busyTimeout?: number;
  /**
   * SQLite's `synchronous` for this handle. "FULL": a commit is on the disk before it returns, so that a message is acknowledged only when its
   * effect outlives a power failure. "NORMAL": some ten times as fast, and a power failure (no mere crash of the process) can take back the last
   * commits, whose messages the broker has forgotten by then (source: sqlite.org/pragma.html#pragma_synchronous).
   * @default "FULL"
   */
  readonly synchronous?: "FULL" | "NORMAL";
}

/** Makes the file fit for several processes: write-ahead log, a busy time-out, and the durability that was asked for. */
export function prepareFile(database: SqliteDatabase, options: SqliteFileOptions = {}): void {
  const busyTimeout = options.busyTimeout ?? 5000;
  if (!Number.isSafeInteger(busyTimeout) || busyTimeout < 0) {
    throw new WorkerError("wrong-use", `busyTimeout is ${busyTimeout}; allowed: a whole number of milliseconds, 0 or more`);
  }
  database.exec(`PRAGMA busy_timeout = ${busyTimeout}`);
  useWriteAheadLog(database, busyTimeout);
  database.exec(`PRAGMA synchronous = ${options.synchronous === "NORMAL" ? "NORMAL" : "FULL"}`);
}

/** The change to the log needs the file for itself and does not always wait for it by the busy time-out, so it is tried again here. */
function useWriteAheadLog(database: SqliteDatabase, patience: number): void {
  const mode = (): unknown => Object.values(database.prepare("PRAGMA journal_mode").get() ?? {})[0];
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      // A data base in memory stays "memory", and has one process only.
      if (mode() !== "wal") database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Whether a statement failed only because another handle held the lock. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // node:sqlite has the number (5, SQLITE_BUSY, or an extension of it), the others SQLite's name.
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return (typeof errcode === "number" && (errcode & 0xff) === 5) || (typeof code === "string" && code.startsWith("SQLITE_BUSY"));
}

/** Whether a transaction is open on the handle, as far as the handle tells. */
export function isInTransaction(database: SqliteDatabase): boolean {
  return database.isTransaction ?? database.inTransaction ?? false;
}

/**
 * Runs `work` in one transaction that holds the write lock from its start. What it throws takes everything back and is thrown on, and so does a
 * promise that it gives: by the time it were done, the transaction would be over.
 */
export function transaction<T>(database: SqliteDatabase, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = synchronously(work(), "a transaction");
    database.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself, as it does when the disk is full. The first error is the one to tell.
  }
}

/** Refuses a promise where something has to be done when its function returns. */
export function synchronously<T>(result: T, where: string): T {
  if (typeof (result as { then?: unknown } | undefined | null)?.then !== "function") return result;
  // Its own failure would be told as an unhandled rejection, after the error below has said what matters.
  (result as PromiseLike<unknown>).then(undefined, () => undefined);
  throw new WorkerError("wrong-use", `A function that ${where} runs gave a promise: what it does later would not be part of it`, {
    remedy: "do what is asynchronous before, and give a function that is not async",
  });
}

/** A table's name that can stand in a statement as it is. */
export function tableName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name)) return name;
  throw new WorkerError(
    "wrong-use",
    `The table name ${JSON.stringify(name)} is not allowed; allowed: letters, digits and "_", at most 63, no digit first`,
  );
}
