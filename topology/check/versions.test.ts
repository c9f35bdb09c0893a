import { runRuleCases } from "./rule-cases.js";
import { versionRules } from "./versions.js";

const q = (more: object, version: "4.0" | "4.1" | "4.2" | "4.3" = "4.3") => ({
  brokerVersion: version,
  queues: { q: { type: "quorum", ...more } as never },
});

runRuleCases(versionRules, [
  {
    code: "feature-too-new",
    finds: q({ delayedRetry: { type: "failed", min: "1 second" } }, "4.2"),
    at: "queues.q.delayedRetry.type",
    value: "failed",
    says: 'brokerVersion: "4.3"',
    quiet: q({ delayedRetry: { type: "failed", min: "1 second" } }),
  },
  {
    code: "feature-too-new",
    about: "asked for another version",
    finds: q({ consumerTimeout: "1 hour" }),
    at: "queues.q.consumerTimeout",
    value: 3_600_000,
    quiet: q({ messageTtl: "1 hour" }),
    options: { brokerVersion: "4.0" },
  },
  {
    code: "feature-too-new",
    about: "deletion protection",
    finds: { brokerVersion: "4.0", vhost: { deletionProtection: true } },
    at: "vhost.deletionProtection",
    value: true,
    quiet: { brokerVersion: "4.1", vhost: { deletionProtection: true } },
  },
  {
    code: "feature-removed",
    finds: { policies: { p: { pattern: "^q", definition: { "ha-mode": "all" } } } },
    at: 'policies.p.definition["ha-mode"]',
    value: "all",
    says: /quorum queues/,
    quiet: { policies: { p: { pattern: "^q", definition: { "target-group-size": 3 } } } },
  },
  {
    code: "feature-removed",
    about: "in 4.3",
    finds: { queues: { q: { type: "classic", arguments: { "x-queue-master-locator": "min-masters" } } } },
    at: 'queues.q.arguments["x-queue-master-locator"]',
    value: "min-masters",
    quiet: { brokerVersion: "4.2", queues: { q: { type: "classic", arguments: { "x-queue-master-locator": "min-masters" } } } },
  },
  {
    code: "feature-without-effect",
    finds: { queues: { q: { type: "classic", queueMode: "lazy" } } },
    at: "queues.q.queueMode",
    value: "lazy",
    quiet: { queues: { q: { type: "classic", queueVersion: 2 } } },
  },
  {
    code: "feature-without-effect",
    about: "raw",
    finds: q({ arguments: { "x-max-in-memory-length": 5 } }),
    at: 'queues.q.arguments["x-max-in-memory-length"]',
    value: 5,
    quiet: q({ arguments: { "x-max-length": 5 } }),
  },
  {
    code: "feature-deprecated",
    finds: { queues: { q: { type: "classic", durable: false } } },
    at: "queues.q.durable",
    value: false,
    quiet: { queues: { q: { type: "classic", durable: true } } },
  },
  {
    code: "feature-deprecated",
    about: "an old word",
    finds: q({ arguments: { "x-queue-leader-locator": "least-leaders" } }),
    at: 'queues.q.arguments["x-queue-leader-locator"]',
    value: "least-leaders",
    quiet: q({ queueLeaderLocator: "balanced" }),
  },
]);
