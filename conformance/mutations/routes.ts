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
    says: /exchange "events", key "order\.warren-other" did not reach "orders"/,
  },
  {
    probe,
    name: "the binding of a stream is removed",
    topology,
    change: ({ management, vhost }) =>
      management.deleteBinding(vhost, { ...between, destination: "audit", routingKey: "#", arguments: {} }),
    says: /exchange "events", key "order\.warren-other" did not reach "audit"/,
  },
  {
    probe,
    name: "a binding is added",
    topology,
    change: ({ management, vhost }) => management.putBinding(vhost, { ...between, routingKey: "#", arguments: {} }),
    says: /exchange "events", key "" reached "orders", which the topology does not say/,
  },
];
