/** Metrics that are not there. */
import type { Mutation } from "../mutation.js";

const topology = { queues: { orders: { type: "quorum", maxLength: 100 } } } as const;
const probe = "metrics";

export const metrics: readonly Mutation[] = [
  {
    probe,
    name: "the plugin is off",
    topology,
    container: true,
    change: ({ container }) => container().command("rabbitmq-plugins", "disable", "rabbitmq_prometheus"),
    undo: ({ container }) => container().command("rabbitmq-plugins", "enable", "rabbitmq_prometheus"),
    says: /\/metrics does not answer/,
  },
  {
    probe,
    name: "a queue is gone",
    topology,
    container: true,
    change: ({ management, vhost }) => management.deleteQueue(vhost, "orders"),
    says: /missing rabbitmq_detailed_queue_messages_ready of queue "orders"/,
  },
];
