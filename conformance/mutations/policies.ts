/** Policies that hold instead of those that should. */
import type { Mutation } from "../mutation.js";

const topology = {
  exchanges: { events: { type: "topic", alternateExchange: "rest" }, rest: { type: "fanout" } },
  queues: { orders: { type: "quorum", from: { events: "order.*", rest: "" }, maxLength: 100, messageTtl: "1 hour" } },
} as const;
const probe = "policies";

export const policies: readonly Mutation[] = [
  {
    probe,
    name: "a policy of a higher priority is put",
    topology,
    change: ({ management, vhost }) =>
      management.putPolicy(vhost, "stray", { pattern: "^ord", applyTo: "queues", priority: 99, definition: { "max-length": 100 } }),
    says: /queue "orders": the policy that holds is "stray", computed is "orders"\nqueue "orders": message-ttl by policy is not set, computed is 3600000/,
  },
  {
    probe,
    name: "an operator policy sets a lower limit",
    topology,
    change: ({ management, vhost }) =>
      management.putOperatorPolicy(vhost, "lower", { pattern: ".*", applyTo: "queues", priority: 0, definition: { "max-length": 5 } }),
    says: /queue "orders": max-length by policy is 5, computed is 100 \(policy "orders"\)/,
  },
  {
    probe,
    name: "the policy of an exchange is removed",
    topology,
    change: ({ management, vhost }) => management.deletePolicy(vhost, "exchange:events"),
    says: /exchange "events": the policy that holds is none, computed is "exchange:events"/,
  },
];
