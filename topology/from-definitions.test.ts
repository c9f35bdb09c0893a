/** What exported definitions read like as a topology, and what stays raw because no word says it exactly. */
import { describe, expect, test } from "vitest";
import { compile } from "./compile/compile.js";
import { definitionsSchema } from "./definitions-format.js";
import { fromDefinitions } from "./from-definitions.js";
import type { Topology } from "./model.js";

const inVhost = { vhost: "/", durable: true, auto_delete: false };
const installation = (definitions: object) => fromDefinitions(definitionsSchema.parse(definitions));
const topology = (definitions: object): Topology => installation({ vhosts: [{ name: "/" }], ...definitions }).topologies[0]!;
const queue = (given: object) => topology({ queues: [{ ...inVhost, name: "q", arguments: given }] }).queues?.["q"];
const binding = (source: string, destination: string, routing_key = "", given: object = {}) => ({
  vhost: "/",
  source,
  destination,
  destination_type: "queue",
  routing_key,
  arguments: given,
});

test("an export reads like a topology that somebody wrote", () => {
  const result = installation({
    rabbit_version: "4.2.1",
    vhosts: [
      {
        name: "shop",
        metadata: { description: "the shop", tags: ["a"], default_queue_type: "quorum", protected_from_deletion: true },
        limits: {},
      },
      { name: "empty", metadata: { description: "", tags: [] } },
    ],
    users: [{ name: "anna", password_hash: "abc", tags: "monitoring,management", limits: { "max-connections": 5 } }],
    permissions: [{ user: "anna", vhost: "shop", configure: "", write: "", read: ".*" }],
    topic_permissions: [{ user: "anna", vhost: "shop", exchange: "orders", write: "^a", read: "" }],
    global_parameters: [
      { name: "internal_cluster_id", value: "x" },
      { name: "mine", value: { a: 1 } },
    ],
    parameters: [
      { vhost: "shop", component: "vhost-limits", name: "limits", value: { "max-queues": 50 } },
      {
        vhost: "shop",
        component: "operator_policy",
        name: "o",
        value: { pattern: "^q", "apply-to": "quorum_queues", priority: 0, definition: {} },
      },
      {
        vhost: "shop",
        component: "shovel",
        name: "s",
        value: {
          "src-protocol": "amqp091",
          "src-uri": "amqp:///shop",
          "src-queue": "billing",
          "src-predeclared": true,
          "dest-protocol": "amqp091",
          "dest-uri": "amqp://other",
          "dest-exchange": "x",
          "dest-exchange-key": "k",
          "ack-mode": "on-publish",
        },
      },
      { vhost: "shop", component: "federation-upstream", name: "f", value: { uri: "amqp://other", expires: 3600000, "max-hops": 2 } },
      { vhost: "shop", component: "federation-upstream-set", name: "set", value: [{ upstream: "f" }] },
    ],
    policies: [{ vhost: "shop", name: "p", pattern: "^b", "apply-to": "queues", priority: 3, definition: { "max-length": 9 } }],
    exchanges: [
      {
        vhost: "shop",
        name: "orders",
        type: "topic",
        durable: true,
        auto_delete: false,
        arguments: { "alternate-exchange": "amq.fanout" },
      },
      { vhost: "shop", name: "hash", type: "x-consistent-hash", durable: false, auto_delete: true, arguments: { "hash-header": "h" } },
      { vhost: "shop", name: "amq.rabbitmq.log", type: "topic", durable: true, auto_delete: false, arguments: {} },
    ],
    queues: [
      {
        vhost: "shop",
        name: "billing",
        type: "quorum",
        durable: true,
        auto_delete: false,
        arguments: {
          "x-queue-type": "quorum",
          "x-message-ttl": 86400000,
          "x-dead-letter-exchange": "",
          "x-dead-letter-routing-key": "dead",
          "x-dead-letter-strategy": "at-least-once",
          "x-overflow": "reject-publish",
          "x-delivery-limit": -1,
          "x-my-own": [1],
        },
      },
      { vhost: "shop", name: "dead", durable: false, auto_delete: true, arguments: { "x-queue-type": "classic" } },
    ],
    bindings: [
      { vhost: "shop", source: "orders", destination: "billing", destination_type: "queue", routing_key: "a.*", arguments: {} },
      { vhost: "shop", source: "orders", destination: "billing", destination_type: "queue", routing_key: "b", arguments: {} },
      {
        vhost: "shop",
        source: "amq.headers",
        destination: "billing",
        destination_type: "queue",
        routing_key: "",
        arguments: { "x-match": "any", n: 1 },
      },
      { vhost: "shop", source: "orders", destination: "hash", destination_type: "exchange", routing_key: "#", arguments: {} },
      { vhost: "shop", source: "", destination: "dead", destination_type: "queue", routing_key: "dead", arguments: {} },
    ],
  });
  expect(result).toEqual({
    topologies: [
      { name: "empty", brokerVersion: "4.2", settings: "arguments" },
      {
        name: "shop",
        brokerVersion: "4.2",
        settings: "arguments",
        vhost: { description: "the shop", tags: ["a"], defaultQueueType: "quorum", deletionProtection: true, limits: { maxQueues: 50 } },
        exchanges: {
          orders: { type: "topic", alternateExchange: "amq.fanout" },
          hash: { type: "x-consistent-hash", durable: false, autoDelete: true, hashHeader: "h", from: { orders: "#" } },
        },
        queues: {
          billing: {
            type: "quorum",
            from: { orders: ["a.*", "b"], "amq.headers": { headers: { n: 1 }, match: "any" } },
            messageTtl: "24 hours",
            deadLetterTo: { queue: "dead", strategy: "at-least-once" },
            overflow: "reject-publish",
            deliveryLimit: -1,
            arguments: { "x-my-own": [1] },
          },
          dead: { type: "classic", durable: false, autoDelete: true },
        },
        policies: { p: { pattern: "^b", applyTo: "queues", priority: 3, definition: { "max-length": 9 } } },
        operatorPolicies: { o: { pattern: "^q", applyTo: "quorum_queues", definition: {} } },
        shovels: { s: { from: { queue: "billing" }, to: { uri: "amqp://other", exchange: "x", key: "k" }, ackMode: "on-publish" } },
        federationUpstreams: { f: { uri: "amqp://other", expires: "1 hour", maxHops: 2 } },
        parameters: [{ component: "federation-upstream-set", name: "set", value: [{ upstream: "f" }] }],
      },
    ],
    users: {
      anna: {
        passwordHash: "abc",
        tags: ["monitoring", "management"],
        limits: { maxConnections: 5 },
        vhosts: {
          shop: { permissions: { configure: "", write: "", read: ".*" }, topicPermissions: { orders: { write: "^a", read: "" } } },
        },
      },
    },
    globalParameters: { mine: { a: 1 } },
  });
});

describe("what no word says exactly stays a raw argument", () => {
  test.each([
    ["a number as text", "quorum", { "x-message-ttl": "5000" }],
    ["a fraction", "quorum", { "x-message-ttl": 0.5 }],
    ["a negative time", "quorum", { "x-expires": -1 }],
    ["an age in another unit", "stream", { "x-max-age": "168h" }],
    ["a setting of another type", "quorum", { "x-max-priority": 5 }],
    ["a choice of another type", "quorum", { "x-overflow": "reject-publish-dlx" }],
    ["a key without its exchange", "classic", { "x-dead-letter-routing-key": "k" }],
    ["a delayed retry without its times", "quorum", { "x-delayed-retry-type": "all" }],
    ["another version of classic queues", "classic", { "x-queue-version": 1 }],
    ["something unknown", "classic", { "x-typo": 1 }],
  ])("%s", (_what, type, given) => {
    expect(queue({ "x-queue-type": type, ...given })).toEqual({ type, arguments: given });
  });

  test("of a parameter too: an operator policy for exchanges, a shovel with more than Warren has words for", () => {
    const parameters = [
      { component: "operator_policy", name: "o", value: { pattern: "^", "apply-to": "exchanges", priority: 0, definition: {} } },
      { component: "shovel", name: "s", value: { "src-protocol": "amqp10", "src-uri": "amqp://", "src-address": "a" } },
      { component: "federation-upstream", name: "f", value: { uri: "amqp://", expires: "1 hour" } },
    ];
    const read = topology({ parameters: parameters.map((parameter) => ({ vhost: "/", ...parameter })) });
    expect(read.parameters?.toSorted((a, b) => (a.component > b.component ? 1 : -1))).toEqual(
      parameters.toSorted((a, b) => (a.component > b.component ? 1 : -1)),
    );
  });
});

test("an operator policy for all, which is the broker's default", () => {
  const value = { pattern: "^q", "apply-to": "all", priority: 0, definition: { "max-length": 3 } };
  const read = topology({ parameters: [{ vhost: "/", component: "operator_policy", name: "o", value }] });
  expect(read.parameters).toBeUndefined();
  expect(read.operatorPolicies).toEqual({ o: { pattern: "^q", applyTo: "all", definition: { "max-length": 3 } } });
});

describe("a super stream", () => {
  const exchange = { ...inVhost, name: "s", type: "direct", arguments: { "x-super-stream": true } };
  const partition = (key: string, more: object = {}) => ({
    ...inVhost,
    name: `s-${key}`,
    arguments: { "x-queue-type": "stream", "x-max-age": "7D", ...more },
  });
  const bound = (key: string, order: number) => binding("s", `s-${key}`, key, { "x-stream-partition-order": order });
  const whole = {
    exchanges: [exchange],
    queues: [partition("0"), partition("1")],
    bindings: [bound("1", 1), bound("0", 0)],
  };

  test("is recognised by its exchange, streams and bindings", () => {
    expect(topology(whole)).toMatchObject({ queues: { s: { type: "super-stream", partitions: 2, maxAge: "7 days" } } });
    expect(topology(whole).exchanges).toBeUndefined();
  });

  test("with keys of its own", () => {
    const named = { ...whole, queues: [partition("eu"), partition("us")], bindings: [bound("us", 0), bound("eu", 1)] };
    expect(topology(named).queues).toEqual({ s: { type: "super-stream", partitions: ["us", "eu"], maxAge: "7 days" } });
  });

  test.each([
    ["a partition has other arguments", { ...whole, queues: [partition("0"), partition("1", { "x-max-age": "8D" })] }],
    ["a partition is fed by another exchange too", { ...whole, bindings: [...whole.bindings, binding("amq.fanout", "s-0")] }],
    ["a partition is bound under another key too", { ...whole, bindings: [...whole.bindings, binding("s", "s-0", "x")] }],
    ["the order has a gap", { ...whole, bindings: [bound("0", 0), bound("1", 2)] }],
    ["the order is no number of a partition", { ...whole, bindings: [bound("0", -1), bound("1", 0.5)] }],
    ["two have the same place", { ...whole, bindings: [bound("0", 0), bound("1", 0)] }],
    ["a stream is missing", { ...whole, queues: [partition("0")] }],
    ["a queue has its name", { ...whole, queues: [...whole.queues, { ...inVhost, name: "s", arguments: {} }] }],
    ["its exchange has more arguments", { ...whole, exchanges: [{ ...exchange, arguments: { "x-super-stream": true, more: 1 } }] }],
    ["nothing is bound to it", { ...whole, bindings: [] }],
  ])("is not, when %s", (_why, definitions) => {
    const read = topology(definitions);
    expect(read.exchanges?.["s"]?.type).toBe("direct");
    expect(Object.values(read.queues ?? {}).some(({ type }) => type === "super-stream")).toBe(false);
    // Whatever it is read as, no object is lost.
    expect(
      compile(read)
        .queues.map(({ name }) => name)
        .sort(),
    ).toEqual(definitions.queues.map(({ name }) => name).sort());
  });
});

test("a queue without a type has its vhost's default", () => {
  const read = (metadata: object) =>
    topology({ vhosts: [{ name: "/", metadata }], queues: [{ vhost: "/", name: "q", arguments: [] }] }).queues?.["q"];
  expect(read({})).toEqual({ type: "classic" });
  expect(read({ default_queue_type: "quorum" })).toEqual({ type: "quorum" });
});

test("the export of one vhost has the name that it tells, or the one given", () => {
  const one = { queues: [{ name: "q", arguments: { "x-queue-type": "quorum" } }], limits: { "max-queues": 5 } };
  expect(fromDefinitions(definitionsSchema.parse({ ...one, original_vhost_name: "shop" })).topologies).toEqual([
    { name: "shop", settings: "arguments", vhost: { limits: { maxQueues: 5 } }, queues: { q: { type: "quorum" } } },
  ]);
  expect(fromDefinitions(definitionsSchema.parse(one), "mine").topologies[0]?.name).toBe("mine");
});
