import { queueRules } from "./queues.js";
import { runRuleCases } from "./rule-cases.js";

const quorum = { type: "quorum" } as const;
const message = (priority: number) => ({ m: { to: { queue: "q" }, priority } }) as const;

runRuleCases(queueRules, [
  {
    code: "queue-unbounded",
    finds: { queues: { q: quorum } },
    at: "queues.q",
    value: "q",
    quiet: { queues: { q: { ...quorum, maxLength: 5 } } },
  },
  {
    code: "queue-unbounded",
    about: "a stream",
    finds: { queues: { s: { type: "super-stream", partitions: 2 } } },
    at: "queues.s",
    value: "s-0",
    says: /maxAge/,
    quiet: { queues: { s: { type: "super-stream", partitions: 2, maxAge: "7 days" } } },
  },
  {
    code: "queue-unbounded",
    about: "by a policy, and a template that goes with its instance",
    finds: { templates: { t: { ...quorum, name: "t.{id}" } }, queues: { q: quorum } },
    at: "templates.t",
    value: "t.{id}",
    quiet: {
      templates: { t: { ...quorum, name: "t.{id}", expires: "1 minute" } },
      queues: { q: quorum },
      operatorPolicies: { all: { pattern: "", definition: { "max-length": 5 } } },
    },
  },
  {
    code: "priorities-many",
    finds: { queues: { q: { type: "classic", maxPriority: 11 } } },
    at: "queues.q.maxPriority",
    value: 11,
    quiet: { queues: { q: { type: "classic", maxPriority: 10 } } },
  },
  {
    code: "priority-ignored",
    about: "a classic queue",
    finds: { queues: { q: { type: "classic", maxPriority: 5 } }, messages: message(9) },
    at: "messages.m.priority",
    value: 9,
    says: /maxPriority 5/,
    quiet: { queues: { q: { type: "classic", maxPriority: 9 } }, messages: message(9) },
  },
  {
    code: "priority-ignored",
    about: "a classic queue without priorities",
    finds: { queues: { q: { type: "classic" } }, messages: message(1) },
    at: "messages.m.priority",
    value: 1,
    quiet: { queues: { q: { type: "classic" } }, messages: message(0) },
  },
  {
    code: "priority-ignored",
    about: "a quorum queue",
    finds: { queues: { q: quorum }, messages: message(32) },
    at: "messages.m.priority",
    value: 32,
    quiet: { queues: { q: quorum }, messages: message(31) },
  },
  {
    code: "priority-ignored",
    about: "a quorum queue before 4.3",
    finds: { brokerVersion: "4.2", queues: { q: quorum }, messages: message(9) },
    at: "messages.m.priority",
    value: 9,
    says: /two levels/,
    quiet: { brokerVersion: "4.3", queues: { q: quorum }, messages: message(9) },
  },
  {
    code: "priority-ignored",
    about: "a stream",
    finds: { queues: { q: { type: "stream" } }, messages: message(1) },
    at: "messages.m.priority",
    value: 1,
    quiet: { queues: { q: quorum }, messages: message(1) },
  },
  {
    code: "redelivers-for-ever",
    finds: { queues: { q: { ...quorum, deliveryLimit: -1 } }, services: { s: { consumes: ["q"] } } },
    at: "queues.q.deliveryLimit",
    value: -1,
    quiet: { queues: { q: { ...quorum, deliveryLimit: -1 } }, services: { s: { manages: ["q"] } } },
  },
  {
    code: "redelivers-for-ever",
    about: "a classic queue",
    finds: { queues: { q: { type: "classic" } }, services: { s: { consumes: ["q"] } } },
    at: "queues.q.type",
    value: "classic",
    quiet: { queues: { q: { type: "classic", retry: ["1 second"] } }, services: { s: { consumes: ["q"] } } },
  },
]);
