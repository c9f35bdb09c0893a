/** Ladders whose rungs hold messages for another time, or give them to another queue. */
import type { Mutation } from "../mutation.js";
import { bind, letters, policy, remake, unbind } from "./letters.js";

const { exchanges, queues } = letters;
const ladder = { exchanges, queues: { ...queues, orders: { ...queues.orders, retry: ["1 second", "1 minute"] } } } as const;
const slow = { exchanges, queues: { ...queues, orders: { ...queues.orders, retry: ["1 second", "3 seconds"] } } } as const;
const rung = { "dead-letter-exchange": "", "dead-letter-strategy": "at-least-once", overflow: "reject-publish", "max-length": 100 };

export const ladders: readonly Mutation[] = [
  {
    probe: "retry-ladder",
    name: "a rung is made again with another time",
    topology: ladder,
    change: async (broker) => {
      await remake("orders.retry.2", { "x-queue-type": "quorum", "x-message-ttl": 30_000 })(broker);
      await bind("orders.retry", "orders.retry.2", "2")(broker);
    },
    says: /queue "orders\.retry\.2": message-ttl is 30000 \(argument\), declared is 60000/,
  },
  {
    probe: "retry-ladder",
    name: "a rung returns to another queue",
    topology: ladder,
    change: policy("orders.retry.1", { ...rung, "message-ttl": 1000, "dead-letter-routing-key": "other" }),
    says: /queue "orders\.retry\.1": a message with an expiration of 300 ms for "orders\.retry\.1" did not reach "orders" within .*; it is in "other"/,
  },
  {
    probe: "retry-ladder",
    name: "failures come to another rung",
    topology: ladder,
    change: async (broker) => {
      await unbind("orders.retry", "orders.retry.2", "2")(broker);
      await bind("orders.retry", "orders.retry.1", "2")(broker);
    },
    says: /queue "orders\.retry\.2": .* reached "orders" with x-death .*"queue":"orders\.retry\.1".*, by the topology it is .*"queue":"orders\.retry\.2"/,
  },
  {
    probe: "retry-ladder",
    name: "a rung is not bound",
    topology: ladder,
    change: unbind("orders.retry", "orders.retry.1", "1"),
    says: /queue "orders\.retry\.1": .* to exchange "orders\.retry" with key "1" was returned: NO_ROUTE/,
  },
  {
    probe: "retry-ladder",
    name: "nothing gets what failed too often",
    topology: ladder,
    change: unbind("dlx", "dead"),
    says: /queue "orders": a message that failed too often to exchange "dlx" with key "orders" was returned: NO_ROUTE/,
  },
  {
    probe: "retry-ladder-uncut",
    name: "a higher policy shortens a rung",
    topology: slow,
    long: true,
    change: policy("orders.retry.2", { ...rung, "message-ttl": 1000, "dead-letter-routing-key": "orders" }),
    says: /queue "orders": a message for "orders\.retry\.2" reached "orders" after \d+ ms, before its 3000 ms were over/,
  },
];
