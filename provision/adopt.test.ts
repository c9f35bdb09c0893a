// Which official resources are imported, by which ids; and what is refused.
import { describe, expect, it } from "vitest";
import type { LiveInstallation, LiveVhost } from "../broker/live.js";
import { itemId } from "../broker/items.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Topology } from "../topology/model.js";
import { compare, importIds, refuseDifferent, warningOf } from "./adopt.js";
import { planResources } from "./plan-resources.js";

const topology: Topology = {
  name: "a/b",
  exchanges: { x: { type: "topic", alternateExchange: "amq.fanout" }, hidden: { type: "fanout", internal: true } },
  queues: {
    limited: { type: "quorum", from: { x: "a.*", "amq.headers": { headers: { n: 1 } } }, singleActiveConsumer: true },
    plain: { type: "quorum", maxLength: 5 },
    "at@sign": { type: "quorum", singleActiveConsumer: true },
  },
  users: { anna: { permissions: { configure: "", write: "", read: ".*" } } },
};
const plan = compileInstallation({ topologies: [topology] });
const [planned] = plan.vhosts;

/** A broker that holds exactly what the plan says. */
const equalTo = ({ queues, ...rest }: NonNullable<typeof planned>): LiveVhost => ({
  ...rest,
  queues: queues.map(({ role: _, origin: __, ...queue }) => queue),
  vhost: { name: rest.vhost.name, description: "", tags: [], defaultQueueType: "classic", limits: {}, deletionProtection: false },
});
const live: LiveInstallation = {
  brokerVersion: "4.3.6",
  reader: "deploy",
  vhosts: [equalTo(planned!)],
  users: [{ name: "anna", tags: [], passwordHash: "x" }],
  globalParameters: [],
};
const wire = planned!.bindings.map(({ source, destination, destinationType, routingKey, arguments: given }) => ({
  ...{ source, destination, destination_type: destinationType, routing_key: routingKey, arguments: given },
  properties_key: routingKey === "" ? "~hash" : encodeURIComponent(routingKey),
}));
const found = { live, bindings: new Map([["a/b", wire]]), managed: new Set<string>() };
const none: LiveInstallation = { ...live, vhosts: [], users: [] };
const changed = (change: Partial<LiveVhost>): LiveInstallation => ({ ...live, vhosts: [{ ...live.vhosts[0]!, ...change }] });

describe("import ids", () => {
  it("are those of the official provider, for what it reads back as it takes it", () => {
    expect(Object.fromEntries(importIds(planResources(plan), found))).toEqual({
      "vhost/a%2Fb": "a/b",
      "a%2Fb/exchange/x": "x@a/b",
      "a%2Fb/queue/limited": "limited@a/b",
      "a%2Fb/policy/exchange:x": "exchange:x@a/b",
      "a%2Fb/policy/plain": "plain@a/b",
      "a%2Fb/permissions/anna": "anna@a/b",
      "a%2Fb/binding/x/queue/limited/a.*": "a%2Fb/x/limited/queue/a.*",
    });
  });

  it("are given neither for what is not there nor for what the stack has", () => {
    expect(importIds(planResources(plan), { ...found, live: none, bindings: new Map() }).size).toBe(0);
    const managed = new Set([itemId("queue", "a/b", "limited"), itemId("vhost", undefined, "a/b")]);
    const ids = importIds(planResources(plan), { ...found, managed });
    expect(ids.has("a%2Fb/queue/limited")).toBe(false);
    expect(ids.has("vhost/a%2Fb")).toBe(false);
    expect(ids.has("a%2Fb/exchange/x")).toBe(true);
  });
});

describe("what is there and otherwise", () => {
  const refused =
    (of: LiveInstallation, managed: ReadonlySet<string> = new Set()) =>
    () =>
      refuseDifferent(compare(plan, { live: of, managed }).different);

  it("is nothing where all is equal, or nothing is there", () => {
    expect(refused(live)).not.toThrow();
    expect(refused(none)).not.toThrow();
  });

  it("is refused, each with its fields", () => {
    const queues = live.vhosts[0]!.queues.map((queue) => ({ ...queue, durable: queue.name !== "plain" }));
    const exchanges = live.vhosts[0]!.exchanges.map((exchange) => (exchange.name === "x" ? { ...exchange, type: "direct" } : exchange));
    expect(refused(changed({ queues, exchanges }))).toThrow(
      /2 objects cannot be adopted[^]*exchange "x" in vhost "a\/b"[^]*type: expected "topic", is "direct"[^]*queue "plain"[^]*durable: expected true, is false/,
    );
  });

  it("is refused of a vhost's description, stated or not, for that is written whole", () => {
    const vhost = { ...live.vhosts[0]!.vhost, description: "theirs" };
    expect(refused(changed({ vhost }))).toThrow(/description: expected "", is "theirs"/);
    expect(refused(changed({ vhost }), new Set([itemId("vhost", undefined, "a/b")]))).not.toThrow();
  });

  it("is none of adoption's business in what the stack has", () => {
    const queues = live.vhosts[0]!.queues.map((queue) => ({ ...queue, durable: false }));
    const ours = new Set(queues.map(({ name }) => itemId("queue", "a/b", name)));
    expect(refused(changed({ queues }), ours)).not.toThrow();
  });
});

it("what will be made, and what is there besides, is told", () => {
  const queues = [...live.vhosts[0]!.queues.filter(({ name }) => name !== "plain"), { ...live.vhosts[0]!.queues[0]!, name: "theirs" }];
  expect(warningOf(compare(plan, { live: changed({ queues }), managed: new Set() }))).toBe(
    [
      "1 object of the topology not on the broker will be made:",
      '  queue "plain" in vhost "a/b" (queues.plain)',
      "1 object of these vhosts not in the topology, left alone until their vhost is deleted:",
      '  queue "theirs" in vhost "a/b" (queues.theirs)',
    ].join("\n"),
  );
  expect(warningOf(compare(plan, { live, managed: new Set() }))).toBeUndefined();
});
