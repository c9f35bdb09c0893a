/** Messages that go astray. */
import type { Mutation } from "../mutation.js";

const topology = {
  exchanges: { events: { type: "topic" } },
  queues: {
    orders: { type: "quorum", from: { events: "order.*" }, maxLength: 100 },
    audit: { type: "stream", from: { events: "#" }, maxAge: "1 day" },
  },
} as const;
const probe = "routes";
const between = { source: "events", destination: "orders", destinationType: "queue" } as const;

export const routes: readonly Mutation[] = [
  {
    probe,
    name: "a binding is removed",
    topology,
    change: ({ management, vhost }) => management.deleteBinding(vhost, { ...between, routingKey: "order.*", arguments: {} }),
    says: /exchange "events", key "order\.other" did not reach "orders"/,
  },
  {
    probe,
    name: "the binding of a stream is removed",
    topology,
    change: ({ management, vhost }) =>
      management.deleteBinding(vhost, { ...between, destination: "audit", routingKey: "#", arguments: {} }),
    says: /exchange "events", key "order\.other" did not reach "audit"/,
  },
  {
    probe,
    name: "a binding is added",
    topology,
    change: ({ management, vhost }) => management.putBinding(vhost, { ...between, routingKey: "#", arguments: {} }),
    says: /exchange "events", key "other" reached "orders", which the topology does not say/,
  },
  {
    probe,
    name: "a binding is added on a key that the topology does not name",
    topology: {
      exchanges: { events: { type: "topic" } },
      queues: {
        orders: { type: "quorum", from: { events: "order.*" }, maxLength: 100 },
        created: { type: "quorum", from: { events: "*.created" }, maxLength: 100 },
      },
    },
    change: ({ management, vhost }) =>
      management.putBinding(vhost, { ...between, destination: "created", routingKey: "order.shipped", arguments: {} }),
    says: /exchange "events", key "order\.shipped" reached "created", which the topology does not say/,
  },
  {
    probe,
    name: "two patterns of a queue no longer meet on the key that both match",
    topology: {
      exchanges: { events: { type: "topic" }, second: { type: "topic", from: { events: "order.*" } } },
      queues: { both: { type: "quorum", from: { second: "*.created" }, maxLength: 100 } },
    },
    change: async ({ management, vhost }) => {
      const ends = { source: "second", destination: "both", destinationType: "queue" } as const;
      await management.deleteBinding(vhost, { ...ends, routingKey: "*.created", arguments: {} });
      await management.putBinding(vhost, { ...ends, routingKey: "other.created", arguments: {} });
    },
    says: /exchange "events", key "order\.created" did not reach "both"/,
  },
];
