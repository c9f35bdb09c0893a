/** What a smaller limit does to messages that are there, on a real broker, and that the look before an update sees it coming. */
import { setTimeout as sleep } from "node:timers/promises";
import amqp from "amqplib";
import { expect, onTestFinished, test } from "vitest";
import { guard } from "../provision/guard.js";
import { brokerApi, scratchVhost } from "../testing/broker.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Queue } from "../topology/model.js";
import { itemId } from "./items.js";
import { Management } from "./management.js";

const COUNT = 5;

test.each<[string, Queue, Record<string, unknown>, "refused" | "let through"]>([
  ["classic", { type: "classic", maxLength: 2 }, { "max-length": 2 }, "refused"],
  ["quorum", { type: "quorum", maxLength: 2 }, { "max-length": 2 }, "refused"],
  ["classic, by bytes", { type: "classic", maxLengthBytes: "2 bytes" }, { "max-length-bytes": 2 }, "refused"],
  ["quorum, by bytes", { type: "quorum", maxLengthBytes: "2 bytes" }, { "max-length-bytes": 2 }, "refused"],
  [
    "classic that refuses from then on",
    { type: "classic", maxLength: 2, overflow: "reject-publish" },
    { "max-length": 2, overflow: "reject-publish" },
    "refused",
  ],
  [
    "quorum that refuses from then on",
    { type: "quorum", maxLength: 2, overflow: "reject-publish" },
    { "max-length": 2, overflow: "reject-publish" },
    "let through",
  ],
])("%s", async (_, limited, definition, outcome) => {
  const { vhost, vhostUrl, managementUrl, username, password } = await scratchVhost();
  const connection = { endpoint: managementUrl, username, password };
  const management = new Management(connection);
  onTestFinished(() => management.close());
  await management.putQueue(vhost, "work", { durable: true, autoDelete: false, arguments: { "x-queue-type": limited.type } });
  const client = await amqp.connect(vhostUrl);
  onTestFinished(() => client.close());
  const channel = await client.createConfirmChannel();
  for (let index = 0; index < COUNT; index++) channel.sendToQueue("work", Buffer.from("x"), { persistent: true });
  await channel.waitForConfirms();

  const plan = compileInstallation({ topologies: [{ name: vhost, queues: { work: limited } }] });
  const look = guard({ connection, plan, managed: { vhosts: [vhost], objects: new Set([itemId("queue", vhost, "work")]) } });
  if (outcome === "refused") await expect(look).rejects.toThrow(new RegExp(`"work".* holds (${COUNT} messages|\\d+ bytes); max-length`));
  else await look;

  await brokerApi("PUT", `/api/policies/${vhost}/limit`, { pattern: "^work$", "apply-to": "queues", definition });
  const left = async (): Promise<number> => (await channel.checkQueue("work")).messageCount;
  if (outcome === "refused") await expect.poll(left, { timeout: 20_000 }).toBeLessThanOrEqual(2);
  else {
    await sleep(2000);
    expect(await left()).toBe(COUNT);
  }
});
