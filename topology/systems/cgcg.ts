/** CGCG: an HTTP API with a queue of tasks behind it, and direct messaging to queues that its users make. */
import { z } from "zod";
import { topology } from "../define.js";

const taskId = z.uuid();

export const cgcg = topology({
  name: "cgcg",
  description: "Tasks and direct messages behind an HTTP API",

  exchanges: {
    "cgcg.tasks": { type: "direct" },
    "cgcg.control": { type: "fanout" },
    "cgcg.direct": { type: "direct" },
    "cgcg.dlx": { type: "fanout" },
  },

  queues: {
    tasks: {
      type: "quorum",
      from: { "cgcg.tasks": "submit" },
      maxLength: 100_000,
      overflow: "reject-publish",
      deadLetterTo: { exchange: "cgcg.dlx", strategy: "at-least-once" },
      retry: ["1 second", "10 seconds", "1 minute"],
    },
    "tasks.status": { type: "quorum", from: { "cgcg.tasks": "status" }, messageTtl: "24 hours", maxLength: 1_000_000 },
    "tasks.dead": { type: "quorum", from: { "cgcg.dlx": "" }, messageTtl: "7 days", deliveryLimit: -1 },
  },

  templates: {
    // Every worker hears of every revocation; what it misses while away no longer matters.
    control: { name: "control.{workerId}", type: "classic", autoDelete: true, expires: "1 minute", from: { "cgcg.control": "" } },
    // Queues that users of the API make.
    direct: { name: "direct.{queue}", type: "quorum", expires: "7 days", maxLength: 100_000, from: { "cgcg.direct": "{queue}" } },
  },

  messages: {
    "task.submit": {
      to: "cgcg.tasks",
      key: "submit",
      schema: z.object({ task_id: taskId, task_name: z.string(), args: z.array(z.unknown()), kwargs: z.record(z.string(), z.unknown()) }),
    },
    "task.status": {
      to: "cgcg.tasks",
      key: "status",
      schema: z.object({
        task_id: taskId,
        status: z.enum(["PENDING", "STARTED", "PROGRESS", "SUCCESS", "FAILURE", "RETRY", "REVOKED", "TIMEOUT"]),
        progress: z.number().min(0).max(1).optional(),
        result: z.unknown().optional(),
        error: z.string().optional(),
      }),
    },
    "task.revoke": { to: "cgcg.control", persistent: false, schema: z.object({ task_id: taskId }) },
    direct: { to: "cgcg.direct", key: "{queue}", schema: z.record(z.string(), z.unknown()) },
  },

  services: {
    api: {
      publishes: ["task.submit", "task.revoke", "direct"],
      consumes: ["tasks.status"],
      instances: { direct: {} },
      load: { rate: 4, peak: 15, handler: { mean: "5 ms", p95: "15 ms", concurrency: 5 }, latency: { p95: "1 second" } },
      description: "The HTTP API; keeps the results",
    },
    worker: {
      consumes: ["tasks"],
      publishes: ["task.status"],
      instances: { control: {} },
      replicas: { min: 1, max: 10, perReplica: 20 },
      load: { rate: 2, peak: 7.5, handler: { mean: "3 seconds", p95: "9 seconds", concurrency: 4 }, latency: { p95: "30 seconds" } },
    },
    "dlq-handler": { manages: ["tasks.dead"] },
  },

  users: {
    "cgcg.monitoring": { tags: ["monitoring"], limits: { maxConnections: 5, maxChannels: 20 } },
  },

  silence: [
    { code: "reaches-any-queue", path: 'services["dlq-handler"]', reason: "puts dead letters back into the one queue that they came from" },
  ],
});
