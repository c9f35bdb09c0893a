/** Entries of an outbox as rows of SQLite. */
import { WorkerError } from "../errors.js";
import type { OutboxEntry } from "./outbox.js";

/**
 * `ready` is the earliest time of the next attempt, `at` the time by which entries are ordered, `planned` whether somebody chose that time.
 * AUTOINCREMENT: a sequence is never given twice, so a later entry always has a higher one.
 */
export const schema = (table: string): string => `
  CREATE TABLE IF NOT EXISTS ${table} (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    message TEXT NOT NULL,
    body TEXT NOT NULL,
    options TEXT NOT NULL,
    order_by TEXT,
    at INTEGER NOT NULL,
    planned INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    parked INTEGER NOT NULL DEFAULT 0,
    claimed_by TEXT,
    claimed_until INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS ${table}_order ON ${table} (parked, at, sequence);
  CREATE INDEX IF NOT EXISTS ${table}_key ON ${table} (order_by, at, sequence) WHERE order_by IS NOT NULL;`;

interface Row {
  readonly sequence: number | bigint;
  readonly id: string;
  readonly message: string;
  readonly body: string;
  readonly options: string;
  readonly order_by: string | null;
  readonly at: number | bigint;
  readonly attempts: number | bigint;
  readonly reason: string | null;
}

/** Entries of rows, in the order in which they are published: RETURNING gives them in any. */
export function entriesOf(rows: readonly unknown[]): OutboxEntry[] {
  return (rows as readonly Row[])
    .toSorted((a, b) => Number(a.at) - Number(b.at) || Number(a.sequence) - Number(b.sequence))
    .map((row) => ({
      id: row.id,
      message: row.message,
      body: JSON.parse(row.body) as unknown,
      options: JSON.parse(row.options) as Record<string, unknown>,
      at: new Date(Number(row.at)),
      orderBy: row.order_by ?? undefined,
      attempts: Number(row.attempts),
      reason: row.reason ?? undefined,
    }));
}

/** JSON of a value; what JSON cannot hold is told now, and not when somebody misses it. */
export function json(what: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new WorkerError("wrong-use", `Outbox: ${what} cannot be kept as JSON: ${(cause as Error).message}`, { cause });
  }
  if (text === undefined) throw new WorkerError("wrong-use", `Outbox: ${what} is ${typeof value}, which JSON cannot hold`);
  return text;
}
