/** A worker's health over HTTP: for orchestrators, for Prometheus, and for people. */
import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import { WorkerError } from "../errors.js";
import type { Health } from "./health-state.js";
import { abandoned, type MaxAge, overdue, type QueueCounts, stuck } from "./queue-health.js";
import { cutUrls } from "./redact.js";

export type { QueueCounts } from "./queue-health.js";

export interface HealthServerOptions {
  /** @default "127.0.0.1"; a container that is probed from outside needs "0.0.0.0" */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** `bus.health` */
  readonly health: () => Health;
  /** Adds `/metrics`. */
  readonly metrics?: Registry;
  /** What the queues hold, asked of the broker; adds counts to `/rabbitmq/health`. Given up after `queuesTimeout`. */
  readonly queues?: () => Promise<QueueCounts>;
  /** Milliseconds. @default 2000 */
  readonly queuesTimeout?: number;
  /** When a consumer without messages counts as stuck, in milliseconds; needs `queues`. @default never */
  readonly maxAge?: MaxAge;
}

export interface HealthServer {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:9090` */
  readonly url: string;
  /** Ends open requests and the server. Can be called twice. */
  close(): Promise<void>;
}

const PATHS = ["/health/live", "/health/ready", "/rabbitmq/health"];

/**
 * Serves
 * - `GET /health/live`: 200, or 503 when only a restart helps;
 * - `GET /health/ready`: 200, or 503 with `reasons` (not connected, blocked, a consumer that does not consume or is stuck, stopping);
 * - `GET /metrics`: for Prometheus;
 * - `GET /rabbitmq/health`: `{ status: "healthy" | "unhealthy", queues: { NAME: { messages, consumers } } }`, 503 with `reasons` when unhealthy.
 *
 * There is no login: listen where only those who may look can reach it. Throws a `WorkerError` if the port is taken.
 */
export async function healthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { host = "127.0.0.1", port } = options;
  // Loaded when it is asked for: it takes 4 MB.
  const { fastify } = await import("fastify");
  const server = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1_024 });
  const since = Date.now();
  server.addHook("onSend", async (_request, reply) => void reply.header("cache-control", "no-store"));
  server.setErrorHandler(async (error, _request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    return reply.code(status).send({ error: sentence(error) });
  });
  const paths = options.metrics === undefined ? PATHS : [...PATHS, "/metrics"];
  server.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ error: "nothing is here", paths }));
  routes(server, options, since);
  await listen(server, host, port);
  const bound = server.server.address();
  const [at, on] = typeof bound === "object" && bound !== null ? [bound.address, bound.port] : [host, port];
  return { host: at, port: on, url: `http://${at.includes(":") ? `[${at}]` : at}:${on}`, close: () => server.close() };
}

function routes(server: FastifyInstance, options: HealthServerOptions, since: number): void {
  const { metrics, maxAge } = options;

  server.get("/health/live", async (_request, reply) => {
    const { live, reasons } = options.health();
    return reply.code(live ? 200 : 503).send({ status: live ? "live" : "dead", reasons: live ? [] : reasons.map(cutUrls) });
  });

  server.get("/health/ready", async (_request, reply) => {
    const health = options.health();
    const reasons = [...health.reasons];
    // The broker is asked only when a consumer has been without messages for too long.
    const late = overdue(health, maxAge, since, Date.now());
    if (late.length > 0 && options.queues !== undefined) {
      const { counts, fault } = await count(options);
      reasons.push(...(fault === undefined ? stuck(late, counts) : [fault]));
    }
    const ready = health.ready && reasons.length === 0;
    const { connections, consumers, publishing } = health;
    const body = { status: ready ? "ready" : "not ready", reasons: reasons.map(cutUrls), connections, consumers, publishing };
    return reply.code(ready ? 200 : 503).send(body);
  });

  server.get("/rabbitmq/health", async (_request, reply) => {
    const health = options.health();
    const { counts, fault } = await count(options);
    const late = overdue(health, maxAge, since, Date.now());
    const reasons = [...health.reasons, ...(fault === undefined ? [] : [fault]), ...abandoned(counts), ...stuck(late, counts)];
    const healthy = health.ready && reasons.length === 0;
    const body = { status: healthy ? "healthy" : "unhealthy", queues: counts, ...(healthy ? {} : { reasons: reasons.map(cutUrls) }) };
    return reply.code(healthy ? 200 : 503).send(body);
  });

  if (metrics !== undefined) {
    server.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  }
}

/** The counts, or why there are none. */
async function count({ queues, queuesTimeout = 2_000 }: HealthServerOptions): Promise<{ counts: QueueCounts; fault?: string }> {
  if (queues === undefined) return { counts: {} };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, refuse) => {
    timer = setTimeout(() => refuse(new Error(`no answer within ${queuesTimeout} ms`)), queuesTimeout);
  });
  try {
    return { counts: await Promise.race([queues(), late]) };
  } catch (error) {
    return { counts: {}, fault: `the queues could not be counted: ${sentence(error)}` };
  } finally {
    clearTimeout(timer);
  }
}

async function listen(server: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    const { code } = error as { code?: unknown };
    const where = `${host}:${port}`;
    if (code === "EADDRINUSE")
      throw new WorkerError("wrong-use", `The health server cannot listen on ${where}: something else listens there.`, {
        remedy: "choose another port, or 0 for a free one",
        cause: error,
      });
    if (code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
      throw new WorkerError("wrong-use", `The health server cannot listen on ${where}: ${String(code)}.`, {
        remedy: "choose an address of this machine (127.0.0.1, 0.0.0.0) and a port above 1023",
        cause: error,
      });
    throw error;
  }
}

const sentence = (error: unknown): string => cutUrls(error instanceof Error ? error.message : String(error));
