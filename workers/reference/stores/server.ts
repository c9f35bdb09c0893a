/** A small HTTP service that keeps records: what stands behind the reference handlers in place of a database, object storage, parser or model. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import fastify, { type FastifyInstance } from "fastify";
import { z } from "zod";
import { functions } from "./functions.js";
import { Journal } from "./journal.js";

/** How it misbehaves, for tests. */
export interface Behaviour {
  /** Milliseconds before each answer. */
  readonly delay: number;
  /** Of requests, from 0 to 1: so many answer 503 and change nothing. */
  readonly failureRate: number;
}

export interface StoreOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Kept in memory alone without one. */
  readonly file?: string;
  /** Records of each collection; the oldest go. @default all */
  readonly keep?: number;
  /** What it holds from the start, by collection and id. */
  readonly records?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly behaviour?: Partial<Behaviour>;
  /** Whether `PUT /behaviour` changes how it behaves. @default false */
  readonly adjustable?: boolean;
}

export interface StoreServer {
  readonly url: string;
  close(): Promise<void>;
}

const Records = z.object({ records: z.array(z.object({ id: z.string().min(1), value: z.unknown() })) });
const Adjustment = z.object({ delay: z.number().min(0).optional(), failureRate: z.number().min(0).max(1).optional() });
/** Of one body. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Serves
 * - `PUT /collections/C/ID` with JSON: 200 when it is on the disk; the same again changes nothing;
 * - `POST /collections/C` with `{ records: [{ id, value }] }`: all of them, as one;
 * - `GET /collections/C/ID`, `GET /collections/C` (`{ records }`), `DELETE /collections/C/ID`;
 * - `GET /counts`: `{ C: { records, writes } }`;
 * - `POST /functions/NAME`: what a parser or a model makes of a JSON body;
 * - `POST /hooks/NAME`: takes what a webhook tells, and keeps it in the collection `hooks/NAME` by its `Idempotency-Key`;
 * - `GET /health`.
 */
export async function storeServer(options: StoreOptions): Promise<StoreServer> {
  const journal = await Journal.open(options.file, options.keep);
  for (const [collection, records] of Object.entries(options.records ?? {}))
    await journal.put(
      collection,
      Object.entries(records).map(([id, value]) => ({ id, value })),
    );
  const server = fastify({ logger: false, forceCloseConnections: true, bodyLimit: MAX_BYTES });
  let behaviour: Behaviour = { delay: 0, failureRate: 0, ...options.behaviour };
  server.setErrorHandler(async (error, _request, reply) => {
    const status = (error as { readonly statusCode?: number }).statusCode ?? 500;
    return reply.code(status).send({ error: error instanceof Error ? error.message : String(error) });
  });
  server.addHook("preHandler", async (request, reply) => {
    if (request.url === "/behaviour" || request.url === "/counts") return;
    if (behaviour.delay > 0) await sleep(behaviour.delay);
    if (Math.random() < behaviour.failureRate) return reply.code(503).send({ error: "this store fails as it was told to" });
  });
  if (options.adjustable)
    server.put("/behaviour", async (request) => {
      const { delay = behaviour.delay, failureRate = behaviour.failureRate } = Adjustment.parse(request.body);
      return (behaviour = { delay, failureRate });
    });
  routes(server, journal);
  const url = await server.listen({ host: options.host ?? "127.0.0.1", port: options.port });
  const close = async (): Promise<void> => {
    await server.close();
    await journal.close();
  };
  return { url, close };
}

interface Of {
  readonly Params: { readonly collection: string; readonly id: string };
}

function routes(server: FastifyInstance, journal: Journal): void {
  server.get("/health", async () => ({ status: "healthy" }));
  server.get("/counts", async () => journal.counts());

  server.put<Of>("/collections/:collection/:id", async ({ params: { collection, id }, body }) => {
    await journal.put(collection, [{ id, value: body ?? null }]);
    return { stored: 1 };
  });
  server.post<Of>("/collections/:collection", async ({ params, body }, reply) => {
    const parsed = Records.safeParse(body);
    if (!parsed.success) return reply.code(400).send({ error: "the body is not { records: [{ id, value }] }" });
    await journal.put(params.collection, parsed.data.records);
    return { stored: parsed.data.records.length };
  });
  server.get<Of>("/collections/:collection", async ({ params }) => ({ records: journal.list(params.collection) }));
  server.get<Of>("/collections/:collection/:id", async ({ params: { collection, id } }, reply) => {
    return journal.get(collection, id) ?? reply.code(404).send({ error: `there is no "${id}"` });
  });
  server.delete<Of>("/collections/:collection/:id", async ({ params: { collection, id } }) => {
    await journal.remove(collection, id);
    return { removed: id };
  });

  server.post<{ readonly Params: { readonly name: string } }>("/functions/:name", async ({ params: { name }, body }, reply) => {
    const work = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (!work) return reply.code(404).send({ error: `there is no function "${name}"; there are: ${Object.keys(functions).join(", ")}` });
    try {
      return { result: work((body as { readonly input?: unknown } | null)?.input) };
    } catch (error) {
      // What cannot be computed today cannot be computed tomorrow.
      return reply.code(422).send({ error: (error as Error).message });
    }
  });

  server.post<{ readonly Params: { readonly name: string } }>("/hooks/:name", async ({ params: { name }, body, headers }) => {
    const { "idempotency-key": key } = headers;
    await journal.put(`hooks/${name}`, [{ id: typeof key === "string" && key !== "" ? key : randomUUID(), value: body ?? null }]);
    return { taken: true };
  });
}
