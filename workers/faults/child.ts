/** The process in which a client under test runs: told over IPC what to publish, and to be killed at any moment. */
import { openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FILES, type Command, type Job, type Report } from "./protocol.js";
import type { Client, Handler, Order, Reports, Settings } from "./subject.js";
import { subjectOf } from "./subjects/index.js";

const job = JSON.parse(process.env["WARREN_FAULTS_JOB"] ?? "") as Job;
const { folder } = job.settings;
const presentUrls = (): string[] => JSON.parse(readFileSync(job.urlsFile, "utf8")) as string[];
const settings: Settings = { ...job.settings, urls: presentUrls(), presentUrls };

let pending: Report[] = [];
/** In one message per turn of the event loop. */
function tell(report: Report): void {
  if (pending.push(report) > 1) return;
  setImmediate(flush);
}
function flush(): void {
  if (process.connected && pending.length > 0) process.send?.(pending, undefined, undefined, () => undefined);
  pending = [];
}

const words = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error)).slice(0, 300);
const reports: Reports = {
  confirmed: (id) => tell({ kind: "confirmed", id, at: Date.now() }),
  failed: (id, error) => tell({ kind: "failed", id, at: Date.now(), reason: words(error) }),
  returned: (id) => tell({ kind: "returned", id, at: Date.now() }),
  log: (text) => tell({ kind: "log", text: words(text) }),
};

// Appended by O_APPEND, one write each: a line that is there stays there, whatever becomes of the process.
const lines = openSync(join(folder, FILES.effects), "a");
const note = (kind: "delivered" | "effect", id: string): void => void writeSync(lines, `${Date.now()} ${kind} ${id}\n`);

/** True for the first caller of all processes of the trial. */
function isFirst(id: string): boolean {
  try {
    openSync(join(folder, `seen-${id}`), "wx");
    return true;
  } catch {
    return false;
  }
}

const order = (content: Buffer): Order => JSON.parse(content.toString()) as Order;
const handler: Handler = {
  work(content) {
    const { id, act, ms = 2 } = order(content);
    note("delivered", id);
    if (act === "throw") throw new Error(`the handler throws at ${id}`);
    if (act === "crash") process.kill(process.pid, "SIGKILL");
    if (act === "block" && isFirst(id)) for (const until = Date.now() + ms; Date.now() < until;);
    if (act === "hang" && isFirst(id)) return new Promise(() => undefined);
    return sleep(act === undefined ? ms : 2).then(() => {
      if (act === "reject") throw new Error(`the handler rejects ${id}`);
    });
  },
  effect: (content) => note("effect", order(content).id),
};

async function main(): Promise<void> {
  const subject = await subjectOf(job.subject);
  const clients = await Promise.all(Array.from({ length: job.clients }, (): Promise<Client> => subject.open(settings, reports)));
  if (clients.every((client) => "close" in client))
    process.once("SIGTERM", () => {
      Promise.all(clients.map(async (client) => client.close?.())).then(
        () => exit(0),
        (error: unknown) => {
          reports.log(error);
          exit(1);
        },
      );
    });
  if (job.roles.includes("consume")) await Promise.all(clients.map((client) => client.consume(handler, reports)));
  if (job.roles.includes("publish")) {
    const publisher = await clients[0]?.publisher(reports);
    process.on("message", ({ publish }: Command) => {
      for (const { to, ...one } of publish) publisher?.publish(one.id, Buffer.from(JSON.stringify(one)), to);
    });
    setInterval(() => tell({ kind: "memory", bytes: process.memoryUsage.rss() }), 250).unref();
  } else process.channel?.unref(); // Ends by itself when the library leaves nothing to wait for.
  tell({ kind: "ready" });
}

function exit(code: number): void {
  flush();
  setImmediate(() => process.exit(code));
}

// Without the test there is nobody to end it.
process.once("disconnect", () => process.exit(1));
void main();
