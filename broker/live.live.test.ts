/** A real broker that imported a topology does not drift from it; what is changed on it is found; messages are counted before they are lost. */
import amqp from "amqplib";
import { describe, expect, onTestFinished, test } from "vitest";
import { brokerApi, liveBroker, scratchName, scratchVhost } from "../testing/broker.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import type { Topology } from "../topology/model.js";
import { drift, type Drift } from "./drift.js";
import { readLive, type LiveInstallation } from "./live.js";
import { countLosses, losses, refuseLosses } from "./losses.js";
import { Management } from "./management.js";

const EMPTY: Drift = { version: 1, missing: [], mismatched: [], extra: [] };

async function client(): Promise<Management> {
  const broker = await liveBroker();
  const management = new Management({ endpoint: broker.managementUrl, ...broker });
  onTestFinished(() => management.close());
  return management;
}

/** A topology in a vhost of its own, imported by the broker; its users are gone after the test. */
async function installed(
  topology: Omit<Topology, "name" | "users">,
): Promise<{ plan: InstallationPlan; vhost: string; vhostUrl: string; live: () => Promise<LiveInstallation> }> {
  const { vhost, vhostUrl } = await scratchVhost();
  const user = scratchName("user");
  onTestFinished(() => brokerApi("DELETE", `/api/users/${user}`).then(() => undefined));
  const plan = compileInstallation({
    topologies: [
      {
        ...topology,
        name: vhost,
        users: {
          [user]: {
            tags: ["monitoring", "policymaker"],
            limits: { maxChannels: 9 },
            passwordHash: "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
            permissions: { configure: "", write: "^a", read: ".*" },
            topicPermissions: { "amq.topic": { write: "^o", read: "" } },
          },
        },
      },
    ],
  });
  await brokerApi("POST", "/api/definitions", definitions(plan));
  const management = await client();
  return { plan, vhost, vhostUrl, live: () => readLive(management, [vhost]) };
}

const shop: Omit<Topology, "name" | "users"> = {
  vhost: {
    description: "the shop",
    tags: ["b", "a"],
    limits: { maxQueues: 50, maxConnections: 10 },
    defaultQueueType: "quorum",
    deletionProtection: true,
  },
  exchanges: {
    orders: { type: "topic", alternateExchange: "lost" },
    lost: { type: "fanout", internal: true },
    "hash@a/b": { type: "x-consistent-hash", hashHeader: "h", from: { orders: "h.#" } },
    heads: { type: "headers", durable: false },
  },
  queues: {
    "billing/€": {
      type: "quorum",
      from: { orders: ["order.*", "refund"] },
      maxLength: 1000,
      deadLetterTo: { queue: "dead" },
      retry: ["5 seconds", "1 minute"],
    },
    dead: {
      type: "classic",
      from: { lost: "", heads: { headers: { a: 1, b: "x", c: true }, match: "any" } },
      settings: "arguments",
      maxLength: 5,
      maxPriority: 3,
    },
    log: { type: "stream", maxAge: "7 days" },
    parts: { type: "super-stream", partitions: 2 },
    "h.1": { type: "classic", from: { "hash@a/b": "1" } },
  },
  templates: { inbox: { name: "inbox-{id}", type: "classic", autoDelete: true, from: { orders: "{id}.#" } } },
  policies: { mine: { pattern: "^never", definition: { "max-length": 1 }, priority: 2 } },
  operatorPolicies: { cap: { pattern: "^billing", definition: { "max-length": 800 }, applyTo: "quorum_queues" } },
  federationUpstreams: { north: { uri: "amqp://127.0.0.1:1", prefetchCount: 10 } },
};

describe("drift", () => {
  test("none after an import, with instances' queues and exclusive queues of clients beside", async () => {
    const { plan, vhostUrl, live } = await installed(shop);
    expect(drift(plan, await live())).toEqual(EMPTY);
    const connection = await amqp.connect(vhostUrl);
    onTestFinished(() => connection.close());
    const channel = await connection.createChannel();
    for (const [name, options] of [
      ["inbox-7", { autoDelete: true }],
      ["", { exclusive: true }],
      ["private", { exclusive: true }],
    ] as const) {
      const { queue } = await channel.assertQueue(name, { ...options, arguments: { "x-queue-type": "classic" } });
      await channel.bindQueue(queue, "orders", "7.#");
    }
    expect(drift(plan, await live())).toEqual(EMPTY);
  });

  test("what somebody changes by hand is found", async () => {
    const { plan, vhost, live } = await installed(shop);
    const management = await client();
    await management.deleteQueue(vhost, "h.1");
    await management.putQueue(vhost, "theirs", { durable: true, autoDelete: false, arguments: { "x-queue-type": "classic" } });
    await management.putVhost(vhost, { description: "another", tags: ["a", "b"], defaultQueueType: "quorum" });
    await management.putPolicy(vhost, "higher", { pattern: "^log$", applyTo: "streams", priority: 99, definition: { "max-age": "1h" } });
    await management.deleteExchange(vhost, "lost");
    const found = drift(plan, await live());
    expect(found.missing.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
      'binding hash@a/b -> h.1 (key "1")',
      'binding lost -> dead (key "")',
      "exchange lost",
      "queue h.1",
    ]);
    expect(found.mismatched.map(({ name, field, expected, actual, winner }) => [name, field, expected, actual, winner])).toEqual([
      [vhost, "description", "the shop", "another", undefined],
      ["log", 'effective["max-age"]', "7D", "1h", 'policy "higher"'],
    ]);
    expect(found.extra.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["queue theirs", "policy higher"]);
  });

  test("a vhost that is not there", async () => {
    const management = await client();
    const plan = compileInstallation({ topologies: [{ name: scratchName(), queues: { q: { type: "classic" } } }] });
    expect(drift(plan, await readLive(management, [plan.vhosts[0]?.vhost.name ?? ""])).missing).toMatchObject([{ kind: "vhost" }]);
  });
});

test("losses: exact counts of what was just published, and nothing is touched", async () => {
  const { vhost, vhostUrl, live } = await installed({
    queues: { a: { type: "quorum" }, b: { type: "classic" }, s: { type: "stream" }, none: { type: "quorum" } },
  });
  const management = await client();
  const connection = await amqp.connect(vhostUrl);
  onTestFinished(() => connection.close());
  const channel = await connection.createConfirmChannel();
  for (const [queue, count] of [
    ["a", 7],
    ["b", 3],
    ["s", 2],
  ] as const) {
    for (let sent = 0; sent < count; sent++) channel.sendToQueue(queue, Buffer.from("x"), { persistent: true });
  }
  await channel.waitForConfirms();

  const after = compileInstallation({ topologies: [{ name: vhost, queues: { b: { type: "quorum" } } }] });
  const counted = await countLosses(management, losses(after, await live()));
  expect(Object.fromEntries(counted.map(({ queue, action, messages }) => [queue, [action, messages]]))).toEqual({
    a: ["delete", 7],
    b: ["replace", 3],
    s: ["delete", 2],
    none: ["delete", 0],
  });
  expect(() => refuseLosses(counted)).toThrow(/up would lose 12 messages in 3 queues; nothing was changed/);
  expect((await channel.checkQueue("a")).messageCount).toBe(7);
});
