/** A real broker exports the series of the table, with their labels, in the families that the table says. */
import { connect } from "amqplib";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { brokerImage, docker, OWNED, publishedAt } from "../testing/docker.js";
import { SERIES, type Series } from "./index.js";

const USER = "warren-test";
const password = randomBytes(18).toString("base64url");
let container: string;
let metrics: string;
let close: () => Promise<void> = () => Promise.resolve();

/** Until it gives something; the broker starts, and its numbers are of every 5 seconds. */
async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not come about`);
    await sleep(500);
  }
}

/** The label names of every series, by its name. */
async function exported(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const answer = await fetch(`${metrics}${path}`);
  if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}`);
  const lines = (await answer.text()).matchAll(/^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/gm);
  return new Map([...lines].map(([, name = "", labels = ""]) => [name, [...labels.matchAll(/(\w+)="/g)].map(([, label = ""]) => label)]));
}

const seriesFrom = (source: Series["source"]): [string, Series][] =>
  Object.entries<Series>(SERIES).filter(([, series]) => series.source === source);

beforeAll(async () => {
  container = await docker(
    [
      ...["create", ...OWNED, "--env", "RABBITMQ_DEFAULT_USER", "--env", "RABBITMQ_DEFAULT_PASS"],
      ...["--publish", "127.0.0.1::5672", "--publish", "127.0.0.1::15692", await brokerImage()],
    ],
    { RABBITMQ_DEFAULT_USER: USER, RABBITMQ_DEFAULT_PASS: password },
  );
  await docker(["start", container]);
  const amqp = await publishedAt(container, 5672);
  metrics = `http://${await publishedAt(container, 15692)}`;
  const connection = await until("a connection", async () => connect(`amqp://${USER}:${password}@${amqp}`));
  close = () => connection.close();
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue("work", { durable: true, arguments: { "x-queue-type": "quorum" } });
  await channel.assertQueue("plain", { durable: true, arguments: { "x-queue-type": "classic" } });
  await channel.assertExchange("events", "topic");
  channel.on("return", () => undefined);
  channel.publish("events", "nowhere", Buffer.from("x"), { mandatory: true });
  channel.sendToQueue("work", Buffer.from("x"));
  await channel.waitForConfirms();
  await channel.consume("work", (message) => message && channel.reject(message, !message.fields.redelivered));
  // The numbers of channels come last.
  await until("numbers of deliveries", async () =>
    (await exported("/metrics/detailed?family=queue_delivery_metrics")).has("rabbitmq_detailed_queue_messages_redelivered_total")
      ? true
      : undefined,
  );
});

afterAll(async () => {
  await close().catch(() => undefined);
  if (container) await docker(["rm", "--force", "--volumes", container]);
});

test("of the node", async () => {
  const found = await exported("/metrics");
  for (const [name, { labels }] of seriesFrom("rabbitmq")) expect(found.get(name), name).toEqual(labels);
});

test("of queues and exchanges, each in its family alone, in the vhosts that are asked for", async () => {
  const detailed = seriesFrom("rabbitmq-detailed");
  const families = new Set(detailed.map(([, { family }]) => family ?? ""));
  for (const family of families) {
    const found = await exported(`/metrics/detailed?family=${family}&vhost=%2F`);
    for (const [name, { labels }] of detailed.filter(([, series]) => series.family === family)) {
      expect([...(found.get(name) ?? ["none"])].sort(), `${name} in ${family}`).toEqual([...labels].sort());
    }
    const elsewhere = await exported(`/metrics/detailed?family=${family}&vhost=other`);
    expect([...elsewhere.keys()].filter((name) => name.startsWith("rabbitmq_detailed_"))).toEqual([]);
  }
});

test("queues of every type tell that they are there: limits of instances' queues hang on it", async () => {
  const answer = await fetch(`${metrics}/metrics/detailed?family=queue_coarse_metrics`);
  const told = [...(await answer.text()).matchAll(/^rabbitmq_detailed_queue_info\{.*queue="(\w+)".*\} 1$/gm)].map(([, queue]) => queue);
  expect(told.sort()).toEqual(["plain", "work"]);
});
