/** Every kind of object that the model has, on a real broker through the real engine: up, equal, unchanged, changed, down. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Installation, Topology } from "../topology/model.js";
import { brokerApi, liveBroker, type LiveBroker } from "./broker.js";
import { liveDrift } from "./live-drift.js";
import { TestStack } from "./stack.js";

const main: Topology = {
  name: "warren-test-all",
  vhost: {
    description: "Every kind of object",
    tags: ["test"],
    defaultQueueType: "quorum",
    limits: { maxConnections: 50, maxQueues: 200 },
  },
  exchanges: {
    topic: { type: "topic", alternateExchange: "rest" },
    rest: { type: "fanout" },
    direct: { type: "direct", settings: "arguments", alternateExchange: "rest" },
    headers: { type: "headers" },
    hash: { type: "x-consistent-hash", hashHeader: "id" },
    local: { type: "x-local-random" },
    inside: { type: "fanout", internal: true, from: { topic: "inside.#" } },
    "odd/na@me %+ü": { type: "topic" },
  },
  queues: {
    quorum: {
      type: "quorum",
      from: { topic: ["a.*", "b.#"], headers: [{ headers: { kind: "x", size: 3 }, match: "any" }, { headers: { kind: "y" } }] },
      messageTtl: "1 hour",
      maxLength: 1000,
      overflow: "reject-publish",
      deadLetterTo: { exchange: "rest", routingKey: "42", strategy: "at-least-once" },
      deliveryLimit: 5,
      singleActiveConsumer: true,
      delayedRetry: { type: "failed", min: "1 second", max: "1 minute" },
      retry: ["5 seconds", "1 minute"],
    },
    classic: { type: "classic", from: { direct: "k", local: "" }, maxPriority: 5, maxLengthBytes: "10 MB", expires: "10 days" },
    stream: { type: "stream", from: { rest: "" }, maxAge: "7 days", streamMaxSegmentSizeBytes: "50 MB" },
    parts: { type: "super-stream", partitions: ["eu", "us"], maxAge: "1 day" },
    "odd/na@me %+ü": {
      type: "quorum",
      from: { "odd/na@me %+ü": ["key/with@odd %+ü", "7"] },
      maxLength: 10,
      deadLetterTo: { queue: "classic" },
    },
    hashed: { type: "classic", from: { hash: "2", inside: "" }, maxLength: 5, settings: "arguments" },
  },
  templates: { inbox: { name: "inbox.{id}", type: "classic", expires: "1 minute", from: { topic: "to.{id}" } } },
  messages: { event: { to: "topic", key: "a.{word}" } },
  services: {
    publisher: { publishes: ["event"], limits: { maxConnections: 3, maxChannels: 30 } },
    worker: { consumes: ["quorum", "classic", "hashed", "odd/na@me %+ü"], instances: { inbox: {} } },
  },
  users: { "warren-test-all@odd": { tags: ["management"], permissions: { configure: "^odd$", write: "^odd$", read: "^odd$" } } },
  policies: {
    hand: {
      pattern: "^hashed$",
      applyTo: "classic_queues",
      priority: 3,
      definition: { "dead-letter-exchange": "rest", "dead-letter-routing-key": "7" },
    },
  },
  operatorPolicies: { cap: { pattern: "^classic$", applyTo: "all", definition: { "max-length": 500 } } },
  federationUpstreams: {
    away: {
      uri: { secret: "away" },
      maxHops: 1,
      trustUserId: true,
      queueType: "quorum",
      resourceCleanupMode: "never",
      bindNowait: true,
      channelUseMode: "single",
    },
  },
  shovels: { move: { from: { queue: "odd/na@me %+ü" }, to: { exchange: "topic", key: "b.moved" } } },
};

const installation: Installation = {
  topologies: [main, { name: "warren-test-all-2", queues: { only: { type: "quorum", maxLength: 1, settings: "arguments" } } }],
  users: {
    "warren-test-shared": {
      tags: ["monitoring"],
      vhosts: {
        "warren-test-all": { permissions: { configure: "", write: "^rest$", read: "" } },
        "warren-test-all-2": { permissions: { configure: "", write: "", read: "^only$" } },
      },
    },
  },
  globalParameters: { "warren-test": { any: ["json", 1] } },
};

let broker: LiveBroker;
let folder: string;
let stack: TestStack;
const secretUri = "amqp://someone:hidden-in-a-uri@127.0.0.1:1";

beforeAll(async () => {
  broker = await liveBroker();
  folder = mkdtempSync(join(tmpdir(), "warren-everything-"));
  write(installation);
  stack = await TestStack.create(
    { broker: "external", endpoint: broker.managementUrl, username: broker.username, system: join(folder, "all.json") },
    { password: broker.password, 'secrets["away"]': secretUri, 'passwords["warren-test-shared"]': "chosen-by-hand" },
  );
});
afterAll(async () => {
  await stack.destroy();
  stack.remove();
  rmSync(folder, { recursive: true, force: true });
});

const write = (content: Installation): void => writeFileSync(join(folder, "all.json"), JSON.stringify(content));

async function expectEqual(expected: Installation): Promise<void> {
  expect(await liveDrift(expected, { away: secretUri })).toEqual({ missing: [], mismatched: [], extra: [] });
}

it("goes up, and the broker holds exactly that", async () => {
  await stack.up();
  await expectEqual(installation);
});

it("lets the user with a chosen password in", async () => {
  const authorization = `Basic ${Buffer.from("warren-test-shared:chosen-by-hand").toString("base64")}`;
  expect((await fetch(`${broker.managementUrl}/api/whoami`, { headers: { authorization } })).status).toBe(200);
});

it("is left as it is by a preview and by a refresh", async () => {
  expect(await stack.preview()).toEqual({});
  expect(await stack.refresh()).toEqual({});
});

it("is changed in place, or replaced where it is empty", async () => {
  const changed: Installation = {
    ...installation,
    globalParameters: { "warren-test": { any: "other" } },
    topologies: [
      {
        ...main,
        vhost: { ...main.vhost, description: "Changed", limits: { maxQueues: 300 } },
        exchanges: { ...main.exchanges, inside: { type: "topic", internal: true, from: { topic: "inside.*" } } },
        queues: {
          ...main.queues,
          classic: { type: "classic", from: { direct: "k2", local: "" }, maxPriority: 3, maxLengthBytes: "20 MB" },
          "odd/na@me %+ü": { type: "quorum", from: { "odd/na@me %+ü": "8" }, maxLength: 20, deadLetterTo: { queue: "classic" } },
        },
        operatorPolicies: { cap: { pattern: "^classic$", applyTo: "classic_queues", priority: 2, definition: { "max-length": 400 } } },
        users: { "warren-test-all@odd": { tags: ["monitoring"], permissions: { configure: "", write: "^odd$", read: "" } } },
        shovels: { move: { from: { queue: "odd/na@me %+ü" }, to: { exchange: "topic", key: "b.changed" }, reconnectDelay: 7 } },
      },
      ...installation.topologies.slice(1),
    ],
  };
  write(changed);
  await stack.up();
  await expectEqual(changed);
  expect(await stack.preview()).toEqual({});
});

it("says no secret, and goes away without a trace", async () => {
  const down = await stack.destroy();
  expect(down.code).toBe(0);
  expect(down.output).not.toMatch(/hidden-in-a-uri|chosen-by-hand/);
  const left = JSON.stringify([
    await brokerApi("GET", "/api/vhosts"),
    await brokerApi("GET", "/api/users"),
    await brokerApi("GET", "/api/global-parameters"),
    await brokerApi("GET", "/api/user-limits"),
  ]);
  expect(left).not.toContain("warren-test-all");
  expect(left).not.toContain("warren-test-shared");
});
