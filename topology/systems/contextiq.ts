/** ContextIQ: memories are extracted from sessions and consolidated by workers; events go to everyone who subscribed. */
import { z } from "zod";
import { topology } from "../define.js";

const id = z.string().min(1);

// What a queue of work or of results has in common.
const common = {
  type: "quorum",
  messageTtl: "24 hours",
  maxLength: 1_000_000,
  deadLetterTo: { exchange: "contextiq.dlx", routingKey: "dead_letter" },
} as const;

const ladder = ["1 second", "5 seconds", "15 seconds", "1 minute", "5 minutes"] as const;

// Every subscriber gets every event.
const events = { rate: 50, peak: 125, handler: { mean: "10 ms", p95: "30 ms", concurrency: 5 } } as const;

export const contextiq = topology({
  name: "contextiq",
  description: "Memory extraction, consolidation, and events",

  exchanges: {
    "contextiq.extraction": { type: "topic" },
    "contextiq.consolidation": { type: "topic" },
    "contextiq.events": { type: "topic" },
    "contextiq.dlx": { type: "direct" },
  },

  queues: {
    "extraction.requests": { ...common, from: { "contextiq.extraction": "extraction.request" }, retry: ladder },
    "extraction.results": { ...common, from: { "contextiq.extraction": "extraction.result" } },
    "consolidation.requests": { ...common, from: { "contextiq.consolidation": "consolidation.request" }, retry: ladder },
    "consolidation.results": { ...common, from: { "contextiq.consolidation": "consolidation.result" } },

    // One queue per subscriber: on one queue they would take each other's events away.
    "session.events": { ...common, from: { "contextiq.events": "session.*" } },
    "memory.events": { ...common, from: { "contextiq.events": "memory.*" } },
    "events.analytics": { ...common, from: { "contextiq.events": ["session.*", "memory.*"] } },
    "events.logging": { ...common, from: { "contextiq.events": ["session.*", "memory.*"] } },
    "events.webhook": { ...common, from: { "contextiq.events": "session.created" }, retry: ladder },

    // Looking at a dead letter must not use up its deliveries.
    dead_letter: { type: "quorum", from: { "contextiq.dlx": "dead_letter" }, maxLength: 100_000, deliveryLimit: -1 },
  },

  messages: {
    "extraction.request": {
      to: "contextiq.extraction",
      key: "extraction.request",
      schema: z.object({ session_id: id, user_id: id, timestamp: z.iso.datetime().optional() }),
      reply: z.object({ success: z.boolean(), memories_extracted: z.int().min(0).optional(), error: z.string().optional() }),
    },
    "extraction.result": {
      to: "contextiq.extraction",
      key: "extraction.result",
      schema: z.object({ session_id: id, memories_extracted: z.int().min(0), success: z.boolean() }),
    },
    "consolidation.request": {
      to: "contextiq.consolidation",
      key: "consolidation.request",
      schema: z.object({ scope: z.string(), user_id: id, similarity_threshold: z.number().min(0).max(1).optional() }),
    },
    "consolidation.result": {
      to: "contextiq.consolidation",
      key: "consolidation.result",
      schema: z.object({ scope: z.string(), memories_merged: z.int().min(0), success: z.boolean() }),
    },
    "session.event": {
      to: "contextiq.events",
      key: "session.{event}",
      persistent: false,
      schema: z.object({ session_id: id, event: z.string(), data: z.record(z.string(), z.unknown()), timestamp: z.string() }),
    },
    "memory.event": {
      to: "contextiq.events",
      key: "memory.{event}",
      persistent: false,
      schema: z.object({ memory_id: id, event: z.string(), data: z.record(z.string(), z.unknown()), timestamp: z.string() }),
    },
  },

  services: {
    "sessions-api": { publishes: ["extraction.request", "session.event"] },
    "memory-api": { publishes: ["consolidation.request", "memory.event"] },
    "extraction-worker": {
      consumes: ["extraction.requests"],
      publishes: ["extraction.result", "consolidation.request"],
      replicas: { min: 2, max: 20, cpu: 70, perReplica: 100 },
      // A language model is asked: it waits more than it works, so ten at a time.
      load: { rate: 20, peak: 50, handler: { mean: "2 seconds", p95: "5 seconds", concurrency: 10 }, latency: { p95: "40 seconds" } },
    },
    "consolidation-worker": {
      consumes: ["consolidation.requests"],
      publishes: ["consolidation.result"],
      replicas: { min: 2, max: 20, cpu: 70, perReplica: 100 },
      load: { rate: 10, peak: 25, handler: { mean: "4 seconds", p95: "10 seconds", concurrency: 10 }, latency: { p95: "80 seconds" } },
    },
    "result-handler": {
      consumes: ["extraction.results", "consolidation.results"],
      load: {
        rate: { "extraction.results": 20, "consolidation.results": 10 },
        peak: 75,
        handler: { mean: "20 ms", p95: "60 ms", concurrency: 5 },
        latency: { p95: "5 seconds" },
      },
    },
    "event-handler": { consumes: ["session.events", "memory.events"], load: { ...events, latency: { p95: "2 seconds" } } },
    analytics: { consumes: ["events.analytics"], load: { ...events, latency: { p95: "1 minute" } } },
    logging: { consumes: ["events.logging"], load: { ...events, latency: { p95: "1 minute" } } },
    webhook: {
      consumes: ["events.webhook"],
      load: { rate: 5, peak: 12.5, handler: { mean: "300 ms", p95: "1 second", concurrency: 10 }, latency: { p95: "10 seconds" } },
    },
    "dlq-handler": { manages: ["dead_letter"] },
  },

  environments: {
    dev: { services: { "extraction-worker": { replicas: { min: 1, max: 2 } }, "consolidation-worker": { replicas: { min: 1, max: 2 } } } },
    prod: { queues: { "extraction.requests": { quorumInitialGroupSize: 3 }, "consolidation.requests": { quorumInitialGroupSize: 3 } } },
  },

  silence: [
    { code: "reaches-any-queue", path: 'services["extraction-worker"]', reason: "answers requests over direct reply-to" },
    { code: "reaches-any-queue", path: 'services["dlq-handler"]', reason: "puts dead letters back into the one queue that they came from" },
  ],
});
