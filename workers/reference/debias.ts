/** DEBIAS: an API that takes events, and a worker for each of the two databases; an outage of one fills its own queue only. */
import { z } from "zod";
import { debias } from "../../topology/systems/debias.js";
import type { Bus, DeliveryOf } from "../bus.js";
import { retry, type Outcome } from "../consume/outcomes.js";
import { watchDeadLetters } from "./dead-letters.js";
import { api, ErrorBody, serve, type Api } from "./http.js";
import { handling, storeOf, type Services } from "./service.js";
import { StoreError, type StoreClient } from "./stores/index.js";

type Debias = typeof debias;

const Event = debias.messages.event.schema;
/** Of one batch. */
const MAX_EVENTS = 10_000;
/** Of messages and consumers; the last one waits for people. */
const QUEUES = ["events.neo4j", "events.qdrant", "events.dlq"] as const;

const Queued = z.object({ status: z.literal("Event queued"), message_id: z.string() });
const BatchQueued = z.object({
  status: z.string(),
  queued: z.int(),
  failed: z.array(z.object({ index: z.int(), code: z.string(), message: z.string() })),
});
const QueueHealth = z.object({
  status: z.enum(["healthy", "unhealthy"]),
  queues: z.record(z.string(), z.object({ messages: z.int(), consumers: z.int().optional() })),
});

/** `POST /events`, `POST /events/batch`, `GET /rabbitmq/health`. */
export function eventRoutes(server: Api, bus: Bus<Debias, "event-api">): void {
  server.post("/events", { schema: { body: Event, response: { 200: Queued, "4xx": ErrorBody, "5xx": ErrorBody } } }, async ({ body }) => {
    const { messageId } = await bus.publish("event", body);
    return { status: "Event queued" as const, message_id: messageId };
  });

  const batch = z.object({ events: z.array(Event).min(1).max(MAX_EVENTS) });
  server.post(
    "/events/batch",
    { schema: { body: batch, response: { 200: BatchQueued, 207: BatchQueued, 503: z.union([BatchQueued, ErrorBody]), "4xx": ErrorBody } } },
    async ({ body: { events } }, reply) => {
      const { published, failed } = await bus.publishAll("event", events);
      const told = {
        status: failed.length === 0 ? "Events queued" : "Not all events are queued",
        queued: published.length,
        failed: failed.map(({ index, error }) => ({ index, code: error.code, message: error.message })),
      };
      return reply.code(failed.length === 0 ? 200 : published.length > 0 ? 207 : 503).send(told);
    },
  );

  server.get("/rabbitmq/health", { schema: { response: { 200: QueueHealth, 503: QueueHealth } } }, async (_request, reply) => {
    const counts = bus.health().ready ? await bus.queues(QUEUES).catch(() => ({})) : {};
    const queues = Object.fromEntries(
      Object.entries<{ messages: number; consumers: number }>(counts).map(([name, { messages, consumers }]) => [
        name,
        name === "events.dlq" ? { messages } : { messages, consumers },
      ]),
    );
    const healthy = QUEUES.every((name) => name in queues && queues[name]?.consumers !== 0);
    return reply.code(healthy ? 200 : 503).send({ status: healthy ? ("healthy" as const) : ("unhealthy" as const), queues });
  });
}

type Interaction = DeliveryOf<Debias, "events.neo4j">;

/** The graph's edge: a visitor did something with a product. By the message's id, so that a second delivery changes nothing. */
export const recordInteraction =
  (graph: StoreClient) =>
  async ({ body, messageId, timestamp, signal }: Interaction): Promise<Outcome | undefined> => {
    const { user_id: from, product_id: to, event_type: type, user_session: session } = body;
    const id = messageId ?? `${from}-${to}-${type}-${session}`;
    return stored(graph.put("interactions", id, { from, to, type, session, at: timestamp?.toISOString() }, { signal }));
  };

/** What a visitor likes: the more an event says of it, the heavier. */
const WEIGHT = { view: 1, cart: 3, purchase: 5, remove_from_cart: -2 } as const;

/** The vector database's point: one for each event. */
export const recordPreference =
  (vectors: StoreClient) =>
  async ({ body, messageId, signal }: DeliveryOf<Debias, "events.qdrant">): Promise<Outcome | undefined> => {
    const { user_id: user, product_id: product, event_type: type } = body;
    const id = messageId ?? `${user}-${product}-${type}-${body.user_session}`;
    return stored(vectors.put("profiles", id, { user, product, weight: WEIGHT[type] }, { signal }));
  };

/** A store that is away is a retry, with the store's name as the reason. */
const stored = (work: Promise<void>): Promise<Outcome | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof StoreError) return retry(error.message);
      throw error;
    },
  );

export const debiasServices: Services<Debias> = {
  "event-api": async (context) => {
    const bus = await context.connect();
    const server = await api({
      title: "DEBIAS events",
      bodyLimit: 8 * 1024 * 1024,
      onError: (err) => context.log.error({ err }, "a request failed"),
    });
    eventRoutes(server, bus);
    return serve(server, context);
  },
  "neo4j-worker": async (context) => {
    const graph = storeOf(context, "NEO4J_URL", "the graph database");
    const bus = await context.connect();
    await bus.consume("events.neo4j", recordInteraction(graph), handling(context));
  },
  "qdrant-worker": async (context) => {
    const vectors = storeOf(context, "QDRANT_URL", "the vector database");
    const bus = await context.connect();
    await bus.consume("events.qdrant", recordPreference(vectors), handling(context));
  },
  "dlq-handler": watchDeadLetters,
};
