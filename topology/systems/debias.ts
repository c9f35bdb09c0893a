/** DEBIAS: every event of a shop goes to a graph and to a vector database, each at its own pace. */
import { z } from "zod";
import { topology } from "../define.js";

const event = z.object({
  user_id: z.int(),
  product_id: z.int(),
  event_type: z.enum(["view", "cart", "purchase", "remove_from_cart"]),
  user_session: z.string(),
});

// What both databases' queues have in common: an outage of one store fills its own queue only.
const store = {
  type: "quorum",
  from: { events: "" },
  messageTtl: "24 hours",
  maxLength: 100_000,
  deadLetterTo: "events.dlx",
  retry: ["5 seconds", "30 seconds", "5 minutes"],
} as const;

// A worker gets through a thousand a second, and five through five thousand.
const work = {
  replicas: { min: 1, max: 5, perReplica: 200 },
  load: { rate: 1000, peak: 2500, handler: { mean: "10 ms", p95: "30 ms", concurrency: 10 }, latency: { p95: "400 ms" } },
} as const;

export const debias = topology({
  name: "debias",
  description: "E-commerce events for a graph and a vector database",
  // Its applications declare the queues themselves, with arguments and without a type: they must meet the same ones.
  settings: "arguments",
  vhost: { defaultQueueType: "quorum" },

  exchanges: {
    events: { type: "fanout" },
    "events.dlx": { type: "fanout" },
  },

  queues: {
    "events.neo4j": store,
    "events.qdrant": store,
    "events.dlq": { type: "quorum", from: { "events.dlx": "" }, messageTtl: "7 days" },
  },

  // Looking at a dead letter must not use up its deliveries; as a policy, since the applications declare no such argument.
  policies: {
    "events.dlq": { pattern: "^events\\.dlq$", applyTo: "quorum_queues", definition: { "delivery-limit": -1 } },
  },

  messages: {
    event: { to: "events", schema: event, description: "What a visitor did" },
  },

  services: {
    // It may be the first to start: what it publishes before its workers were ever there has to find their queues.
    "event-api": {
      publishes: ["event"],
      declares: ["events", "events.dlx", "events.neo4j", "events.qdrant", "events.dlq"],
      description: "POST /events and /events/batch",
    },
    "neo4j-worker": { consumes: ["events.neo4j"], declares: ["events.neo4j"], ...work },
    "qdrant-worker": { consumes: ["events.qdrant"], declares: ["events.qdrant"], ...work },
    "dlq-handler": { manages: ["events.dlq"], declares: ["events.dlq"], description: "Replays what failed, after it is mended" },
  },

  silence: [
    { code: "reaches-any-queue", path: 'services["dlq-handler"]', reason: "puts dead letters back into the one queue that they came from" },
  ],
});
