/** Warren's own worker, with the transactional store and without one. */
import Database from "libsql";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { compileInstallation } from "../../../topology/compile/compile.js";
import { definitions } from "../../../topology/compile/definitions.js";
import { topology } from "../../../topology/define.js";
import { connect, PublishError } from "../../index.js";
import { sqliteOnce, type SqliteOnce } from "../../once/index.js";
import { isBusy } from "../../sqlite.js";
import type { Effect, Order, Settings, Subject } from "../subject.js";

const FILE = "effects.sqlite";

const order = z.object({
  id: z.string(),
  act: z.enum(["reject", "throw", "crash", "hang", "block"]).optional(),
  ms: z.number().optional(),
});

const trial = topology({
  name: "faults",
  exchanges: { orders: { type: "direct" }, dead: { type: "fanout" } },
  queues: {
    work: { type: "quorum", from: { orders: "order" }, deliveryLimit: 4, deadLetterTo: "dead", retry: ["200 ms", "400 ms"] },
    dead: { type: "quorum", from: { dead: "" }, deliveryLimit: -1 },
  },
  messages: {
    order: { to: "orders", key: "order", schema: order },
    lost: { to: "orders", key: "nowhere", schema: order },
  },
  services: { sender: { publishes: ["order", "lost"] }, worker: { publishes: ["order", "lost"], consumes: ["work"] } },
});

/** The settings of the trial, which belong to its topology here. */
const installed = (vhost: string, queueArguments: Settings["queueArguments"]): unknown => {
  const queues = { ...trial.queues, work: { ...trial.queues.work, arguments: queueArguments } };
  const { exchanges, bindings, ...all } = definitions(compileInstallation({ topologies: [{ ...trial, queues, name: vhost }] }));
  return { exchanges, bindings, queues: all.queues, policies: all.policies };
};

const fileOf = (folder: string): string => join(folder, FILE);

/** The handle of one process and its store. A power failure is not among the faults, so that a commit need not wait for the disk. */
function keep(folder: string): SqliteOnce<Database.Database> {
  const database = new Database(fileOf(folder));
  const once = sqliteOnce(database, { synchronous: "NORMAL" });
  database.exec("CREATE TABLE IF NOT EXISTS effect (id TEXT, at INTEGER)");
  return once;
}

/** Reads from outside, by a handle of its own each time. What cannot be read at the moment is read the next time. */
const effects =
  (folder: string) =>
  (from: number): readonly Effect[] => {
    if (!existsSync(fileOf(folder))) return [];
    let database: Database.Database | undefined;
    try {
      database = new Database(fileOf(folder), { readonly: true });
      return database.prepare("SELECT id, at FROM effect WHERE rowid > ? ORDER BY rowid").all(from) as Effect[];
    } catch (error) {
      if (isBusy(error) || /no such table/.test(String(error))) return [];
      throw error;
    } finally {
      database?.close();
    }
  };

const subject = (name: string, store: boolean, settings: string): Subject => ({
  ...{ name, module: "warren", settings },
  ...{ entrance: { exchange: "orders", routingKey: "order" }, definitions: installed },
  ...(store ? { effects } : {}),
  async open(given, reports) {
    const { urls, presentUrls, ca, prefetch, heartbeatSeconds, reconnectMs, reconnectMaxMs, publishTimeoutMs, handlerTimeoutMs, folder } =
      given;
    const bus = await connect(trial, {
      ...{ service: "worker", url: urls, heartbeat: heartbeatSeconds, prefetch, handlerTimeout: handlerTimeoutMs },
      credentials: () => {
        const { username, password } = new URL(presentUrls()[0] ?? "");
        return { username, password };
      },
      ...{
        connectTimeout: publishTimeoutMs,
        backoff: { min: reconnectMs, max: reconnectMaxMs },
        publishing: { timeout: publishTimeoutMs },
      },
      ...(ca === undefined ? {} : { tls: { ca } }),
    });
    // It can do no more: a supervisor starts it again.
    bus.failed.catch((error: unknown) => {
      reports.log(error);
      setImmediate(() => process.exit(1));
    });
    return {
      async publisher() {
        return {
          publish(id, content, to) {
            bus.publish(to === "queue" ? "order" : "lost", JSON.parse(content.toString()) as Order, { messageId: id }).then(
              () => reports.confirmed(id),
              (error: unknown) => {
                if (error instanceof PublishError && error.code === "unroutable") reports.returned(id);
                else reports.failed(id, error instanceof PublishError ? error.code : error);
              },
            );
          },
        };
      },
      async consume({ work, effect }) {
        if (!store)
          return void (await bus.consume("work", async ({ body }) => {
            const content = Buffer.from(JSON.stringify(body));
            await work(content);
            effect(content);
          }));
        const once = keep(folder);
        // Not async: what the work throws at once, the handler throws at once.
        await bus.consume(
          "work",
          (delivery) => {
            const { body } = delivery;
            return work(Buffer.from(JSON.stringify(body))).then(() => {
              delivery.effect((tx) => void tx.prepare("INSERT INTO effect VALUES (?, ?)").run(body.id, Date.now()));
            });
          },
          { once },
        );
      },
      close: () => bus.close({ deadline: 5_000 }),
    };
  },
});

const COMMON =
  "`heartbeat`, `backoff`, `publishing.timeout`, `handlerTimeout`, `credentials` as a function, `messageId` given by the caller; retries by a ladder of 200 and 400 ms, then the dead-letter queue; `close()` at SIGTERM";

export const warren = subject("warren", true, `${COMMON}; effects through \`delivery.effect\` and \`sqliteOnce\``);
export const warrenWithoutStore = subject("warren, no store", false, `${COMMON}; no idempotency store`);
