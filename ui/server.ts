/** The page's server: its files, what it asks for, and a stream of what changes. */
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { z } from "zod";
import type { Management } from "../broker/index.js";
import { withoutCredentials } from "../broker/faults.js";
import { WarrenError } from "../topology/errors.js";
import { WorkerError } from "../workers/errors.js";
import type { BrokerSettings } from "../workers/dead-letters/index.js";
import { hasToken, HEADERS, isForeign, isOurHost } from "./access.js";
import type { Alertmanager } from "./alertmanager.js";
import { assets } from "./assets.js";
import type { Atlas } from "./atlas.js";
import { DeadLetters } from "./letters.js";
import type { Opening } from "./protocol.js";
import { queueDetails } from "./queue-details.js";
import { Refusal } from "./refusal.js";
import { parseHeaders, pathOf } from "./route.js";
import { Watch } from "./watch.js";

export interface UiOptions {
  readonly atlas: Atlas;
  readonly management: Management;
  /** Of the AMQP connection for dead letters, by vhost. */
  readonly settings: (vhost: string) => BrokerSettings;
  readonly token: string;
  /** Dead letters may be put back. */
  readonly write: boolean;
  /** Address that is listened on. */
  readonly listen: string;
  /** Further names under which the page is reached. */
  readonly hosts?: readonly string[];
  /** Milliseconds between two readings of the broker. */
  readonly pause: number;
  readonly driftPause?: number;
  readonly alertmanager?: Alertmanager | undefined;
}

export interface Ui {
  readonly app: FastifyInstance;
  readonly watch: Watch;
  /** Ends streams, readings and passes. */
  readonly close: () => Promise<void>;
}

const WATCHERS = 32;
/** For what watches the process, the image's health check for example: it has no token, and learns nothing. */
const HEALTH = "/health/live";

const AQueue = z.object({ vhost: z.string(), name: z.string() });
const ALook = AQueue.extend({ body: z.enum(["0", "1"]).default("0") });
const ARoute = z.object({ vhost: z.string(), exchange: z.string(), key: z.string().max(1000), headers: z.string().max(4000).default("") });
const ARequeue = z.union([z.object({ ticket: z.string() }), AQueue]);

function read<T>(shape: z.ZodType<T>, value: unknown): T {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  throw new Refusal(400, `This cannot be read: ${result.error.issues[0]?.path.join(".") ?? ""} ${result.error.issues[0]?.message ?? ""}`);
}

function fault(error: unknown): { readonly status: number; readonly message: string } {
  const first = (text: string): string => withoutCredentials(text.split("\n")[0] ?? "");
  if (error instanceof Refusal) return { status: error.status, message: error.message };
  if (error instanceof WarrenError || error instanceof WorkerError) return { status: 502, message: first(error.message) };
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode !== undefined && statusCode < 500) return { status: statusCode, message: first(message ?? "") };
  return { status: 500, message: "The server failed." };
}

export async function createUi(options: UiOptions): Promise<Ui> {
  const { atlas, management, token, write, listen, hosts = [] } = options;
  const files = await assets();
  const watch = new Watch(options);
  const letters = new DeadLetters(atlas, management, options.settings);
  const streams = new Set<() => void>();
  const app = Fastify({ logger: false, bodyLimit: 16_384, forceCloseConnections: true });

  // What a form of another site can send is not read.
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async (request, reply) => {
    void reply.headers(HEADERS);
    if (!isOurHost(request.headers.host, listen, hosts)) throw new Refusal(421, "This server is not known under that name.");
    // The route that was found counts: an address may be written in other ways (%61pi, http://host/api).
    const route = request.routeOptions.url ?? "";
    if (request.is404 || files.has(route) || route === HEALTH) return;
    if (isForeign(request.headers)) throw new Refusal(403, "Another site asks.");
    if (!hasToken(request.headers.authorization, token))
      throw new Refusal(401, "The token is missing or wrong: open the address that warren ui has printed.");
  });
  app.setErrorHandler((error, _, reply) => {
    const { status, message } = fault(error);
    return reply.status(status).send({ error: message });
  });
  app.setNotFoundHandler((_, reply) => reply.status(404).send({ error: "There is nothing here." }));

  for (const [path, { type, body }] of files) app.get(path, (_, reply) => reply.type(type).send(body));

  app.get(HEALTH, () => ({ status: "live" }));
  app.get("/api/scene", () => opening(options));
  app.get("/api/live", (_, reply) => stream(reply, watch, streams));
  app.post("/api/route", ({ body }) => {
    const { vhost, exchange, key, headers } = read(ARoute, body);
    const parsed = parseHeaders(headers);
    if (typeof parsed === "string") return { verdict: "", reaches: false, nodes: [], edges: [], queues: [], fault: parsed };
    return pathOf(atlas, vhost, exchange, key, parsed);
  });
  app.get("/api/queue", async ({ query }) => {
    const { vhost, name } = read(AQueue, query);
    const found = await queueDetails(atlas, management, vhost, name, watch.reading(vhost));
    if (!found) throw new Refusal(404, `There is no queue "${name}" in this topology.`);
    return found;
  });
  app.get("/api/letters", ({ query }) => {
    const { vhost, name, body } = read(ALook, query);
    return letters.look(vhost, name, body === "1");
  });
  app.post("/api/requeue", ({ body }) => {
    if (!write) throw new Refusal(403, "Read-only: start warren ui with --write to put dead letters back.");
    const asked = read(ARequeue, body);
    return "ticket" in asked ? letters.requeue(asked.ticket) : letters.plan(asked.vhost, asked.name);
  });

  return {
    app,
    watch,
    close: async () => {
      streams.forEach((end) => end());
      await Promise.all([watch.close(), letters.close(), app.close()]);
    },
  };
}

function opening({ atlas, management, write, alertmanager }: UiOptions): Opening {
  return {
    scene: atlas.scene,
    broker: management.endpoint,
    write,
    alertmanager: alertmanager !== undefined,
    exchanges: atlas.regions.flatMap(({ vhost, plan, exchanges }) => [
      ...plan.exchanges
        .filter(({ name, internal }) => !internal && atlas.nodes.get(exchanges.get(name) ?? "")?.kind === "exchange")
        .map(({ name, type }) => ({ vhost, name, type })),
      { vhost, name: "", type: "direct" },
    ]),
  };
}

/** Server-sent events. A page that does not read for long is let go: it asks again. */
function stream(reply: FastifyReply, watch: Watch, streams: Set<() => void>): void {
  if (streams.size >= WATCHERS) throw new Refusal(429, "Too many pages are open.");
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { ...HEADERS, "content-type": "text/event-stream; charset=utf-8" });
  const end = (): void => {
    clearInterval(beat);
    remove();
    streams.delete(end);
    raw.end();
  };
  const send = (text: string): void => {
    if (raw.writableLength > 4_000_000) raw.destroy();
    else raw.write(text);
  };
  const beat = setInterval(() => send(": still here\n\n"), 15_000);
  const remove = watch.add((event, data) => send(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  streams.add(end);
  raw.on("error", () => undefined);
  raw.on("close", end);
}
