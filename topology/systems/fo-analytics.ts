/** FO Analytics: uploaded documents are processed one by one; what fails is tried again, then kept for a day. */
import { z } from "zod";
import { topology } from "../define.js";

export const foAnalytics = topology({
  name: "fo-analytics",
  description: "Document processing",

  exchanges: {
    fo_analytics: { type: "topic" },
  },

  queues: {
    document_processing: {
      type: "quorum",
      from: { fo_analytics: "document.process" },
      messageTtl: "1 hour",
      deadLetterTo: { exchange: "fo_analytics", routingKey: "document.failed" },
      retry: ["2 seconds", "4 seconds", "8 seconds"],
    },
    document_processing_dlq: {
      type: "quorum",
      from: { fo_analytics: "document.failed" },
      messageTtl: "24 hours",
      // Looking at a dead letter must not use up its deliveries.
      deliveryLimit: -1,
    },
  },

  messages: {
    document: {
      to: "fo_analytics",
      key: "document.process",
      schema: z.object({ document_id: z.uuid(), user_id: z.uuid(), file_path: z.string(), content_type: z.string() }),
    },
  },

  services: {
    api: { publishes: ["document"], description: "Takes uploads" },
    worker: {
      consumes: ["document_processing"],
      replicas: { min: 1, max: 4, perReplica: 50 },
      load: { rate: 0.14, peak: 0.35, handler: { mean: "6 seconds", p95: "15 seconds", concurrency: 1 }, latency: { p95: "10 minutes" } },
      description: "Storage, parser, LLM",
    },
    "dlq-handler": { manages: ["document_processing_dlq"] },
  },

  silence: [
    { code: "reaches-any-queue", path: 'services["dlq-handler"]', reason: "puts dead letters back into the one queue that they came from" },
  ],
});
