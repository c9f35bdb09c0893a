/** Vhosts with other limits. */
import type { Mutation } from "../mutation.js";

const topology = {
  vhost: { limits: { maxQueues: 4, maxConnections: 5 } },
  queues: { orders: { type: "quorum", maxLength: 100 } },
} as const;
const probe = "vhost-limits";

export const vhostLimits: readonly Mutation[] = [
  {
    probe,
    name: "the limit of queues is removed",
    topology,
    change: ({ management, vhost }) => management.deleteVhostLimit(vhost, "max-queues"),
    says: /vhost ".*" gets more than 4 queues at a time, and the topology allows 4/,
  },
  {
    probe,
    name: "the limit of connections is lowered",
    topology,
    change: ({ management, vhost }) => management.putVhostLimit(vhost, "max-connections", 3),
    says: /vhost ".*" gets only 3 connections at a time, and the topology allows 5/,
  },
];
