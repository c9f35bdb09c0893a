/** The outbox in a table of SQLite, beside the data that the messages tell of. */
import { randomUUID } from "node:crypto";
import { WorkerError } from "../errors.js";
import { isInTransaction, prepareFile, type SqliteDatabase, type SqliteFileOptions, type SqliteStatement, tableName } from "../sqlite.js";
import type { NewEntry, Outbox, OutboxCounts, OutboxEntry } from "./outbox.js";
import { entriesOf, json, schema } from "./rows.js";

export interface SqliteOutboxOptions extends SqliteFileOptions {
  /** Made if it is missing. @default "warren_outbox" */
  readonly table?: string;
  /** How often an entry may fail by itself before it is parked. @default 10 */
  readonly attempts?: number;
  /** The time in milliseconds, for tests. @default Date.now */
  readonly now?: () => number;
}

/** As `Outbox`, with answers at once. */
export interface SqliteOutbox<Database> extends Outbox<Database> {
  add(entry: NewEntry, tx?: Database): string;
  counts(now?: Date): OutboxCounts;
  parked(limit?: number): OutboxEntry[];
  retry(ids: readonly string[]): number;
  discard(ids: readonly string[]): number;
}

/** Room for a sentence, and not for a body that somebody put into an error. */
const REASON = 500;

/**
 * An entry is as durable as the data beside it: both are in one file and one transaction of one handle. Several processes may share the file.
 * While a transaction of this handle is open, nothing is claimed by it, for what is not committed may not be published; where transactions stay
 * open across an `await`, give the relay a handle of its own.
 *
 * Sets the file to write-ahead logging and the handle's `synchronous` and `busy_timeout`.
 */
export function sqliteOutbox<Database extends SqliteDatabase>(
  database: Database,
  options: SqliteOutboxOptions = {},
): SqliteOutbox<Database> {
  const table = tableName(options.table ?? "warren_outbox");
  const { attempts = 10, now = Date.now } = options;
  if (!Number.isSafeInteger(attempts) || attempts < 1) {
    throw new WorkerError("wrong-use", `sqliteOutbox: attempts is ${attempts}; allowed: a whole number, 1 or more`);
  }
  prepareFile(database, options);
  database.exec(schema(table));
  const listeners = new Set<() => void>();

  const anyOf = "id IN (SELECT value FROM json_each(?))";
  // An entry with an order is not planned behind one that was added before it, even if the clock was set back between the two.
  const insertion = `INSERT INTO ${table} (id, message, body, options, order_by, at, planned, ready)
    SELECT id, message, body, options, nullif(order_by, ''),
      max(at, coalesce((SELECT max(at) FROM ${table} AS other WHERE other.order_by = added.order_by AND other.planned = 0 AND added.planned = 0), 0)), planned, at
    FROM (SELECT ? AS id, ? AS message, ? AS body, ? AS options, ? AS order_by, ? AS at, ? AS planned) AS added
    WHERE true ON CONFLICT (id) DO NOTHING`;
  const insertions = new WeakMap<SqliteDatabase, SqliteStatement>();
  const claim = database.prepare(`UPDATE ${table} SET claimed_by = ?, claimed_until = ? WHERE sequence IN (
    SELECT sequence FROM ${table} AS entry
    WHERE parked = 0 AND ready <= ? AND claimed_until <= ? AND NOT EXISTS (
      SELECT 1 FROM ${table} AS before WHERE entry.order_by IS NOT NULL AND before.order_by = entry.order_by
        AND (before.at, before.sequence) < (entry.at, entry.sequence) AND (before.parked = 1 OR before.ready > ? OR before.claimed_until > ?))
    ORDER BY at, sequence LIMIT ?) RETURNING *`);
  const extend = database.prepare(`UPDATE ${table} SET claimed_until = ? WHERE claimed_by = ? AND ${anyOf}`);
  const release =
    database.prepare(`UPDATE ${table} SET claimed_by = NULL, claimed_until = 0, ready = max(ready, ?), reason = coalesce(nullif(?, ''), reason)
    WHERE claimed_by = ? AND ${anyOf}`);
  const remove = database.prepare(`DELETE FROM ${table} WHERE ${anyOf}`);
  const fail =
    database.prepare(`UPDATE ${table} SET attempts = attempts + 1, reason = ?, ready = ?, parked = max(?, attempts + 1 >= ${attempts}),
    claimed_by = NULL, claimed_until = 0 WHERE id = ? AND claimed_by = ? RETURNING parked`);
  const next = database.prepare(`SELECT min(max(ready, claimed_until)) AS ready FROM ${table} WHERE parked = 0`);
  const counts =
    database.prepare(`SELECT count(*) FILTER (WHERE parked = 0) AS waiting, count(*) FILTER (WHERE parked = 0 AND ready > ?) AS later,
    count(*) FILTER (WHERE parked = 0 AND claimed_until > ?) AS claimed, count(*) FILTER (WHERE parked = 1) AS parked,
    min(at) FILTER (WHERE parked = 0 AND at <= ?) AS oldest FROM ${table}`);
  const parked = database.prepare(`SELECT * FROM ${table} WHERE parked = 1 ORDER BY at, sequence LIMIT ?`);
  const retry = database.prepare(`UPDATE ${table} SET parked = 0, attempts = 0, ready = 0 WHERE parked = 1 AND ${anyOf}`);
  const discard = database.prepare(`DELETE FROM ${table} WHERE parked = 1 AND ${anyOf}`);

  const insert = (handle: SqliteDatabase): SqliteStatement => {
    const known = insertions.get(handle) ?? handle.prepare(insertion);
    insertions.set(handle, known);
    return known;
  };
  const list = (ids: readonly string[]): string => JSON.stringify(ids);
  return {
    add(entry, tx = database) {
      const { messageId, ...rest } = entry.options ?? {};
      const id = typeof messageId === "string" && messageId !== "" ? messageId : randomUUID();
      const at = entry.at?.getTime() ?? now();
      if (Number.isNaN(at)) throw new WorkerError("wrong-use", `Outbox: "at" of message "${entry.message}" is no date`);
      const body = json(`the body of message "${entry.message}"`, entry.body);
      const values = [id, entry.message, body, json("the options", rest), entry.orderBy ?? "", at, entry.at ? 1 : 0];
      if (Number(insert(tx).run(...values).changes) === 0) {
        throw new WorkerError("wrong-use", `Outbox: there is an entry with the message id "${id}" already`);
      }
      return id;
    },
    claim({ limit, now: time, until, by }) {
      if (isInTransaction(database)) return [];
      return entriesOf(claim.all(by, until.getTime(), ...[1, 2, 3, 4].map(() => time.getTime()), limit));
    },
    extend: (ids, by, until) => void extend.run(until.getTime(), by, list(ids)),
    release: (ids, by, notBefore, reason) => void release.run(notBefore?.getTime() ?? 0, reason?.slice(0, REASON) ?? "", by, list(ids)),
    sent: (ids) => void remove.run(list(ids)),
    failed(id, by, reason, notBefore, park = false) {
      const row = fail.all(reason.slice(0, REASON), notBefore.getTime(), park ? 1 : 0, id, by)[0] as
        { readonly parked: number } | undefined;
      return Number(row?.parked ?? 0) === 1 ? "parked" : "waiting";
    },
    next() {
      const { ready } = next.get() as { readonly ready: number | bigint | null };
      return ready === null ? undefined : new Date(Number(ready));
    },
    counts(time = new Date(now())) {
      const row = counts.get(...[1, 2, 3].map(() => time.getTime())) as Readonly<Record<keyof OutboxCounts, number | bigint | null>>;
      return {
        waiting: Number(row.waiting),
        later: Number(row.later),
        claimed: Number(row.claimed),
        parked: Number(row.parked),
        oldest: row.oldest === null ? undefined : new Date(Number(row.oldest)),
      };
    },
    parked: (limit = 100) => entriesOf(parked.all(limit)),
    retry: (ids) => Number(retry.run(list(ids)).changes),
    discard: (ids) => Number(discard.run(list(ids)).changes),
    wake() {
      for (const listener of listeners) listener();
    },
    onWake(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
