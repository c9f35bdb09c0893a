/** The way of a change with the engine: `up` refuses it and names the way, the queue is made anew, and the stack has nothing left to do. */
import amqp from "amqplib";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { brokerApi, commandEnvironment, liveBroker, type LiveBroker } from "../testing/broker.js";
import { TestStack } from "../testing/stack.js";
import { warrenCommand } from "../testing/warren-command.js";
import type { Topology } from "../topology/model.js";

const shop = (type: "classic" | "quorum"): Topology => ({
  name: "warren-test-migrate",
  exchanges: { in: { type: "topic" } },
  queues: {
    // The length is a policy's, of which each type has its own.
    work: { type, from: { in: "a.*" }, maxLength: 1000, retry: ["1 second"], deadLetterTo: { queue: "dead" } },
    dead: { type: "quorum" },
  },
});

let broker: LiveBroker;
let folder: string;
let file: string;
let stack: TestStack;

beforeAll(async () => {
  broker = await liveBroker();
  folder = mkdtempSync(join(tmpdir(), "warren-migrate-"));
  file = join(folder, "shop.json");
  writeFileSync(file, JSON.stringify(shop("classic")));
  const values = { broker: "external", endpoint: broker.managementUrl, username: broker.username, system: file };
  stack = await TestStack.create(values, { password: broker.password });
});
afterAll(async () => {
  await brokerApi("DELETE", "/api/queues/warren-test-migrate/work/contents");
  await stack.destroy();
  stack.remove();
  rmSync(folder, { recursive: true, force: true });
});

it("is refused, made, seen, and then nothing is to be done", async () => {
  await stack.up();
  const connection = await amqp.connect(`${broker.amqpUrl}/warren-test-migrate`);
  const channel = await connection.createConfirmChannel();
  for (let n = 0; n < 3; n++) channel.publish("in", "a.1", Buffer.from(String(n)), { persistent: true });
  await channel.waitForConfirms();
  writeFileSync(file, JSON.stringify(shop("quorum")));
  const refused = await stack.pulumi("up", "--yes", "--skip-preview");
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(/would lose 3 messages[^]*warren migrate TOPOLOGY QUEUE/);

  const { protocol, host } = new URL(broker.amqpUrl);
  const words = ["migrate", file, "work", "--yes", "--amqp", `${protocol}//${host}`];
  expect(await warrenCommand(words, { cwd: folder, environment: commandEnvironment(broker) })).toMatchObject({ code: 0 });
  const queue = (await brokerApi("GET", "/api/queues/warren-test-migrate/work?disable_stats=true")) as Record<string, unknown>;
  expect(queue).toMatchObject({ type: "quorum", effective_policy_definition: { "max-length": 1000 } });

  const early = await stack.pulumi("up", "--yes", "--skip-preview");
  expect(early.code).not.toBe(0);
  expect(early.output).toMatch(/on the broker as declared already[^]*pulumi -- refresh --yes/);
  expect((await stack.pulumi("refresh", "--yes", "--skip-preview")).code).toBe(0);
  expect(await stack.preview()).toEqual({});
  expect(await stack.up()).not.toMatch(/replaced|created|deleted/);
  expect((await channel.checkQueue("work")).messageCount).toBe(3);
  await connection.close();
});
