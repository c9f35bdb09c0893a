import { retryRules } from "./retries.js";
import { runRuleCases } from "./rule-cases.js";

const q = (more: object) => ({ queues: { q: { type: "quorum", ...more } as never } });

runRuleCases(retryRules, [
  {
    code: "ladder-without-end",
    finds: q({ retry: ["1 second", "5 seconds"] }),
    at: "queues.q.retry",
    value: ["1 second", "5 seconds"],
    says: /after 2 retries/,
    quiet: { exchanges: { dlx: { type: "fanout" } }, ...q({ retry: ["1 second", "5 seconds"], deadLetterTo: "dlx" }) },
  },
  {
    code: "ladder-not-growing",
    finds: q({ retry: ["1 second", "5 seconds", "3 seconds"] }),
    at: "queues.q.retry[2]",
    value: "3 seconds",
    says: /5 seconds or more/,
    quiet: q({ retry: ["1 second", "5 seconds", "5 seconds"] }),
  },
  {
    code: "ladder-not-growing",
    about: "only in an environment",
    finds: { ...q({ retry: ["1 second", "5 seconds"] }), environments: { prod: { queues: { q: { retry: ["9 seconds", "5 seconds"] } } } } },
    at: "environments.prod.queues.q.retry[1]",
    value: "5 seconds",
    quiet: { ...q({ retry: ["1 second", "5 seconds"] }), environments: { prod: { queues: { q: { retry: ["2 seconds", "9 seconds"] } } } } },
  },
  {
    code: "rung-without-wait",
    finds: q({ retry: ["0 ms", "1 second"] }),
    at: "queues.q.retry[0]",
    value: "0 ms",
    quiet: q({ retry: ["1 ms", "1 second"] }),
  },
  {
    code: "ladder-outlives-message",
    about: "the queue's time",
    finds: q({ messageTtl: "1 minute", retry: ["30 seconds", "5 minutes"] }),
    at: "queues.q.messageTtl",
    value: "1 minute",
    says: /330 seconds/,
    quiet: q({ messageTtl: "330 seconds", retry: ["30 seconds", "5 minutes"] }),
  },
  {
    code: "ladder-outlives-message",
    about: "the message's time",
    finds: { ...q({ retry: ["1 minute"] }), messages: { m: { to: { queue: "q" }, expiration: "10 seconds" } } },
    at: "messages.m.expiration",
    value: "10 seconds",
    quiet: { ...q({ retry: ["1 minute"] }), messages: { m: { to: { queue: "q" }, expiration: "1 hour" } } },
  },
  {
    code: "two-retries",
    finds: q({ retry: ["1 second"], delayedRetry: { type: "failed", min: "1 second" } }),
    at: "queues.q.retry",
    value: "failed",
    quiet: q({ retry: ["1 second"], delayedRetry: { type: "disabled", min: "1 second" } }),
  },
]);
