/** Who may do what on CGCG's API, how often, and what is written down about it. */
import rateLimit from "@fastify/rate-limit";
import type { FastifyReply, FastifyRequest } from "fastify";
import { apiError, type Api } from "../http.js";
import type { Audit } from "./audit.js";
import { AccessError } from "./errors.js";
import { may, type Holder, type Keys, type Role } from "./keys.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Of the API key that came with it. */
    holder?: Holder;
    /** Why it was refused or failed. */
    refusal?: string;
  }
  interface FastifyContextConfig {
    /** The least role that may; none where anybody may. */
    role?: Role;
  }
}

export interface AccessOptions {
  readonly keys: Keys;
  readonly audit: Audit;
  /** Calls of one key (or, without a valid one, of one address) in a minute. */
  readonly perMinute: number;
}

/** `X-API-Key: KEY` or `Authorization: Bearer KEY`. */
function keyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers["x-api-key"];
  return typeof key === "string" ? key : /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
}

/** To be called before routes are added. A route says `config: { role }`. */
export async function guarded(server: Api, { keys, audit, perMinute }: AccessOptions): Promise<void> {
  server.addHook("onRequest", async (request) => {
    const holder = keys.holder(keyOf(request));
    if (holder) request.holder = holder;
  });
  // Before the role is looked at: guesses at keys count too.
  await server.register(rateLimit, {
    max: perMinute,
    timeWindow: "1 minute",
    keyGenerator: ({ holder, ip }) => (holder ? `key ${holder.id}` : `address ${ip}`),
    errorResponseBuilder: (_request, { after }) =>
      new AccessError(429, "too-many", `More than ${perMinute} calls in a minute.`, `try again in ${after}`),
  });
  // Before a body is read.
  server.addHook("preParsing", async (request) => {
    const { role } = request.routeOptions.config;
    if (role === undefined) return;
    const { holder } = request;
    if (!holder)
      throw new AccessError(401, "unauthorized", "The API key is missing or wrong.", "send it as X-API-Key, or Authorization: Bearer");
    if (!may(holder, role))
      throw new AccessError(
        403,
        "forbidden",
        `The key "${holder.id}" is a ${holder.role}; this needs a ${role}.`,
        "use a key with that role",
      );
  });
  server.addHook("onError", async (request, _reply, error) => void (request.refusal = apiError(error).code));
  server.addHook("onSend", async (request, reply) => written(request, reply, audit));
}

/** Every change, and everything that is refused. */
function written(request: FastifyRequest, reply: FastifyReply, audit: Audit): void {
  const { method, holder, ip, routeOptions, params, refusal } = request;
  if (method === "GET" && reply.statusCode < 400) return;
  const named = (params ?? {}) as { readonly task_id?: string; readonly queue_name?: string };
  const inBody = (reply.statusCode < 400 ? request.body : undefined) as
    { readonly queue_name?: string; readonly task_id?: string } | undefined;
  audit({
    at: new Date().toISOString(),
    key: holder?.id,
    role: holder?.role,
    address: ip,
    method,
    route: routeOptions.url ?? "none",
    target: named.task_id ?? named.queue_name ?? inBody?.queue_name ?? inBody?.task_id,
    status: reply.statusCode,
    code: refusal,
  });
}
