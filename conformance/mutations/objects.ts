/** Objects that are missing, otherwise, or there besides. */
import type { Mutation } from "../mutation.js";

const topology = {
  exchanges: { events: { type: "topic" } },
  queues: { orders: { type: "quorum", from: { events: "order.*" }, maxLength: 100 } },
} as const;
const probe = "objects";

export const objects: readonly Mutation[] = [
  {
    probe,
    name: "a binding is removed",
    topology,
    change: ({ management, vhost }) =>
      management.deleteBinding(vhost, {
        ...{ source: "events", destination: "orders", destinationType: "queue" },
        ...{ routingKey: "order.*", arguments: {} },
      }),
    says: /binding "events -> orders \(key \\"order\.\*\\"\)" is missing/,
  },
  {
    probe,
    name: "a queue is made again as classic",
    topology,
    change: async ({ management, vhost }) => {
      await management.deleteQueue(vhost, "orders");
      await management.putQueue(vhost, "orders", { durable: true, autoDelete: false, arguments: { "x-queue-type": "classic" } });
    },
    says: /queue "orders": type is "classic", declared is "quorum"/,
  },
  {
    probe,
    name: "a policy is changed",
    topology,
    change: ({ management, vhost }) =>
      management.putPolicy(vhost, "orders", { pattern: "^orders$", applyTo: "queues", priority: 0, definition: { "max-length": 99 } }),
    says: /policy "orders".*max-length.* is 99, declared is 100/,
  },
  {
    probe,
    name: "a queue is added",
    topology,
    change: ({ management, vhost }) =>
      management.putQueue(vhost, "stray", { durable: true, autoDelete: false, arguments: { "x-queue-type": "classic" } }),
    says: /queue "stray" is on the broker and not in the topology/,
  },
];
