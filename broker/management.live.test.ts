/** The management client against a real broker: every kind of object there and back, and the faults that it really gives. */
import amqp from "amqplib";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { brokerApi, liveBroker, scratchName, scratchVhost } from "../testing/broker.js";
import { BrokerError } from "./faults.js";
import { Management } from "./management.js";

let broker: Awaited<ReturnType<typeof liveBroker>>;
let management: Management;

beforeAll(async () => {
  broker = await liveBroker();
  management = new Management({ endpoint: broker.managementUrl, ...broker });
  return () => management.close();
});

const fault = async (call: Promise<unknown>): Promise<BrokerError> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BrokerError);
  return error as BrokerError;
};

/** A user of the broker, gone after the test, and the API as that user sees it. */
async function user(tags: string[], vhost?: string): Promise<Management> {
  const name = scratchName("user");
  await brokerApi("PUT", `/api/users/${name}`, { password: "a-password", tags });
  onTestFinished(() => brokerApi("DELETE", `/api/users/${name}`).then(() => undefined));
  if (vhost !== undefined) await brokerApi("PUT", `/api/permissions/${vhost}/${name}`, { configure: "^mine", write: "", read: "" });
  return new Management({ endpoint: broker.managementUrl, username: name, password: "a-password" });
}

test("version", async () => {
  expect(await management.version()).toMatch(/^4\.\d+\.\d+/);
  expect(await management.requireVersion("4.0")).toBe(await management.version());
});

describe("there and back", () => {
  test.each(["plain", "a/b", "a@b", "100%", "a b", "Grüße €", "a#b?c&d", "+", "%2F", "'(*)!", "a\\b"])(
    "an exchange, a queue and a binding named %j",
    async (name) => {
      const { vhost } = await scratchVhost();
      const exchange = { type: "topic", durable: true, autoDelete: false, internal: true, arguments: { "alternate-exchange": name } };
      const queue = { durable: true, autoDelete: false, arguments: { "x-queue-type": "quorum", "x-max-length": 5 } };
      const binding = {
        source: name,
        destination: name,
        destinationType: "queue",
        routingKey: `${name}.*`,
        arguments: { a: 1, b: name },
      } as const;
      expect(await management.getQueue(vhost, name)).toBeUndefined();
      await management.putExchange(vhost, name, exchange);
      await management.putQueue(vhost, name, queue);
      await management.putBinding(vhost, binding);
      await management.putBinding(vhost, { ...binding, arguments: { a: 2 } });
      expect(await management.getExchange(vhost, name)).toMatchObject({
        name,
        type: "topic",
        internal: true,
        arguments: exchange.arguments,
      });
      expect(await management.getQueue(vhost, name)).toMatchObject({ name, type: "quorum", arguments: queue.arguments });
      expect(await management.getBinding(vhost, binding)).toMatchObject({ routing_key: binding.routingKey, arguments: binding.arguments });
      expect(await management.deleteBinding(vhost, binding)).toBe(true);
      expect(await management.getBinding(vhost, binding)).toBeUndefined();
      expect(await management.bindings(vhost, binding)).toHaveLength(1);
      expect(await management.deleteQueue(vhost, name)).toBe(true);
      expect(await management.deleteQueue(vhost, name)).toBe(false);
      expect(await management.deleteExchange(vhost, name)).toBe(true);
    },
  );

  test("policies, operator policies, parameters", async () => {
    const { vhost } = await scratchVhost();
    const body = { pattern: "^a", applyTo: "quorum_queues", priority: 3, definition: { "max-length": 9 } };
    const wire = { name: "p/q", pattern: "^a", "apply-to": "quorum_queues", priority: 3, definition: { "max-length": 9 } };
    await management.putPolicy(vhost, "p/q", body);
    await management.putOperatorPolicy(vhost, "p/q", body);
    expect(await management.getPolicy(vhost, "p/q")).toMatchObject(wire);
    expect(await management.getOperatorPolicy(vhost, "p/q")).toMatchObject(wire);
    // Nothing listens there: a shovel that connects declares its queues.
    const value = { "src-uri": "amqp://127.0.0.1:1", "src-queue": "a", "dest-uri": "amqp://127.0.0.1:1", "dest-queue": "b" };
    await management.putParameter(vhost, "shovel", "s/t", value);
    expect(await management.getParameter(vhost, "shovel", "s/t")).toMatchObject({ component: "shovel", name: "s/t", value });
    expect(await management.deletePolicy(vhost, "p/q")).toBe(true);
    expect(await management.deleteOperatorPolicy(vhost, "p/q")).toBe(true);
    expect(await management.deleteParameter(vhost, "shovel", "s/t")).toBe(true);
    expect(await management.getPolicy(vhost, "p/q")).toBeUndefined();
    expect(await management.getOperatorPolicy(vhost, "p/q")).toBeUndefined();
    expect(await management.getParameter(vhost, "shovel", "s/t")).toBeUndefined();
  });

  test("users, permissions, limits", async () => {
    const { vhost } = await scratchVhost();
    const name = `${scratchName("user")}@a/b`;
    onTestFinished(() => management.deleteUser(name).then(() => undefined));
    await management.putUser(name, { tags: ["management", "x"], passwordHash: "" });
    expect(await management.getUser(name)).toMatchObject({ name, tags: ["management", "x"], password_hash: "" });
    await management.putUserLimit(name, "max-channels", 7);
    expect(await management.userLimits(name)).toEqual({ "max-channels": 7 });
    expect(await management.deleteUserLimit(name, "max-channels")).toBe(true);
    expect(await management.userLimits(name)).toEqual({});
    await management.putPermission(vhost, name, { configure: "^a$", write: "", read: ".*" });
    expect(await management.getPermission(vhost, name)).toMatchObject({ configure: "^a$", write: "", read: ".*" });
    await management.putTopicPermission(vhost, name, { exchange: "amq.topic", write: "^w", read: "^r" });
    await management.putTopicPermission(vhost, name, { exchange: "amq.direct", write: "", read: "" });
    expect(await management.deleteTopicPermission(vhost, name, "amq.direct")).toBe(true);
    expect(await management.topicPermissions(vhost, name)).toEqual([{ user: name, vhost, exchange: "amq.topic", write: "^w", read: "^r" }]);
    expect(await management.deletePermission(vhost, name)).toBe(true);
    expect(await management.getPermission(vhost, name)).toBeUndefined();
  });

  test("vhosts with limits and protection", async () => {
    const { vhost } = await scratchVhost();
    await management.putVhost(vhost, { description: "d", tags: ["t"], defaultQueueType: "quorum" });
    await management.putVhostLimit(vhost, "max-queues", 3);
    await management.protectVhost(vhost);
    expect(await management.getVhost(vhost)).toMatchObject({
      description: "d",
      tags: ["t"],
      default_queue_type: "quorum",
      protected_from_deletion: true,
    });
    expect(await management.vhostLimits(vhost)).toEqual({ "max-queues": 3 });
    expect(await fault(management.deleteVhost(vhost))).toMatchObject({ kind: "refused", status: 412 });
    await management.unprotectVhost(vhost);
    expect(await management.deleteVhostLimit(vhost, "max-queues")).toBe(true);
    expect(await management.deleteVhost(vhost)).toBe(true);
    expect(await management.getVhost(vhost)).toBeUndefined();
  });

  test("global parameters", async () => {
    const name = scratchName("parameter");
    await management.putGlobalParameter(name, { a: [1] });
    expect(await management.getGlobalParameter(name)).toMatchObject({ name, value: { a: [1] } });
    expect(await management.deleteGlobalParameter(name)).toBe(true);
    expect(await management.getGlobalParameter(name)).toBeUndefined();
  });
});

test("an export is unchanged until a definition changes", async () => {
  const { vhost } = await scratchVhost();
  const exported = async () => {
    const found = await management.definitions();
    if (found?.etag === undefined) throw new Error("the broker is older than 4.3.5");
    return { ...found, etag: found.etag };
  };
  let first = await exported();
  // A queue of an earlier test may still expire.
  await expect.poll(async () => management.definitions((first = await exported()).etag)).toBeUndefined();
  expect(first.definitions.vhosts.map(({ name }) => name)).toContain(vhost);
  await management.putQueue(vhost, "q", { durable: true, autoDelete: false, arguments: {} });
  expect((await management.definitions(first.etag))?.definitions.queues.map(({ name }) => name)).toContain("q");
  expect((await management.vhostDefinitions(vhost))?.queues).toMatchObject([{ name: "q" }]);
});

describe("counts", () => {
  test("ready and unacknowledged: classic at once, quorum and stream after their ticks", async () => {
    const { vhost, vhostUrl } = await scratchVhost();
    const connection = await amqp.connect(vhostUrl);
    onTestFinished(() => connection.close());
    const channel = await connection.createConfirmChannel();
    for (const type of ["classic", "quorum", "stream"]) {
      await channel.assertQueue(type, { arguments: { "x-queue-type": type } });
      for (let sent = 0; sent < 10; sent++) channel.sendToQueue(type, Buffer.from("x"), { persistent: true });
    }
    await channel.waitForConfirms();
    for (const type of ["classic", "quorum"]) await channel.get(type);
    const counts = async () =>
      Object.fromEntries(
        (await management.counts())
          .filter((queue) => queue.vhost === vhost)
          .map(({ name, messages, messages_unacknowledged: unacked }) => [name, [messages, unacked]]),
      );
    expect((await counts())["classic"]).toEqual([10, 1]);
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    expect(await counts()).toMatchObject({ classic: [10, 1], quorum: [10, 1], stream: [10, 0] });
  });
});

describe("faults", () => {
  test("wrong password", async () => {
    const wrong = new Management({ endpoint: broker.managementUrl, username: broker.username, password: "wrong" });
    expect(await fault(wrong.overview())).toMatchObject({ kind: "credentials", exitCode: 2 });
  });

  test("a user without a tag, and one with too little", async () => {
    const { vhost } = await scratchVhost();
    expect((await fault((await user([])).overview())).message).toMatch(/Not management user.*\n.*one of the tags management/s);
    const little = await user(["management"], vhost);
    expect(await fault(little.definitions())).toMatchObject({
      kind: "permission",
      remedy: expect.stringContaining("the tag administrator") as string,
    });
    expect(await fault(little.putQueue(vhost, "other", { durable: true, autoDelete: false, arguments: {} }))).toMatchObject({
      kind: "permission",
      remedy: expect.stringContaining("configure, write and read permissions") as string,
    });
    expect(
      await fault(little.putPolicy(vhost, "p", { pattern: "", applyTo: "all", priority: 0, definition: { "max-length": 1 } })),
    ).toMatchObject({
      kind: "permission",
      remedy: expect.stringContaining("policymaker") as string,
    });
  });

  test("a queue that stands with other arguments is refused with the broker's reason, and kept", async () => {
    const { vhost } = await scratchVhost();
    await management.putQueue(vhost, "q", { durable: true, autoDelete: false, arguments: { "x-queue-type": "quorum" } });
    const refused = await fault(
      management.putQueue(vhost, "q", { durable: true, autoDelete: false, arguments: { "x-queue-type": "classic" } }),
    );
    expect(refused).toMatchObject({ kind: "refused", status: 400 });
    expect(refused.message).toMatch(/inequivalent arg 'x-queue-type'.*received 'classic' but current is 'quorum'/);
    expect(await management.getQueue(vhost, "q")).toMatchObject({ type: "quorum" });
  });

  test("a quorum queue refuses to be deleted if empty", async () => {
    const { vhost } = await scratchVhost();
    await management.putQueue(vhost, "q", { durable: true, autoDelete: false, arguments: { "x-queue-type": "quorum" } });
    expect((await fault(management.deleteQueue(vhost, "q", { ifEmpty: true }))).message).toMatch(/not supported by quorum queues/);
  });

  test("a vhost that is not there", async () => {
    expect(await fault(management.putQueue(scratchName(), "q", { durable: true, autoDelete: false, arguments: {} }))).toMatchObject({
      kind: "not-found",
    });
  });

  // A fault of RabbitMQ 4.3.6 (`rabbit_mgmt_format:pack_binding_props` crashes): the binding is made all the same.
  test("a binding with arguments and ~ in its key fails, and spoils the list", async () => {
    const { vhost } = await scratchVhost();
    await management.putQueue(vhost, "q", { durable: true, autoDelete: false, arguments: {} });
    const binding = { source: "amq.topic", destination: "q", destinationType: "queue", routingKey: "a~b", arguments: { a: 1 } } as const;
    expect(await fault(management.putBinding(vhost, binding))).toMatchObject({ kind: "failed", status: 500 });
    expect(await fault(management.bindings(vhost, binding))).toMatchObject({ kind: "failed" });
    expect((await management.vhostDefinitions(vhost))?.bindings).toMatchObject([{ routing_key: "a~b", arguments: { a: 1 } }]);
  });

  test("the AMQP port", async () => {
    const { host } = new URL(broker.amqpUrl);
    const amqpPort = new Management({ endpoint: `http://${host}`, username: "u", password: "p" });
    expect(await fault(amqpPort.overview())).toMatchObject({ kind: "not-rabbitmq" });
  });
});
