/** Results of tasks in SQLite: they outlive the API, and several processes of it share them. */
import { prepareFile, tableName, transaction, type SqliteDatabase } from "../../sqlite.js";
import { isOver, type Results, type Task } from "./results.js";

interface Row {
  readonly task: string;
}

const taskOf = (row: unknown): Task | undefined =>
  row === undefined || row === null ? undefined : (JSON.parse((row as Row).task) as Task);

/** Sets the file to write-ahead logging; a status that a power failure takes back is told again by no one, so `synchronous` is "FULL". */
export function sqliteResults(database: SqliteDatabase, table = "cgcg_tasks"): Results {
  const name = tableName(table);
  prepareFile(database);
  database.exec(
    `CREATE TABLE IF NOT EXISTS ${name} (task_id TEXT PRIMARY KEY, over INTEGER NOT NULL, submitted INTEGER NOT NULL, changed INTEGER NOT NULL, task TEXT NOT NULL) WITHOUT ROWID`,
  );
  database.exec(`CREATE INDEX IF NOT EXISTS ${name}_open ON ${name} (over, submitted)`);
  database.exec(`CREATE INDEX IF NOT EXISTS ${name}_changed ON ${name} (changed)`);
  const get = database.prepare(`SELECT task FROM ${name} WHERE task_id = ?`);
  const open = database.prepare(`SELECT task FROM ${name} WHERE over = 0 ORDER BY submitted, task_id`);
  const put = database.prepare(
    `INSERT INTO ${name} (task_id, over, submitted, changed, task) VALUES (?, ?, ?, ?, ?) ` +
      `ON CONFLICT (task_id) DO UPDATE SET over = excluded.over, changed = excluded.changed, task = excluded.task WHERE over = 0`,
  );
  const remove = database.prepare(`DELETE FROM ${name} WHERE task_id = ?`);
  const forget = database.prepare(`DELETE FROM ${name} WHERE changed < ?`);
  return {
    get: (taskId) => taskOf(get.get(taskId)),
    active: () => open.all().flatMap((row) => taskOf(row) ?? []),
    put: (task) => void put.run(task.task_id, isOver(task.status) ? 1 : 0, task.submitted, task.changed, JSON.stringify(task)),
    remove: (taskId) => void remove.run(taskId),
    forget: (before) => transaction(database, () => void forget.run(before)),
  };
}
