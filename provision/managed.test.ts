// What is read from the stack's state, and what a delete is refused for.
import { describe, expect, it } from "vitest";
import { itemId, plannedItems } from "../broker/items.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Installation } from "../topology/model.js";
import { candidates, type Component } from "./components.js";
import { refuseDelete } from "./delete-hooks.js";
import { versionOf } from "./guard.js";
import { managedIn } from "./managed.js";

const official = (name: string, type: string, outputs: object): [string, object] => [
  `urn:pulumi:dev::project::warren:index:RabbitTopology$rabbitmq:index/${type}::${name}`,
  { type: `rabbitmq:index/${type}`, outputs },
];
const own = (name: string, type: string, spec: object): [string, object] => [
  `urn:pulumi:dev::project::pulumi-nodejs:dynamic/warren:${type}::${name}`,
  { type: `pulumi-nodejs:dynamic/warren:${type}`, outputs: { spec } },
];

describe("the objects that a stack has made", () => {
  it("are known by the ids that plan and broker have for them, official and own", () => {
    const installation = {
      topologies: [
        {
          name: "v",
          exchanges: { a: { type: "topic" }, "b@c": { type: "direct", internal: true, from: { a: "k/k" } } },
          queues: { a: { type: "classic", from: { a: "k" }, maxLength: 7 }, "b@c": { type: "quorum" } },
          messages: { m: { to: "a", key: "k" } },
          services: { s: { publishes: ["m"], consumes: ["a"] } },
        },
      ],
    } satisfies Installation;
    const plan = compileInstallation(installation);
    const managed = managedIn(
      Object.fromEntries([
        official("vhost/v", "vHost:VHost", { name: "v" }),
        official("x", "exchange:Exchange", { name: "a", vhost: "v", settings: {} }),
        own("y", "Exchange", { name: "b@c", vhost: "v" }),
        official("q", "queue:Queue", { name: "a", vhost: "v" }),
        own("r", "Queue", { name: "b@c", vhost: "v" }),
        official("b", "binding:Binding", { vhost: "v", source: "a", destination: "a", destinationType: "queue", routingKey: "k" }),
        own("c", "Binding", { vhost: "v", source: "a", destination: "b@c", destinationType: "exchange", routingKey: "k/k", arguments: {} }),
        official("p", "policy:Policy", { vhost: "v", name: "a" }),
        own("u", "User", { name: "v.s" }),
        official("m", "permissions:Permissions", { vhost: "v", user: "v.s" }),
        own("t", "TopicPermissions", { vhost: "v", user: "v.s", permissions: [{ exchange: "a", write: "", read: "" }] }),
      ]),
    );
    expect([...managed.objects].sort()).toEqual(
      plannedItems(plan)
        .map(({ id }) => id)
        .sort(),
    );
  });

  it("and its vhosts by the names of their resources, and those of each component", () => {
    const managed = managedIn(
      Object.fromEntries([
        official("vhost/v", "vHost:VHost", { name: "v" }),
        official("blue-vhost/v", "vHost:VHost", { name: "v" }),
        own("guard/v", "Guard", { component: "orders", vhost: "v" }),
        own("guard/w", "Guard", { component: "orders", vhost: "w" }),
        ["urn:5", { type: "rabbitmq:index/queue:Queue" }],
        ["urn:6", { type: "pulumi:pulumi:Stack", outputs: {} }],
      ]),
    );
    expect(managed).toEqual({
      vhosts: ["v"],
      objects: new Set([itemId("vhost", undefined, "v")]),
      queues: new Map(),
      vhostNames: new Map([["v", ["vhost/v", "blue-vhost/v"]]]),
      components: new Map([["orders", ["v", "w"]]]),
      ways: new Set(["management"]),
    });
    expect(managedIn({})).toMatchObject({ vhosts: [], objects: new Set() });
  });
});

describe("the queues of a state", () => {
  it("are read as they were declared, official ones before and after a refresh, and own ones", () => {
    const { queues } = managedIn(
      Object.fromEntries([
        official("a", "queue:Queue", { name: "a", vhost: "v", settings: { durable: true, argumentsJson: '{"x-queue-type":"quorum"}' } }),
        official("b", "queue:Queue", { name: "b", vhost: "v", settings: { durable: true, arguments: { "x-queue-type": "classic" } } }),
        own("c", "Queue", { name: "c@d", vhost: "v", durable: true, autoDelete: true, arguments: { "x-queue-type": "classic" } }),
      ]),
    );
    const shape = (type: string, autoDelete = false) => ({ type, durable: true, autoDelete, arguments: { "x-queue-type": type } });
    expect(queues).toEqual(
      new Map([
        [itemId("queue", "v", "a"), shape("quorum")],
        [itemId("queue", "v", "b"), shape("classic")],
        [itemId("queue", "v", "c@d"), shape("classic", true)],
      ]),
    );
  });
});

describe("the broker that is asked before a delete", () => {
  const of = (namePrefix: string, ...vhosts: string[]): Component => ({ namePrefix, vhosts }) as unknown as Component;
  const [plain, blue, other] = [of("", "v"), of("blue-", "v"), of("", "w")];
  const all = [plain, blue, other];

  it("is the one whose component has the vhost under this name, and of a vhost that none has, each", () => {
    expect(candidates(all, "v/queue/q", "v")).toEqual([plain]);
    expect(candidates(all, "blue-v/queue/q", "v")).toEqual([blue]);
    expect(candidates(all, "w/queue/q", "w")).toEqual([other]);
    expect(candidates(all, "gone/queue/q", "gone")).toEqual(all);
  });
});

describe("a delete", () => {
  it("is refused for messages, with every queue and count; and for a count that the broker does not say", () => {
    const held = [
      { vhost: "v", queue: "empty", messages: 0 },
      { vhost: "v", queue: "one", messages: 1 },
      { vhost: "v", queue: "many", messages: 42 },
      { vhost: "w", queue: "stream", messages: undefined },
    ];
    expect(() => refuseDelete(held)).toThrow(
      /"one" in vhost "v" holds 1 message\n.*"many" in vhost "v" holds 42 messages\n.*"stream" in vhost "w" holds an unknown number of messages\n.*allowDataLoss/,
    );
    expect(() => refuseDelete(held)).not.toThrow(/"empty"/);
  });

  it("of empty queues, or of none, goes on", () => {
    expect(() => refuseDelete([{ vhost: "v", queue: "q", messages: 0 }])).not.toThrow();
    expect(() => refuseDelete([])).not.toThrow();
  });
});

it("the version that a plan asks for is the newest of its topologies", () => {
  const of = (...versions: ("4.0" | "4.1" | "4.2" | "4.3")[]): string =>
    versionOf(compileInstallation({ topologies: versions.map((brokerVersion, index) => ({ name: `t${index}`, brokerVersion })) }));
  expect(of("4.0", "4.2", "4.1")).toBe("4.2");
  expect(of("4.0")).toBe("4.0");
  expect(of()).toBe("4.0");
});
