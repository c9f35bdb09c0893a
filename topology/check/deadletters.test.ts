import { deadLetterRules } from "./deadletters.js";
import { runRuleCases } from "./rule-cases.js";

const quorum = { type: "quorum" } as const;
const exchanges = { x: { type: "topic" }, dlx: { type: "direct" } } as const;

runRuleCases(deadLetterRules, [
  {
    code: "dead-letters-nowhere",
    about: "a key that is not bound",
    finds: {
      exchanges,
      queues: { q: { ...quorum, deadLetterTo: { exchange: "dlx", routingKey: "ded" } }, dead: { ...quorum, from: { dlx: "dead" } } },
    },
    at: "queues.q.deadLetterTo.routingKey",
    value: "ded",
    says: 'Did you mean "dead"?',
    quiet: {
      exchanges,
      queues: { q: { ...quorum, deadLetterTo: { exchange: "dlx", routingKey: "dead" } }, dead: { ...quorum, from: { dlx: "dead" } } },
    },
  },
  {
    code: "dead-letters-nowhere",
    about: "the messages' own key",
    finds: {
      exchanges,
      queues: { q: { ...quorum, from: { x: "#" }, deadLetterTo: "dlx" }, dead: { ...quorum, from: { dlx: "b" } } },
      messages: { a: { to: "x", key: "a" }, b: { to: "x", key: "b" } },
    },
    at: "queues.q.deadLetterTo",
    value: "a",
    quiet: {
      exchanges,
      queues: { q: { ...quorum, from: { x: "#" }, deadLetterTo: "dlx" }, dead: { ...quorum, from: { dlx: "b" } } },
      messages: { b: { to: "x", key: "b" } },
    },
  },
  {
    code: "dead-letters-nowhere",
    about: "the key that the ladder gives",
    finds: {
      exchanges,
      queues: { q: { ...quorum, from: { x: "a" }, retry: ["1 second"], deadLetterTo: "dlx" }, dead: { ...quorum, from: { dlx: "a" } } },
    },
    at: "queues.q.deadLetterTo",
    value: "q",
    says: /comes back from a ladder/,
    quiet: {
      exchanges,
      queues: {
        q: { ...quorum, from: { x: "a" }, retry: ["1 second"], deadLetterTo: "dlx" },
        dead: { ...quorum, from: { dlx: ["a", "q"] } },
      },
    },
  },
  {
    code: "dead-letters-nowhere",
    about: "nothing bound at all, by a policy",
    finds: { exchanges, queues: { q: quorum }, policies: { p: { pattern: "q", definition: { "dead-letter-exchange": "dlx" } } } },
    at: 'policies.p.definition["dead-letter-exchange"]',
    value: "dlx",
    quiet: {
      exchanges,
      queues: { q: quorum, dead: { ...quorum, from: { dlx: "a" } } },
      policies: { p: { pattern: "^q$", definition: { "dead-letter-exchange": "dlx" } } },
    },
  },
  {
    code: "dead-letter-loop",
    finds: {
      queues: {
        a: { ...quorum, messageTtl: "1 second", deadLetterTo: { queue: "b" } },
        b: { ...quorum, messageTtl: "1 second", deadLetterTo: { queue: "a" } },
      },
      services: { s: {} },
    },
    at: "queues.a.deadLetterTo.queue",
    value: ["a", "b"],
    quiet: {
      queues: {
        a: { ...quorum, messageTtl: "1 second", deadLetterTo: { queue: "b" } },
        b: { ...quorum, messageTtl: "1 second", deadLetterTo: { queue: "a" } },
      },
      services: { s: { consumes: ["a"] } },
    },
  },
  {
    code: "dead-letter-loop",
    about: "to itself",
    finds: { queues: { a: { ...quorum, messageTtl: "1 second", deadLetterTo: { queue: "a" } } }, services: { s: {} } },
    at: "queues.a.deadLetterTo.queue",
    value: ["a"],
    quiet: { queues: { a: { ...quorum, deadLetterTo: { queue: "a" } } }, services: { s: {} } },
  },
  {
    code: "endless-retry",
    finds: {
      queues: {
        work: { ...quorum, deadLetterTo: { queue: "wait" } },
        wait: { ...quorum, messageTtl: "1 second", deadLetterTo: { queue: "work" } },
      },
      services: { s: { consumes: ["work"] } },
    },
    at: "queues.work.deadLetterTo.queue",
    value: ["work", "wait"],
    quiet: {
      queues: {
        work: { ...quorum, deadLetterTo: { queue: "wait" } },
        wait: { ...quorum, messageTtl: "1 second", deadLetterTo: { queue: "dead" } },
        dead: quorum,
      },
      services: { s: { consumes: ["work"] } },
    },
  },
  {
    code: "endless-retry",
    about: "back through an exchange that gives others a copy each time",
    finds: {
      exchanges: { x: { type: "topic" } },
      queues: {
        work: { ...quorum, from: { x: "a" }, deadLetterTo: { queue: "wait" } },
        wait: { ...quorum, messageTtl: "1 second", deadLetterTo: { exchange: "x", routingKey: "a" } },
        other: { ...quorum, from: { x: "a" } },
      },
      messages: { m: { to: "x", key: "a" } },
      services: { s: { consumes: ["work", "other"], publishes: ["m"] } },
    },
    at: "queues.work.deadLetterTo.queue",
    value: ["work", "wait"],
    says: /a copy goes to "other" too/,
    // With another key the second time, which leads out.
    quiet: {
      exchanges,
      queues: {
        work: { ...quorum, from: { x: "a" }, deadLetterTo: "dlx" },
        wait: { ...quorum, messageTtl: "1 second", from: { dlx: "a" }, deadLetterTo: { queue: "work" } },
        dead: { ...quorum, from: { dlx: "work" } },
      },
      messages: { m: { to: "x", key: "a" } },
      services: { s: { consumes: ["work"], publishes: ["m"], manages: ["dead"] } },
    },
  },
  {
    code: "at-least-once-unbounded",
    finds: {
      queues: { q: { ...quorum, overflow: "reject-publish", deadLetterTo: { queue: "dead", strategy: "at-least-once" } }, dead: quorum },
    },
    at: "queues.q.deadLetterTo.strategy",
    value: "at-least-once",
    quiet: {
      queues: {
        q: { ...quorum, maxLength: 5, overflow: "reject-publish", deadLetterTo: { queue: "dead", strategy: "at-least-once" } },
        dead: quorum,
      },
    },
  },
  {
    code: "dead-letters-dropped",
    finds: {
      queues: {
        q: { ...quorum, maxLength: 5, overflow: "reject-publish", deadLetterTo: { queue: "dead", strategy: "at-least-once" } },
        dead: { ...quorum, maxLength: 5 },
      },
    },
    at: "queues.dead",
    value: "drop-head",
    quiet: {
      queues: {
        q: { ...quorum, maxLength: 5, overflow: "reject-publish", deadLetterTo: { queue: "dead", strategy: "at-least-once" } },
        dead: { ...quorum, maxLength: 5, overflow: "reject-publish" },
      },
    },
  },
  {
    code: "alternate-exchange-nowhere",
    finds: { exchanges: { x: { type: "topic", alternateExchange: "lost" }, lost: { type: "fanout" } } },
    at: "exchanges.x.alternateExchange",
    value: "lost",
    quiet: {
      exchanges: { x: { type: "topic", alternateExchange: "lost" }, lost: { type: "fanout" } },
      queues: { q: { ...quorum, from: { lost: "" } } },
    },
  },
  {
    code: "alternate-exchange-nowhere",
    about: "that goes round",
    finds: {
      exchanges: { a: { type: "topic", alternateExchange: "b" }, b: { type: "topic", alternateExchange: "a" } },
      queues: { q: { ...quorum, from: { b: "k" } } },
    },
    at: "exchanges.b.alternateExchange",
    value: ["b", "a"],
    quiet: {
      exchanges: { a: { type: "topic", alternateExchange: "b" }, b: { type: "topic" } },
      queues: { q: { ...quorum, from: { b: "k" } } },
    },
  },
]);
