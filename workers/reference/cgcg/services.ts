/** How CGCG's services start: the API, with a broker or without, and the worker of tasks. */
import { randomBytes } from "node:crypto";
import type { Bus } from "../../bus.js";
import { WorkerError } from "../../errors.js";
import type { SqliteDatabase } from "../../sqlite.js";
import { watchDeadLetters } from "../dead-letters.js";
import { serve } from "../http.js";
import { optionalBus } from "../optional-bus.js";
import { wholeNumber, type ServiceContext, type Services, type Serving } from "../service.js";
import { cgcgApi } from "./api.js";
import { fileAudit, type Audit } from "./audit.js";
import { functions } from "./functions.js";
import { keysFrom } from "./keys.js";
import { noMessaging, RabbitMessaging, type Cgcg, type Messaging } from "./messaging.js";
import { sqliteResults } from "./results-sqlite.js";
import { memoryResults, type Results } from "./results.js";
import { TaskRunner, type Registry } from "./tasks.js";

/** Milliseconds between looks for results that are too old. */
const SWEEP = 60_000;

/** In the file of `CGCG_RESULTS_FILE`, else in memory; each for `CGCG_RESULT_HOURS` (24). */
function resultsOf({ environment, onEnd }: ServiceContext<Cgcg, "api">): Results {
  const file = environment["CGCG_RESULTS_FILE"]?.trim();
  const hours = wholeNumber(environment, "CGCG_RESULT_HOURS", 24, { min: 1, max: 8760 });
  const results = file ? sqliteResults(openSqlite(file, onEnd)) : memoryResults();
  const sweep = setInterval(() => results.forget(Date.now() - hours * 3_600_000), SWEEP).unref();
  onEnd(() => clearInterval(sweep));
  return results;
}

function openSqlite(file: string, onEnd: ServiceContext<Cgcg, "api">["onEnd"]): SqliteDatabase {
  type Handle = SqliteDatabase & { close(): void };
  const sqlite = process.getBuiltinModule("node:sqlite") as unknown as { readonly DatabaseSync: new (path: string) => Handle } | undefined;
  if (!sqlite)
    throw new WorkerError("wrong-use", "CGCG_RESULTS_FILE needs SQLite, which this Node does not have.", {
      remedy: "use Node 22.13 or later, or leave it out: results are kept in memory then",
    });
  const handle = new sqlite.DatabaseSync(file);
  onEnd(() => handle.close());
  return handle;
}

/** `CGCG_AUDIT_FILE`, else the log. */
function auditOf({ environment, log }: ServiceContext<Cgcg, "api">): Audit {
  const file = environment["CGCG_AUDIT_FILE"]?.trim();
  return file ? fileAudit(file) : (entry) => log.info({ event: "audit", ...entry }, `${entry.method} ${entry.route}: ${entry.status}`);
}

/** Without `RABBITMQ_ENABLED=true` nothing is connected, and what would be sent is nothing. */
function messagingOf(context: ServiceContext<Cgcg, "api">): Messaging {
  if (context.enabled !== true) return noMessaging;
  const results = resultsOf(context);
  const bus = optionalBus(context, (opened) =>
    opened.consume("tasks.status", ({ body }) => messaging.heard(body), { orderBy: ({ task_id }) => task_id }),
  );
  const messaging: RabbitMessaging = new RabbitMessaging(() => bus.usable(), results);
  return messaging;
}

async function serveApi(context: ServiceContext<Cgcg, "api">): Promise<Serving> {
  const { environment, log, managementEnabled } = context;
  const server = await cgcgApi({
    keys: keysFrom(environment),
    audit: auditOf(context),
    perMinute: wholeNumber(environment, "CGCG_RATE_LIMIT", 600, { min: 1, max: 1_000_000 }),
    messaging: messagingOf(context),
    management: managementEnabled,
    onError: (err) => log.error({ err }, "a request failed"),
  });
  return serve(server, context);
}

/** Works on tasks by these functions, and heeds revocations. */
export async function workOn(
  bus: Bus<Cgcg, "worker">,
  { topology, concurrency, registry }: Pick<ServiceContext<Cgcg, "worker">, "topology" | "concurrency"> & { readonly registry: Registry },
): Promise<void> {
  const { tasks } = topology.queues;
  const runner = new TaskRunner(bus, { registry, rungs: "retry" in tasks ? (tasks.retry?.length ?? 0) : 0 });
  const workerId = randomBytes(6).toString("hex");
  await bus.join("control", { workerId }, ({ body }) => runner.revoke(body.task_id));
  await bus.consume("tasks", (delivery) => runner.handle(delivery), concurrency === undefined ? {} : { concurrency });
}

export const cgcgServices: Services<Cgcg> = {
  api: serveApi,
  worker: async (context) => {
    const { topology, concurrency } = context;
    await workOn(await context.connect(), { topology, concurrency, registry: functions });
  },
  "dlq-handler": watchDeadLetters,
};
