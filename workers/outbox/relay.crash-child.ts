/**
 * Relays the outbox of a file to a "broker" that is a file too, and is killed at it again and again; ends when nothing waits any more.
 * A line is what the broker has, from before the confirm on: message id and body. Arguments: outbox, broker.
 */
import { appendFileSync } from "node:fs";
import Database from "libsql";
import { relay } from "./relay.js";
import { sqliteOutbox } from "./sqlite.js";

const [file = "", broker = ""] = process.argv.slice(2);
const outbox = sqliteOutbox(new Database(file));
const controller = new AbortController();

async function publish(_message: string, body: unknown, { messageId }: { readonly messageId: string }): Promise<void> {
  appendFileSync(broker, `${messageId} ${JSON.stringify(body)}\n`);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
}

process.stdout.write("ready\n");
const look = setInterval(() => {
  if (outbox.counts().waiting === 0) controller.abort();
}, 20);
void relay(outbox, publish, { batch: 40, interval: 20, lease: 150, signal: controller.signal }).then(() => clearInterval(look));
