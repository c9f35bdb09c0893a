/** Dead letters that go astray, get lost, or are changed on the way. */
import type { Mutation } from "../mutation.js";
import { bind, letters, policy, unbind } from "./letters.js";

const keyed = {
  ...letters,
  queues: { ...letters.queues, orders: { ...letters.queues.orders, deadLetterTo: { exchange: "dlx", routingKey: "failed" } } },
} as const;

export const deadLetters: readonly Mutation[] = [
  {
    probe: "dead-letter-expired",
    name: "a higher policy leaves out the dead-letter exchange",
    topology: letters,
    change: policy("orders", { "max-length": 100 }),
    says: /queue "orders": a message that expired after 300 ms did not reach "dead" within .*; it is in no queue/,
  },
  {
    probe: "dead-letter-expired",
    name: "a higher policy names another dead-letter exchange",
    topology: letters,
    change: policy("orders", { "max-length": 100, "dead-letter-exchange": "", "dead-letter-routing-key": "other" }),
    says: /queue "orders": a message that expired after 300 ms did not reach "dead" within .*; it is in "other"/,
  },
  {
    probe: "dead-letter-expired",
    name: "the dead-letter exchange is bound to another queue besides",
    topology: letters,
    change: bind("dlx", "other"),
    says: /queue "orders": a message that expired after 300 ms reached "other", which the topology does not say/,
  },
  {
    probe: "dead-letter-expired",
    name: "a queue without a dead-letter exchange gets one",
    topology: letters,
    change: policy("other", { "max-length": 100, "dead-letter-exchange": "dlx" }),
    says: /queue "other": a message that expired after 300 ms reached "dead", which the topology does not say/,
  },
  {
    probe: "dead-letter-rejected",
    name: "the binding of the dead-letter exchange is removed",
    topology: letters,
    change: unbind("dlx", "dead"),
    says: /queue "orders": a rejected message did not reach "dead" within .*; it is in no queue/,
  },
  {
    probe: "dead-letter-rejected",
    name: "a higher policy gives dead letters another key",
    topology: keyed,
    change: policy("orders", { "max-length": 100, "dead-letter-exchange": "dlx", "dead-letter-routing-key": "lost" }),
    says: /queue "orders": a rejected message reached "dead" by exchange "dlx" and key "lost", by the topology it is exchange "dlx" and key "failed"/,
  },
  {
    probe: "dead-letter-rejected",
    name: "the dead-letter queue passes its messages on at once",
    topology: letters,
    change: policy("dead", { "message-ttl": 0, "dead-letter-exchange": "", "dead-letter-routing-key": "other" }),
    says: /queue "orders": a rejected message did not reach "dead" within .*; it is in "other"/,
  },
];
