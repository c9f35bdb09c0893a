/** Stage7: services talk to one instance, to all of a type, or to everyone; a post office brings messages to browsers. */
import { z } from "zod";
import { topology } from "../define.js";

const message = z.object({
  type: z.string(),
  sender: z.string(),
  content: z.unknown(),
  clientId: z.string().optional(),
});

// What every service of the system does: it has an inbox per instance, and writes to anyone.
const member = (serviceType: string) =>
  ({
    publishes: ["message", "broadcast", "request"],
    instances: { inbox: { serviceType } },
    load: { rate: 2, peak: 10, handler: { mean: "150 ms", p95: "450 ms", concurrency: 4 }, latency: { p95: "2 seconds" } },
  }) as const;

export const stage7 = topology({
  name: "stage7",
  description: "Messages between instances of services",

  exchanges: {
    stage7: { type: "topic" },
    "stage7.dlx": { type: "fanout" },
  },

  queues: {
    "stage7.dead_letters": { type: "quorum", from: { "stage7.dlx": "" }, messageTtl: "7 days", maxLength: 100_000, deliveryLimit: -1 },
  },

  templates: {
    inbox: {
      name: "{serviceType}-{serviceId}",
      type: "quorum",
      from: { stage7: ["message.{serviceId}", "message.{serviceType}", "message.all"] },
      // A short absence loses nothing; an instance that leaves for good deletes its queue itself.
      expires: "10 minutes",
      maxLength: 10_000,
      deadLetterTo: "stage7.dlx",
    },
  },

  messages: {
    message: { to: "stage7", key: "message.{recipient}", schema: message, description: "To an instance by its id, or to a type" },
    broadcast: { to: "stage7", key: "message.all", schema: message },
    request: { to: "stage7", key: "message.{recipient}", schema: message, reply: message, expiration: "30 seconds" },
  },

  services: {
    "post-office": member("postoffice"),
    "mission-control": member("missioncontrol"),
    brain: member("brain"),
    "agent-set": member("agentset"),
    librarian: member("librarian"),
    "dlq-handler": { manages: ["stage7.dead_letters"] },
  },

  silence: [{ code: "reaches-any-queue", reason: "every member answers requests over direct reply-to; dead letters go back to one inbox" }],
});
