/**
 * Commits the keys 0 ... N-1 to a file, each with an effect of two statements, and is killed at it again and again.
 * Arguments: the file, N, and how often, of 1000 commits, the process kills itself between the two statements.
 */
import Database from "libsql";
import { sqliteOnce } from "./sqlite.js";

const [file = "", keys = "0", deaths = "0"] = process.argv.slice(2);
const database = new Database(file);
const store = sqliteOnce(database);

function effect(key: string): (tx: Database.Database) => void {
  return (tx) => {
    tx.prepare("INSERT INTO effect VALUES (?)").run(key);
    if (Math.random() * 1000 < Number(deaths)) process.kill(process.pid, "SIGKILL");
    tx.prepare("UPDATE total SET n = n + 1").run();
  };
}

process.stdout.write("ready\n");
for (let key = 0; key < Number(keys); key += 1) {
  const name = `m${key}`;
  if (!store.seen(name)) store.commit(name, [effect(name)]);
}
