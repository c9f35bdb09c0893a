/** Times to live, lengths and delivery limits that are others than declared. */
import type { Mutation } from "../mutation.js";
import { letters, policy, unbind } from "./letters.js";

const { exchanges, queues } = letters;
const { orders, other, dead } = queues;
const expiring = { exchanges, queues: { ...queues, orders: { ...orders, messageTtl: "1 second" } } } as const;
const slow = {
  exchanges,
  queues: { ...queues, orders: { ...orders, messageTtl: "3 seconds" }, days: { ...other, from: { work: "days" }, messageTtl: "24 hours" } },
} as const;
const small = { exchanges, queues: { ...queues, orders: { ...orders, maxLength: 3 } } } as const;
const large = { exchanges, queues: { ...queues, orders: { ...orders, maxLength: 10_000 } } } as const;
const refusing = { exchanges, queues: { ...queues, orders: { ...orders, maxLength: 3, overflow: "reject-publish" } } } as const;
const few = { exchanges, queues: { dead, orders: { ...orders, deliveryLimit: 3 } } } as const;
const same = { "max-length": 100, "dead-letter-exchange": "dlx" };

export const limits: readonly Mutation[] = [
  {
    probe: "message-ttl",
    name: "a higher policy makes messages live longer",
    topology: expiring,
    change: policy("orders", { ...same, "message-ttl": 2000 }),
    says: /queue "orders": message-ttl is 2000 \(policy "behind"\), declared is 1000/,
  },
  {
    probe: "message-ttl",
    name: "an operator policy lets messages live for an hour of their day",
    topology: slow,
    change: ({ management, vhost }) =>
      management.putOperatorPolicy(vhost, "behind", {
        ...{ pattern: "^days$", applyTo: "queues", priority: 0 },
        definition: { "message-ttl": 3_600_000 },
      }),
    says: /queue "days": message-ttl is 3600000 \(policy "days with operator policy behind"\), declared is 86400000/,
  },
  {
    probe: "message-ttl-uncut",
    name: "a higher policy makes messages expire sooner",
    topology: { exchanges, queues: { ...queues, orders: { ...orders, messageTtl: "3 seconds" } } },
    long: true,
    change: policy("orders", { ...same, "message-ttl": 1000 }),
    says: /queue "orders": a message that lives for the queue's 3000 ms reached "dead" after \d+ ms, before its 3000 ms were over/,
  },
  {
    probe: "overflow",
    name: "a higher policy lets the queue hold more",
    topology: small,
    change: policy("orders", { ...same, "max-length": 5 }),
    says: /queue "orders": max-length is 5 \(policy "behind"\), declared is 3/,
  },
  {
    probe: "overflow",
    name: "a higher policy makes it drop messages instead of refusing them",
    topology: refusing,
    change: policy("orders", { ...same, "max-length": 3 }),
    says: /queue "orders": overflow is not set, declared is "reject-publish"/,
  },
  {
    probe: "overflow",
    name: "the binding of a full queue's dead-letter exchange is removed",
    topology: small,
    change: unbind("dlx", "dead"),
    says: /queue "orders": message 1, with which it was full, did not reach "dead" within .*; it is in no queue/,
  },
  {
    probe: "overflow",
    name: "the same, of a queue that holds thousands",
    topology: large,
    change: unbind("dlx", "dead"),
    says: /queue "orders": message 1, with which it was full, did not reach "dead" within .*; it is in no queue/,
  },
  {
    probe: "delivery-limit",
    name: "a higher policy lowers the limit",
    topology: few,
    change: policy("orders", { ...same, "delivery-limit": 1 }),
    says: /queue "orders": a message was gone after it was returned 2 times by reject, by the topology it is after 4/,
  },
  {
    probe: "delivery-limit",
    name: "a higher policy raises the limit",
    topology: few,
    change: policy("orders", { ...same, "delivery-limit": 5 }),
    says: /queue "orders": a message that was returned 4 times did not reach "dead" within .*; it is in "orders"/,
  },
  {
    probe: "delivery-limit",
    name: "a queue without a limit gets one",
    topology: few,
    change: policy("dead", { "max-length": 100, "delivery-limit": 9 }),
    says: /queue "dead": a message was gone after it was returned 10 times by reject, it has to stay/,
  },
  {
    probe: "delivery-limit",
    name: "what is returned by nack is held back",
    topology: few,
    change: policy("orders", { ...same, "delivery-limit": 3, "delayed-retry-type": "returned", "delayed-retry-min": 600_000 }),
    says: /queue "orders": a message was gone after it was returned 1 times by nack, it has to stay/,
  },
  {
    probe: "looking",
    name: "the queue holds back what is returned",
    topology: few,
    change: policy("dead", { "max-length": 100, "delivery-limit": -1, "delayed-retry-type": "all", "delayed-retry-min": 600_000 }),
    says: /queue "dead": look 2 of 50 finds messages none, put in were 1, 2, 3/,
  },
  {
    probe: "looking",
    name: "messages expire while one looks",
    topology: few,
    change: policy("dead", { "message-ttl": 100, "delivery-limit": -1 }),
    says: /queue "dead": look \d+ of 50 finds messages .*, put in were 1, 2, 3/,
  },
];
