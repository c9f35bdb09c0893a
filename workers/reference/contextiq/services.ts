/** How each of ContextIQ's services starts: its stores, its bus, and what it consumes or serves. */
import { watchDeadLetters } from "../dead-letters.js";
import { api, serve } from "../http.js";
import { handling, needed, storeOf, wholeNumber, type ServiceContext, type Services } from "../service.js";
import type { StoreClient } from "../stores/index.js";
import { memoryRoutes, sessionRoutes, type Contextiq } from "./apis.js";
import { count, follow, keepResult, webhook, write } from "./subscribers.js";
import { consolidate, extract } from "./workers.js";

type Service = keyof Contextiq["services"];

const memoryStore = <S extends Service>(context: ServiceContext<Contextiq, S>): StoreClient =>
  storeOf(context, "MEMORY_STORE_URL", "the memory store");

/** Deliveries that one batch waits for, and how long. */
const BATCH = { size: 50, wait: 200 };

export const contextiqServices: Services<Contextiq> = {
  "sessions-api": async (context) => {
    const store = memoryStore(context);
    const bus = await context.connect();
    const server = await api({ title: "ContextIQ sessions", onError: (err) => context.log.error({ err }, "a request failed") });
    sessionRoutes(server, bus, store);
    return serve(server, context);
  },
  "memory-api": async (context) => {
    const store = memoryStore(context);
    const bus = await context.connect();
    const server = await api({ title: "ContextIQ memories", onError: (err) => context.log.error({ err }, "a request failed") });
    memoryRoutes(server, bus, store);
    return serve(server, context);
  },
  "extraction-worker": async (context) => {
    const store = memoryStore(context);
    const model = storeOf(context, "MODEL_URL", "the language model");
    const bus = await context.connect();
    await bus.answer("extraction.requests", extract(bus, { store, model }), handling(context));
  },
  "consolidation-worker": async (context) => {
    const store = memoryStore(context);
    const bus = await context.connect();
    await bus.consume("consolidation.requests", consolidate(bus, store), { orderBy: ({ user_id }) => user_id, ...handling(context) });
  },
  "result-handler": async (context) => {
    const keep = keepResult(memoryStore(context));
    const bus = await context.connect();
    await bus.consume("extraction.results", keep, handling(context));
    await bus.consume("consolidation.results", keep, handling(context));
  },
  "event-handler": async (context) => {
    const handler = follow(memoryStore(context));
    const bus = await context.connect();
    await bus.consume("session.events", handler, { orderBy: ({ session_id }) => session_id, ...handling(context) });
    await bus.consume("memory.events", handler, { orderBy: ({ memory_id }) => memory_id, ...handling(context) });
  },
  analytics: async (context) => {
    const handler = count(memoryStore(context));
    const bus = await context.connect();
    await bus.consumeBatch("events.analytics", handler, BATCH);
  },
  logging: async (context) => {
    const bus = await context.connect();
    await bus.consume("events.logging", write(context.log), handling(context));
  },
  webhook: async (context) => {
    const { environment } = context;
    const handler = webhook({
      url: needed(environment, "WEBHOOK_URL", "where new sessions are told", "http://127.0.0.1:7002/hook"),
      halfOpenAfter: wholeNumber(environment, "WEBHOOK_PAUSE", 60, { min: 1, max: 3600 }) * 1000,
    });
    const bus = await context.connect();
    await bus.consume("events.webhook", handler, handling(context));
  },
  "dlq-handler": watchDeadLetters,
};
