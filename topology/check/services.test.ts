import { runRuleCases } from "./rule-cases.js";
import { serviceRules } from "./services.js";

const quorum = { type: "quorum" } as const;
const q = { queues: { q: quorum } } as const;
const m = { m: { to: { queue: "q" } } } as const;

runRuleCases(serviceRules, [
  {
    code: "message-unpublished",
    finds: { ...q, messages: m, services: { s: {} } },
    at: "messages.m",
    value: "m",
    quiet: { ...q, messages: m, services: { s: { publishes: ["m"] } } },
  },
  {
    code: "message-unpublished",
    about: "nothing is known of services, or others may publish",
    finds: { ...q, messages: m, services: { s: {} }, users: { u: { permissions: { configure: "", write: "^q$", read: "" } } } },
    at: "messages.m",
    value: "m",
    quiet: { ...q, messages: m, services: { s: {} }, users: { u: { permissions: { configure: "", write: ".*", read: "" } } } },
  },
  {
    code: "queue-unconsumed",
    finds: { ...q, services: { s: {} } },
    at: "queues.q",
    value: "q",
    quiet: { ...q, services: { s: { manages: ["q"] } } },
  },
  {
    code: "queue-unconsumed",
    about: "dead letters and delays wait by themselves",
    finds: {
      queues: { q: { ...quorum, deadLetterTo: { queue: "dead" } }, dead: quorum },
      messages: { m: { to: { queue: "dead" } } },
      services: { s: { consumes: ["q"] } },
    },
    at: "queues.dead",
    value: "dead",
    quiet: {
      queues: {
        q: { ...quorum, deadLetterTo: { queue: "dead" } },
        dead: quorum,
        wait: { ...quorum, messageTtl: "1 second", deadLetterTo: { queue: "q" } },
      },
      services: { s: { consumes: ["q"] } },
    },
  },
  {
    code: "queue-unconsumed",
    about: "a super stream",
    finds: { queues: { s: { type: "super-stream", partitions: 2 } }, services: { a: {} } },
    at: "queues.s",
    value: "s",
    quiet: { queues: { s: { type: "super-stream", partitions: 2 } }, services: { a: { consumes: ["s"] } } },
  },
  {
    code: "competing-services",
    finds: { ...q, services: { a: { consumes: ["q"] }, b: { consumes: ["q"] } } },
    at: "services.b.consumes[0]",
    value: "q",
    says: /"a", "b"/,
    quiet: { queues: { q: { type: "stream" } }, services: { a: { consumes: ["q"] }, b: { consumes: ["q"] } } },
  },
  {
    code: "replicas-idle",
    finds: { queues: { q: { ...quorum, singleActiveConsumer: true } }, services: { s: { consumes: ["q"], replicas: { min: 1, max: 3 } } } },
    at: "services.s.replicas.max",
    value: 3,
    quiet: {
      queues: { q: { ...quorum, singleActiveConsumer: true }, r: quorum },
      services: { s: { consumes: ["q", "r"], replicas: { min: 1, max: 3 } } },
    },
  },
  ...(
    [
      [{ min: 3, max: 2 }, "min", 3],
      [{ min: -1, max: 2 }, "min", -1],
      [{ min: 0, max: 0 }, "max", 0],
      [{ min: 0, max: 1.5 }, "max", 1.5],
      [{ min: 1, max: 2, perReplica: 0 }, "perReplica", 0],
      [{ min: 1, max: 2, cpu: 170 }, "cpu", 170],
    ] as const
  ).map(([replicas, field, value]) => ({
    code: "bad-number",
    about: JSON.stringify(replicas),
    finds: { services: { s: { replicas } } },
    at: `services.s.replicas.${field}`,
    value,
    quiet: { services: { s: { replicas: { min: 0, max: 2, perReplica: 0.5, cpu: 100 } } } },
  })),
  {
    code: "bad-number",
    about: "a limit of a user",
    finds: { users: { u: { limits: { maxConnections: -2 } } } },
    at: "users.u.limits.maxConnections",
    value: -2,
    quiet: { users: { u: { limits: { maxConnections: -1, maxChannels: 0 } } }, vhost: { limits: { maxQueues: -1 } } },
  },
  {
    code: "bad-number",
    about: "a limit of the vhost",
    finds: { vhost: { limits: { maxConnections: 0.5 } } },
    at: "vhost.limits.maxConnections",
    value: 0.5,
    quiet: { vhost: { limits: { maxConnections: 5 } } },
  },
  {
    code: "bad-number",
    about: "a priority",
    finds: { ...q, messages: { m: { ...m.m, priority: 256 } } },
    at: "messages.m.priority",
    value: 256,
    quiet: { ...q, messages: { m: { ...m.m, priority: 255 } } },
  },
  {
    code: "bad-number",
    about: "partitions",
    finds: { queues: { s: { type: "super-stream", partitions: 0 } } },
    at: "queues.s.partitions",
    value: 0,
    quiet: { queues: { s: { type: "super-stream", partitions: 1 } } },
  },
  {
    code: "bad-number",
    about: "partitions twice",
    finds: { queues: { s: { type: "super-stream", partitions: ["a", "a"] } } },
    at: "queues.s.partitions",
    value: ["a", "a"],
    quiet: { queues: { s: { type: "super-stream", partitions: ["a", "b"] } } },
  },
  ...(
    [
      [{ rate: 0 }, "rate", 0],
      [{ rate: { q: -1 } }, "rate.q", -1],
      [{ rate: { r: 3 } }, "rate.r", "r"],
      [{ rate: 5, peak: 4 }, "peak", 4],
      [{ peak: 0 }, "peak", 0],
      [{ day: [1] }, "day", [1]],
      [{ day: [0, 0] }, "day", [0, 0]],
      [{ rate: 2, day: [1, 2], peak: 8 }, "peak", 8],
      [{ handler: { mean: "0 ms" } }, "handler.mean", "0 ms"],
      [{ handler: { mean: "2 seconds", p95: "1 second" } }, "handler.p95", "1 second"],
      [{ handler: { mean: "1 second", p95: "21 seconds" } }, "handler.p95", "21 seconds"],
      [{ handler: { mean: "1 second", concurrency: 1.5 } }, "handler.concurrency", 1.5],
      [{ latency: { p95: "0 ms" } }, "latency.p95", "0 ms"],
      [{ handler: { mean: "1 second", p95: "3 seconds" }, latency: { p95: "2 seconds" } }, "latency.p95", "2 seconds"],
    ] as const
  ).map(([load, field, value]) => ({
    code: "bad-load",
    about: JSON.stringify(load),
    finds: { ...q, services: { s: { consumes: ["q"], load } } },
    at: `services.s.load.${field}`,
    value,
    quiet: {
      ...q,
      services: {
        s: {
          consumes: ["q"],
          load: {
            rate: { q: 2 },
            peak: 2,
            handler: { mean: "1 second", p95: "3.8 seconds", concurrency: 2 },
            latency: { p95: "4 seconds" },
          },
        },
        t: { load: { peak: 3, day: [0, 1] } },
      },
    } as const,
  })),
  {
    code: "vhost-limit-too-low",
    finds: { vhost: { limits: { maxQueues: 2 } }, queues: { q: { ...quorum, retry: ["1 second", "2 seconds"] } } },
    at: "vhost.limits.maxQueues",
    value: 2,
    says: /3 or more/,
    quiet: { vhost: { limits: { maxQueues: 3 } }, queues: { q: { ...quorum, retry: ["1 second", "2 seconds"] } } },
  },
]);
