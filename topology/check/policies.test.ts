import type { Topology } from "../model.js";
import { policyRules } from "./policies.js";
import { runRuleCases } from "./rule-cases.js";

const classic = { type: "classic", messageTtl: "1 hour" } as const;
const bare = { queues: { q: { type: "quorum" } } } as const;
const policy = (pattern: string, definition: Record<string, unknown>, more = {}) => ({ policies: { p: { pattern, definition, ...more } } });

const manyQueues = (count: number): Partial<Topology> => {
  const names = Array.from({ length: count }, (_, index) => `queue-${index}`);
  return { queues: Object.fromEntries(names.map((name) => [name, { type: "quorum" }])), services: { all: { consumes: names } } };
};

runRuleCases(policyRules, [
  {
    code: "pattern-too-long",
    finds: { policies: { p: { pattern: `^${"ü".repeat(512)}`, definition: { "max-length": 1 } } } },
    at: "policies.p",
    value: 1025,
    quiet: { policies: { p: { pattern: "ü".repeat(512), definition: { "max-length": 1 } } } },
  },
  {
    code: "pattern-too-long",
    about: "permissions that follow from many queues",
    finds: manyQueues(120),
    at: "services.all",
    value: 1093,
    quiet: manyQueues(100),
  },
  {
    code: "pattern-invalid",
    finds: { ...bare, ...policy("(q", { "max-length": 1 }) },
    at: "policies.p.pattern",
    value: "(q",
    quiet: { ...bare, ...policy("\\(q", { "max-length": 1 }) },
  },
  {
    code: "pattern-invalid",
    about: "in permissions",
    finds: { users: { u: { permissions: { configure: "", write: "*", read: "" } } } },
    at: "users.u.permissions.write",
    value: "*",
    quiet: { users: { u: { permissions: { configure: "", write: ".*", read: "" } } } },
  },
  {
    code: "pattern-unknown",
    finds: { ...bare, ...policy("(?>q)", { "max-length": 1 }) },
    at: "policies.p.pattern",
    value: "(?>q)",
    quiet: { ...bare, ...policy("(?:q)", { "max-length": 1 }) },
  },
  {
    code: "policy-key-refused",
    about: "two kinds of upstreams",
    finds: { ...bare, ...policy("q", { "federation-upstream-set": "all", "federation-upstream-pattern": "^u" }) },
    at: "policies.p.definition",
    value: ["federation-upstream-set", "federation-upstream-pattern"],
    says: /takes one of them/,
    quiet: { ...bare, ...policy("q", { "federation-upstream-pattern": "^u" }) },
  },
  {
    code: "policy-key-refused",
    finds: { ...bare, ...policy("q", { "max-lenght": 1 }) },
    at: 'policies.p.definition["max-lenght"]',
    value: "max-lenght",
    says: 'Did you mean "max-length"?',
    quiet: { ...bare, ...policy("q", { "max-length": 1 }) },
  },
  {
    code: "policy-key-refused",
    about: "nothing at all",
    finds: { ...bare, ...policy("q", {}) },
    at: "policies.p.definition",
    value: {},
    quiet: { ...bare, ...policy("q", { expires: 1 }) },
  },
  {
    code: "policy-key-refused",
    about: "only for users",
    finds: { ...bare, operatorPolicies: { o: { pattern: "q", definition: { "dead-letter-exchange": "amq.fanout" } } } },
    at: 'operatorPolicies.o.definition["dead-letter-exchange"]',
    value: "dead-letter-exchange",
    quiet: { ...bare, ...policy("q", { "dead-letter-exchange": "amq.fanout" }) },
  },
  {
    code: "policy-skipped",
    finds: { queues: { q: { type: "classic" } }, ...policy("^q$", { "max-length": 5, "delivery-limit": 3 }) },
    at: 'policies.p.definition["delivery-limit"]',
    value: "delivery-limit",
    says: /"q": a classic queue/,
    quiet: { queues: { q: { type: "classic" } }, ...policy("^q$", { "max-length": 5, "delivery-limit": 3 }, { applyTo: "quorum_queues" }) },
  },
  {
    code: "policy-key-ignored",
    finds: { queues: { q: { type: "classic" } }, ...policy("^q$", { "consumer-timeout": 5000 }) },
    at: 'policies.p.definition["consumer-timeout"]',
    value: "consumer-timeout",
    quiet: { queues: { q: { type: "quorum" } }, ...policy("^q$", { "consumer-timeout": 5000 }) },
  },
  {
    code: "policy-unused",
    finds: { queues: { orders: { type: "quorum" } }, ...policy("^order$", { "max-length": 1 }) },
    at: "policies.p.pattern",
    value: "^order$",
    says: 'Did you mean "orders"?',
    quiet: { queues: { orders: { type: "quorum" } }, ...policy("^order", { "max-length": 1 }) },
  },
  {
    code: "policy-unused",
    about: "applied to other objects",
    finds: { queues: { orders: { type: "quorum" } }, ...policy("^orders$", { "max-length": 1 }, { applyTo: "classic_queues" }) },
    at: "policies.p.pattern",
    value: "^orders$",
    quiet: { queues: { orders: { type: "quorum" } }, ...policy("^orders$", { "max-length": 1 }, { applyTo: "quorum_queues" }) },
  },
  {
    code: "policy-shadowed",
    finds: { queues: { q: classic }, ...policy("^q", { "max-length": 1 }) },
    at: "policies.p",
    value: 0,
    says: /never holds: policy "q" of priority 10/,
    quiet: { queues: { q: { type: "classic" } }, ...policy("^q", { "max-length": 1 }) },
  },
  {
    code: "policy-shadowed",
    about: "for some, where settings are lost",
    finds: { queues: { q: classic, r: { type: "classic" } }, ...policy("", { "max-length": 1 }) },
    at: "policies.p",
    value: 0,
    says: /max-length is not set there/,
    quiet: { queues: { q: { ...classic, maxLength: 5 }, r: { type: "classic" } }, ...policy("", { "max-length": 1 }) },
  },
  {
    code: "policy-replaces-settings",
    finds: { queues: { q: classic }, ...policy("^q$", { "max-length": 1 }, { priority: 20 }) },
    at: "policies.p",
    value: 20,
    says: /message-ttl is lost/,
    quiet: { queues: { q: classic }, ...policy("^q$", { "message-ttl": 3_600_000 }, { priority: 20 }) },
  },
  {
    code: "policy-tie",
    finds: {
      ...bare,
      policies: { a: { pattern: "q", definition: { "max-length": 1 } }, b: { pattern: "^q$", definition: { "max-length": 2 } } },
    },
    at: "policies.b",
    value: 0,
    says: /"a" and "b"/,
    quiet: {
      ...bare,
      policies: {
        a: { pattern: "q", definition: { "max-length": 1 } },
        b: { pattern: "^q$", priority: 1, definition: { "max-length": 2 } },
      },
    },
  },
  {
    code: "policy-tie",
    about: "with a generated one",
    finds: { queues: { q: classic }, ...policy("q", { "max-length": 1 }, { priority: 10 }) },
    at: "policies.p",
    value: 10,
    quiet: { queues: { q: classic }, ...policy("q", { "message-ttl": 3_600_000 }, { priority: 10 }) },
  },
]);
