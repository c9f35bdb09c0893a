/** What should be returned, and is not. */
import type { Mutation } from "../mutation.js";

export const unroutable: readonly Mutation[] = [
  {
    probe: "unroutable",
    name: "an alternate exchange catches what no queue gets",
    topology: {
      exchanges: { events: { type: "direct" }, rest: { type: "fanout" } },
      queues: {
        orders: { type: "quorum", from: { events: "order" }, maxLength: 100 },
        caught: { type: "classic", from: { rest: "" }, maxLength: 100 },
      },
    },
    change: ({ management, vhost }) =>
      management.putPolicy(vhost, "catch", {
        ...{ pattern: "^events$", applyTo: "exchanges", priority: 9 },
        definition: { "alternate-exchange": "rest" },
      }),
    says: /mandatory message to exchange "events", key "other" was not returned/,
  },
];
