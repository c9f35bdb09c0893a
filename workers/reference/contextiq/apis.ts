/** ContextIQ's two APIs: what happens to sessions and memories becomes work, and events for everyone who subscribed. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { contextiq } from "../../../topology/systems/contextiq.js";
import type { Bus } from "../../bus.js";
import { ErrorBody, type Api } from "../http.js";
import type { StoreClient } from "../stores/index.js";

export type Contextiq = typeof contextiq;

const refusals = { "4xx": ErrorBody, "5xx": ErrorBody } as const;
const id = z.string().min(1);
/** 0 to 9, as the description has it: the higher goes first. */
const priority = z.int().min(0).max(9).optional();
const Session = z.object({ user_id: id, events: z.array(z.string()).default([]), priority });
const Accepted = z.object({ session_id: id, message_id: z.string() });
const Extracted = z.object({ success: z.boolean(), memories_extracted: z.int().optional(), error: z.string().optional() });
/** Of one batch. */
const MAX_BATCH = 1000;

const now = (): string => new Date().toISOString();
const ranked = (rank: number | undefined): { readonly priority?: number } => (rank === undefined ? {} : { priority: rank });

type Sessions = Bus<Contextiq, "sessions-api">;

/** Events may be lost, says the topology (`persistent: false`): that nobody hears of one does not undo what happened. */
const sessionEvent = async (bus: Sessions, session_id: string, event: string, data: Record<string, unknown>): Promise<void> => {
  await bus.publish("session.event", { session_id, event, data, timestamp: now() }, { key: { event } });
};

/** `POST /sessions`, `POST /sessions/batch`, `PATCH` and `DELETE /sessions/ID`, `POST /sessions/ID/extraction`. */
export function sessionRoutes(server: Api, bus: Sessions, store: StoreClient): void {
  server.post("/sessions", { schema: { body: Session, response: { 202: Accepted, ...refusals } } }, async ({ body }, reply) => {
    const session_id = randomUUID();
    await store.put("sessions", session_id, { user_id: body.user_id, events: body.events });
    const request = { session_id, user_id: body.user_id, timestamp: now() };
    const { messageId } = await bus.publish("extraction.request", request, { correlationId: session_id, ...ranked(body.priority) });
    await sessionEvent(bus, session_id, "created", { user_id: body.user_id });
    return reply.code(202).send({ session_id, message_id: messageId });
  });

  const batch = z.object({
    sessions: z
      .array(Session.omit({ priority: true }))
      .min(1)
      .max(MAX_BATCH),
  });
  const told = z.object({ accepted: z.array(id), failed: z.array(z.object({ session_id: id, code: z.string() })) });
  server.post("/sessions/batch", { schema: { body: batch, response: { 202: told, ...refusals } } }, async ({ body }, reply) => {
    const sessions = body.sessions.map((session) => ({ id: randomUUID(), value: session }));
    await store.putAll("sessions", sessions);
    const requests = sessions.map(({ id: session_id, value: { user_id } }) => ({ session_id, user_id, timestamp: now() }));
    const { published, failed } = await bus.publishAll("extraction.request", requests);
    return reply.code(202).send({
      accepted: published.map(({ index }) => sessions[index]?.id ?? ""),
      failed: failed.map(({ index, error }) => ({ session_id: sessions[index]?.id ?? "", code: error.code })),
    });
  });

  const params = z.object({ session_id: id });
  const done = z.object({ session_id: id });
  const change = z.object({ events: z.array(z.string()) });
  server.patch("/sessions/:session_id", { schema: { params, body: change, response: { 200: done, ...refusals } } }, async (request) => {
    const { session_id } = request.params;
    const session = (await store.get("sessions", session_id)) as Record<string, unknown> | undefined;
    await store.put("sessions", session_id, { ...session, events: request.body.events });
    await sessionEvent(bus, session_id, "updated", { events: request.body.events.length });
    return { session_id };
  });
  server.delete("/sessions/:session_id", { schema: { params, response: { 200: done, ...refusals } } }, async (request) => {
    const { session_id } = request.params;
    await store.remove("sessions", session_id);
    await sessionEvent(bus, session_id, "deleted", {});
    return { session_id };
  });

  const wait = z.object({ user_id: id, timeout: z.int().min(1).max(300_000).default(30_000), priority });
  server.post(
    "/sessions/:session_id/extraction",
    { schema: { params, body: wait, response: { 200: Extracted, ...refusals } } },
    async ({ params: { session_id }, body: { user_id, timeout, priority: rank } }) =>
      bus.request("extraction.request", { session_id, user_id, timestamp: now() }, { timeout, ...ranked(rank) }),
  );
}

type Memories = Bus<Contextiq, "memory-api">;

/** `POST /memories`, `PATCH` and `DELETE /memories/ID`, `POST /consolidations`. */
export function memoryRoutes(server: Api, bus: Memories, store: StoreClient): void {
  const event = async (memory_id: string, name: string, data: Record<string, unknown>): Promise<void> => {
    await bus.publish("memory.event", { memory_id, event: name, data, timestamp: now() }, { key: { event: name } });
  };
  const Memory = z.object({ user_id: id, text: z.string() });
  const done = z.object({ memory_id: id });
  const params = z.object({ memory_id: id });
  server.post("/memories", { schema: { body: Memory, response: { 201: done, ...refusals } } }, async ({ body }, reply) => {
    const memory_id = randomUUID();
    await store.put("memories", memory_id, body);
    await event(memory_id, "created", { user_id: body.user_id });
    return reply.code(201).send({ memory_id });
  });
  server.patch("/memories/:memory_id", { schema: { params, body: Memory, response: { 200: done, ...refusals } } }, async (request) => {
    const { memory_id } = request.params;
    await store.put("memories", memory_id, request.body);
    await event(memory_id, "updated", { user_id: request.body.user_id });
    return { memory_id };
  });
  server.delete("/memories/:memory_id", { schema: { params, response: { 200: done, ...refusals } } }, async (request) => {
    const { memory_id } = request.params;
    await store.remove("memories", memory_id);
    await event(memory_id, "deleted", {});
    return { memory_id };
  });

  const asked = z.object({ message_id: z.string() });
  const body = z.object({ scope: z.string(), user_id: id, similarity_threshold: z.number().min(0).max(1).optional(), priority });
  server.post("/consolidations", { schema: { body, response: { 202: asked, ...refusals } } }, async (request, reply) => {
    const { priority: rank, similarity_threshold: threshold, scope, user_id } = request.body;
    const wish = { scope, user_id, ...(threshold === undefined ? {} : { similarity_threshold: threshold }) };
    const { messageId } = await bus.publish("consolidation.request", wish, ranked(rank));
    return reply.code(202).send({ message_id: messageId });
  });
}
