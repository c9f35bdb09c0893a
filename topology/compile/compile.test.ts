import { describe, expect, it } from "vitest";
import type { Topology } from "../model.js";
import { systems } from "../systems/index.js";
import { compile, compileInstallation } from "./compile.js";

const find = <T extends { readonly name: string }>(list: readonly T[], name: string): T => {
  const found = list.find((object) => object.name === name);
  if (!found) throw new Error(`no ${name} among ${list.map((object) => object.name).join(", ")}`);
  return found;
};

const shop: Topology = {
  name: "shop",
  exchanges: { orders: { type: "topic", alternateExchange: "rest" }, rest: { type: "fanout", from: { orders: "a.#" } } },
  queues: {
    billing: {
      type: "quorum",
      from: { orders: ["order.*", { key: "", headers: { kind: "x" }, match: "any" }] },
      messageTtl: "1 hour",
      maxLength: 10,
      singleActiveConsumer: true,
      targetGroupSize: 5,
      deadLetterTo: { exchange: "rest", routingKey: "dead", strategy: "at-least-once" },
      retry: ["1 second", "1 minute"],
    },
    "mail+sms": { type: "classic", maxPriority: 5, deadLetterTo: { queue: "billing" }, queueMode: "lazy", arguments: { "x-own": 1 } },
    log: { type: "stream", maxAge: "7 days", streamMaxSegmentSizeBytes: "100 MB" },
    parts: { type: "super-stream", partitions: ["eu", "us"], maxAge: "1 hour", from: { orders: "#" } },
  },
};

describe("settings", () => {
  const plan = compile(shop);

  it("are a policy wherever a policy can set them, and an argument where it has to be one", () => {
    expect(find(plan.queues, "billing").arguments).toEqual({ "x-queue-type": "quorum", "x-single-active-consumer": true });
    expect(find(plan.policies, "billing")).toMatchObject({
      pattern: "^billing$",
      applyTo: "quorum_queues",
      definition: {
        "message-ttl": 3_600_000,
        "max-length": 10,
        "target-group-size": 5,
        "dead-letter-exchange": "rest",
        "dead-letter-routing-key": "dead",
        "dead-letter-strategy": "at-least-once",
      },
    });
    expect(find(plan.queues, "mail+sms").arguments).toEqual({ "x-queue-type": "classic", "x-max-priority": 5, "x-own": 1 });
    expect(find(plan.policies, "mail+sms")).toMatchObject({
      pattern: "^mail\\+sms$",
      definition: { "queue-mode": "lazy", "dead-letter-exchange": "", "dead-letter-routing-key": "billing" },
    });
    expect(find(plan.policies, "log").definition).toEqual({ "max-age": "7D", "stream-max-segment-size-bytes": 100_000_000 });
    expect(find(plan.policies, "exchange:orders")).toMatchObject({ applyTo: "exchanges", definition: { "alternate-exchange": "rest" } });
  });

  it("are arguments where the applications declare the queue, except what only a policy can set", () => {
    const declared = compile({ ...shop, settings: "arguments" });
    expect(find(declared.queues, "billing").arguments).toEqual({
      "x-queue-type": "quorum",
      "x-single-active-consumer": true,
      "x-message-ttl": 3_600_000,
      "x-max-length": 10,
      "x-dead-letter-exchange": "rest",
      "x-dead-letter-routing-key": "dead",
      "x-dead-letter-strategy": "at-least-once",
    });
    expect(find(declared.policies, "billing").definition).toEqual({ "target-group-size": 5 });
    expect(find(declared.exchanges, "orders").arguments).toEqual({ "alternate-exchange": "rest" });
    expect(declared.policies.map(({ name }) => name)).not.toContain("exchange:orders");
  });

  it("of one queue can be arguments while the others' are a policy", () => {
    const plan = compile({
      name: "t",
      queues: { a: { type: "quorum", maxLength: 1, settings: "arguments" }, b: { type: "quorum", maxLength: 1 } },
    });
    expect(plan.policies.map(({ name }) => name)).toEqual(["b"]);
    expect(find(plan.queues, "a").arguments).toMatchObject({ "x-max-length": 1 });
  });
});

describe("a ladder", () => {
  it("has one queue a rung, which returns to its own queue alone", () => {
    const plan = compile(shop);
    expect(find(plan.exchanges, "billing.retry")).toMatchObject({ type: "direct", durable: true });
    expect(plan.bindings.filter(({ source }) => source === "billing.retry").map((b) => [b.routingKey, b.destination])).toEqual([
      ["1", "billing.retry.1"],
      ["2", "billing.retry.2"],
    ]);
    expect(find(plan.queues, "billing.retry.2")).toMatchObject({
      type: "quorum",
      role: { kind: "rung", of: "billing", rung: 2 },
      origin: "queues.billing.retry[1]",
    });
    expect(find(plan.policies, "billing.retry.2").definition).toEqual({
      "message-ttl": 60_000,
      "dead-letter-exchange": "",
      "dead-letter-routing-key": "billing",
      "dead-letter-strategy": "at-least-once",
      "max-length": 10,
      overflow: "reject-publish",
    });
  });

  it("of a queue whose settings are arguments is still a policy: its waits can be changed", () => {
    const plan = compile({ ...shop, settings: "arguments" });
    expect(find(plan.queues, "billing.retry.1").arguments).toEqual({ "x-queue-type": "quorum" });
    expect(find(plan.policies, "billing.retry.1").definition).toMatchObject({ "message-ttl": 1000 });
  });
});

describe("a super stream", () => {
  it("is an exchange, a stream for each key, and bindings in their order", () => {
    const plan = compile(shop);
    expect(find(plan.exchanges, "parts")).toMatchObject({ type: "direct", arguments: { "x-super-stream": true } });
    expect(plan.bindings.filter(({ source }) => source === "parts")).toMatchObject([
      { destination: "parts-eu", routingKey: "eu", arguments: { "x-stream-partition-order": 0 } },
      { destination: "parts-us", routingKey: "us", arguments: { "x-stream-partition-order": 1 } },
    ]);
    expect(plan.bindings).toContainEqual(
      expect.objectContaining({ source: "orders", destination: "parts", destinationType: "exchange", routingKey: "#" }),
    );
    expect(find(plan.policies, "parts")).toMatchObject({ pattern: "^parts-(eu|us)$", definition: { "max-age": "1h" } });
  });
});

describe("bindings", () => {
  it("take keys, headers and how they match", () => {
    expect(compile(shop).bindings.filter(({ destination }) => destination === "billing")).toMatchObject([
      { routingKey: "order.*", arguments: {}, origin: "queues.billing.from.orders[0]" },
      { routingKey: "", arguments: { kind: "x", "x-match": "any" }, origin: "queues.billing.from.orders[1]" },
    ]);
  });
});

describe("shovels and federation", () => {
  it("are runtime parameters; secrets stay references", () => {
    const plan = compile({
      name: "v/1",
      federationUpstreams: { eu: { uri: { secret: "eu-uri" }, exchange: "orders", messageTtl: "1 hour" } },
      shovels: { move: { from: { queue: "a", deleteAfter: "queue-length" }, to: { exchange: "x", key: "k" } } },
    });
    expect(plan.parameters).toMatchObject([
      { component: "federation-upstream", name: "eu", value: { uri: { secret: "eu-uri" }, exchange: "orders", "message-ttl": 3_600_000 } },
      {
        component: "shovel",
        name: "move",
        value: {
          "src-protocol": "amqp091",
          "src-uri": "amqp:///v%2F1",
          "src-queue": "a",
          "src-predeclared": true,
          "src-delete-after": "queue-length",
          "dest-exchange": "x",
          "dest-exchange-key": "k",
        },
      },
    ]);
  });
});

describe("environments", () => {
  const sized: Topology = { ...shop, environments: { prod: { queues: { billing: { maxLength: 99, retry: ["2 seconds", "1 hour"] } } } } };

  it("change sizes", () => {
    expect(find(compile(sized, "prod").policies, "billing").definition).toMatchObject({ "max-length": 99, "message-ttl": 3_600_000 });
    expect(find(compile(sized, "prod").policies, "billing.retry.2").definition).toMatchObject({ "message-ttl": 3_600_000 });
    expect(compile(sized, "dev")).toEqual(compile(shop));
  });

  it("never change the routes of the five systems", () => {
    for (const system of Object.values(systems)) expect(compile(system, "prod").bindings).toEqual(compile(system, "dev").bindings);
  });
});

describe("an installation", () => {
  it("has what its vhosts share apart", () => {
    const plan = compileInstallation({
      topologies: [shop, { name: "second", vhost: { name: "2" } }],
      users: { ops: { tags: ["monitoring"], vhosts: { "2": { permissions: { configure: "", write: "", read: ".*" } } } } },
      globalParameters: { cluster: "x" },
    });
    expect(plan.vhosts.map(({ vhost }) => vhost.name)).toEqual(["shop", "2"]);
    expect(plan.global.users).toMatchObject([{ name: "ops", tags: ["monitoring"] }]);
    expect(plan.global.permissions).toMatchObject([{ user: "ops", vhost: "2", read: ".*" }]);
    expect(plan.global.parameters).toMatchObject([{ name: "cluster", value: "x" }]);
  });
});
