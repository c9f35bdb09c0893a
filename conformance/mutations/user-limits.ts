/** Users with other limits. */
import type { Mutation } from "../mutation.js";

const topology = {
  queues: { orders: { type: "quorum", maxLength: 100 } },
  services: { billing: { consumes: ["orders"], limits: { maxConnections: 2, maxChannels: 3 } } },
} as const;
const probe = "user-limits";

export const userLimits: readonly Mutation[] = [
  {
    probe,
    name: "a limit of connections is raised",
    topology,
    change: ({ management, vhost }) => management.putUserLimit(`${vhost}.billing`, "max-connections", 10),
    says: /user ".*\.billing" gets more than 2 connections at a time, and the topology allows 2/,
  },
  {
    probe,
    name: "a limit of connections is lowered",
    topology,
    change: ({ management, vhost }) => management.putUserLimit(`${vhost}.billing`, "max-connections", 1),
    says: /user ".*\.billing" gets only 1 connections at a time, and the topology allows 2/,
  },
  {
    probe,
    name: "a limit of channels is removed",
    topology,
    change: ({ management, vhost }) => management.deleteUserLimit(`${vhost}.billing`, "max-channels"),
    says: /user ".*\.billing" gets more than 3 channels at a time, and the topology allows 3/,
  },
];
