/** The exporter on a real broker: what died where and why, who is missing, what drifted, a broker that goes away; and that it changes nothing. */
import amqp, { type ConfirmChannel } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { Management } from "../broker/index.js";
import { z } from "zod";
import { BreakableBroker } from "../testing/breakable-broker.js";
import { callBroker, type LiveBroker } from "../testing/broker-api.js";
import { liveBroker } from "../testing/broker.js";
import { provisionLive } from "../testing/provision-live.js";
import { until } from "../testing/until.js";
import { workerGround } from "../testing/worker-live.js";
import { topology } from "../topology/define.js";
import type { Topology } from "../topology/model.js";
import { parseAddress } from "../workers/connection/address.js";
import { connect, park } from "../workers/index.js";
import { startExporter, type Exporter } from "./index.js";

const depot = topology({
  name: "depot",
  exchanges: { in: { type: "topic" }, dead: { type: "fanout" }, "dead.small": { type: "direct" } },
  queues: {
    work: {
      type: "quorum",
      from: { in: "work.*" },
      // The queue keeps what dies until every queue that gets it has confirmed: the copy too.
      deadLetterTo: { exchange: "dead", strategy: "at-least-once" },
      overflow: "reject-publish",
      retry: ["100 ms"],
    },
    brief: { type: "classic", from: { in: "brief" }, messageTtl: "200 ms", deadLetterTo: "dead" },
    small: {
      type: "quorum",
      from: { in: "small" },
      maxLength: 1,
      overflow: "drop-head",
      deadLetterTo: { exchange: "dead.small", routingKey: "s" },
    },
    old: { type: "classic", from: { in: "old" } },
    "dead.letters": { type: "quorum", from: { dead: "" }, deliveryLimit: -1 },
    "dead.small.letters": { type: "quorum", from: { "dead.small": "s" }, deliveryLimit: -1 },
  },
  messages: { order: { to: "in", key: "work.order", schema: z.object({}) } },
  services: { worker: { consumes: ["work"] }, other: { consumes: ["work", "brief"] } },
});

async function exporterOf(broker: LiveBroker, topologies: readonly Topology[], log: string[] = []): Promise<Exporter> {
  const { managementUrl, amqpUrl, username, password } = broker;
  const { protocol, host } = new URL(amqpUrl);
  const exporter = await startExporter({
    installation: { topologies },
    brokers: [{ management: { endpoint: managementUrl, username, password }, amqp: parseAddress(`${protocol}//${host}`) }],
    ...{ certificates: [], host: "127.0.0.1", port: 0, interval: 300, slowInterval: 300, log: (line) => void log.push(line) },
  });
  onTestFinished(() => exporter.stop());
  return exporter;
}

type Samples = ReadonlyMap<string, number>;

/** What a scrape brings, by `name{label="value",...}`. */
async function scrape({ url }: Exporter): Promise<Samples> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).toBe(200);
  const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]));
}

const sample = (name: string, labels: Record<string, string>): string =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(",")}}`;

const success = (vhost: string): string => sample("warren_exporter_last_success_timestamp_seconds", { vhost });
const dead = (vhost: string, queue: string, source: string, reason: string): string =>
  sample("warren_dead_letters_total", { vhost, queue, source, reason });

async function channelOf(url: string): Promise<ConfirmChannel> {
  const connection = await amqp.connect(url);
  connection.on("error", () => undefined);
  onTestFinished(() => connection.close().catch(() => undefined));
  return connection.createConfirmChannel();
}

/** Everything that anybody may know of the queues but the moment, from the management API, with the messages themselves. */
async function queuesOf(ground: { api: (method: "GET" | "POST", path: string, body?: unknown) => Promise<unknown>; vhost: string }) {
  const columns = "name,type,arguments,policy,durable,auto_delete,exclusive,effective_policy_definition";
  const all = (await ground.api("GET", `/api/queues/${ground.vhost}?disable_stats=true&columns=${columns}`)) as { exclusive?: boolean }[];
  return all.filter(({ exclusive }) => exclusive !== true);
}

/** Three expire, four are too many, two are rejected, one is parked by a worker, and one comes from nobody. */
async function die(
  ground: { readonly topology: typeof depot; readonly url: (service: string) => string },
  channel: ConfirmChannel,
): Promise<void> {
  for (let at = 0; at < 3; at++) channel.publish("in", "brief", Buffer.from("b"));
  for (let at = 0; at < 5; at++) channel.publish("in", "small", Buffer.from("s"));
  for (let at = 0; at < 4; at++) channel.publish("in", "work.a", Buffer.from(at < 2 ? "reject" : "ok"));
  channel.publish("dead", "", Buffer.from("by nobody"));
  await channel.waitForConfirms();
  for (let at = 0; at < 4; at++) {
    const message = await channel.get("work");
    if (!message) throw new Error("a message is missing");
    if (message.content.toString() === "reject") channel.reject(message, false);
    else channel.ack(message);
  }
  const bus = await connect(ground.topology, { service: "worker", url: ground.url("worker") });
  onTestFinished(() => bus.close());
  await bus.consume("work", () => park("for good"));
  channel.publish("in", "work.b", Buffer.from("{}"), { type: "order", contentType: "application/json" });
  await channel.waitForConfirms();
}

/** What each dead letter says of how often it was delivered, taken out. */
async function taken(channel: ConfirmChannel, count: number): Promise<unknown[]> {
  const letters: string[] = [];
  for (let at = 0; at < count; at++) {
    const message = await channel.get("dead.letters", { noAck: true });
    if (!message) throw new Error("a dead letter is missing");
    const { fields, properties } = message;
    const headers = properties.headers ?? {};
    const kept = ["x-first-death-reason", "warren-reason", "x-delivery-count", "x-acquired-count"].map((name) => headers[name] as unknown);
    letters.push(JSON.stringify([fields.redelivered, ...kept]));
  }
  return letters.sort();
}

test("dead letters by source and reason; the queues and their messages are as they are without it", async () => {
  const ground = await workerGround(depot);
  const { vhost } = ground;
  const before = await queuesOf(ground);
  const exporter = await exporterOf(await liveBroker(), [ground.topology]);
  await until(async () => (await scrape(exporter)).has(success(vhost)));
  const first = await scrape(exporter);
  for (const [queue, source, reason] of [
    ["dead.letters", "work", "parked"],
    ["dead.letters", "work", "rejected"],
    ["dead.letters", "brief", "expired"],
    ["dead.small.letters", "small", "maxlen"],
  ] as const) {
    expect([queue, reason, first.get(dead(vhost, queue, source, reason))]).toEqual([queue, reason, 0]);
  }
  // It does not expire, nor does anything of it arrive there.
  expect(first.has(dead(vhost, "dead.letters", "work", "expired"))).toBe(false);
  expect(first.has(dead(vhost, "dead.letters", "small", "maxlen"))).toBe(false);

  const channel = await channelOf(ground.url("administrator"));
  await die(ground, channel);

  // Letters that expire come one after the other: a scrape between two of them has counted some.
  let worker: Samples = new Map();
  await until(async () => {
    const samples = [...(await scrape(exporter))];
    worker = new Map(samples.filter(([name, value]) => name.startsWith("warren_dead_letters_total{") && value > 0));
    return [...worker.values()].reduce((sum, value) => sum + value, 0) >= 11;
  });
  expect(worker.get(dead(vhost, "dead.small.letters", "small", "maxlen"))).toBe(4);
  expect(worker.get(dead(vhost, "dead.letters", "work", "rejected"))).toBe(2);
  expect(worker.get(dead(vhost, "dead.letters", "brief", "expired"))).toBe(3);
  expect(worker.get(dead(vhost, "dead.letters", "other", "other"))).toBe(1);
  expect(worker.get(dead(vhost, "dead.letters", "work", "parked"))).toBe(1);
  expect(worker.size).toBe(5);

  // Each is where it was, once, never delivered before; and the queues are as they were.
  await until(async () => (await ground.depth("dead.letters")) === 7);
  expect(await ground.depth("dead.small.letters")).toBe(4);
  expect(await ground.depth("small")).toBe(1);
  expect(await queuesOf(ground)).toEqual(before);
  // The same without an exporter.
  const alone = await workerGround(depot);
  const other = await channelOf(alone.url("administrator"));
  await die(alone, other);
  await until(async () => (await alone.depth("dead.letters")) === 7);
  expect(await taken(channel, 7)).toEqual(await taken(other, 7));
  await exporter.stop();
  await until(
    async () => ((await ground.api("GET", `/api/queues/${vhost}?disable_stats=true&columns=name`)) as unknown[]).length === before.length,
  );
});

test("a service's missing consumer, the head of a classic queue, drift", async () => {
  const ground = await workerGround(depot);
  const { vhost } = ground;
  const exporter = await exporterOf(await liveBroker(), [ground.topology]);
  const consumers = (name: "expected_consumers" | "service_consumers", queue: string, service: string) =>
    sample(`warren_queue_${name}`, { vhost, queue, service });
  const drifted = (kind: string) => sample("warren_drift_objects", { vhost, kind });
  await until(async () => (await scrape(exporter)).has(success(vhost)));

  const worker = await channelOf(ground.url("worker"));
  for (let at = 0; at < 2; at++) await worker.consume("work", () => undefined);
  await until(async () => (await scrape(exporter)).get(consumers("service_consumers", "work", "worker")) === 2);
  const samples = await scrape(exporter);
  expect(samples.get(consumers("expected_consumers", "work", "worker"))).toBe(1);
  expect(samples.get(consumers("expected_consumers", "work", "other"))).toBe(1);
  // The queue has consumers, but not this service's.
  expect(samples.get(consumers("service_consumers", "work", "other"))).toBe(0);
  expect(samples.get(consumers("service_consumers", "brief", "other"))).toBe(0);
  expect(samples.has(consumers("expected_consumers", "small", "worker"))).toBe(false);
  expect([...samples].filter(([name]) => name.startsWith("warren_node_quorum_critical")).map(([, value]) => value)).toEqual([0]);
  expect(["missing", "mismatched", "extra"].map((kind) => samples.get(drifted(kind)))).toEqual([0, 0, 0]);

  const channel = await channelOf(ground.url("administrator"));
  const head = sample("warren_queue_head_age_seconds", { vhost, queue: "old" });
  expect(samples.has(head)).toBe(false);
  channel.publish("in", "old", Buffer.from("o"), { timestamp: Math.floor(Date.now() / 1000) - 500 });
  await channel.waitForConfirms();
  await until(async () => ((await scrape(exporter)).get(head) ?? 0) >= 499);
  expect((await scrape(exporter)).get(head)).toBeLessThan(600);
  const message = await channel.get("old");
  expect(message && message.fields.redelivered).toBe(false);
  if (message) channel.ack(message);
  await until(async () => !(await scrape(exporter)).has(head));

  await channel.assertQueue("nobody's", { durable: true });
  await channel.unbindQueue("small", "in", "small");
  await until(async () => (await scrape(exporter)).get(drifted("extra")) === 1);
  expect((await scrape(exporter)).get(drifted("missing"))).toBe(1);
  expect((await scrape(exporter)).get(drifted("mismatched"))).toBe(0);

  // A copy whose queue is gone would take dead letters for routed.
  const before = (await scrape(exporter)).get(success(vhost));
  await channel.deleteQueue("dead.letters");
  await until(async () => {
    const bindings = (await ground.api("GET", `/api/exchanges/${vhost}/dead/bindings/source`)) as unknown[];
    return bindings.length === 0;
  });
  const stands = (await scrape(exporter)).get(success(vhost));
  await sleep(1000);
  expect((await scrape(exporter)).get(success(vhost))).toBe(stands);
  expect(stands).toBeGreaterThanOrEqual(before ?? Infinity);
});

const aged = topology({
  name: "aged",
  exchanges: { dead: { type: "fanout" } },
  queues: {
    work: { type: "quorum", deadLetterTo: "dead" },
    letters: { type: "quorum", from: { dead: "" }, deliveryLimit: -1, messageTtl: "7 days" },
  },
});

test("how old the first dead letter is: by when it died; it stays the first, and no delivery is counted", async () => {
  const ground = await workerGround(aged);
  const { vhost } = ground;
  const exporter = await exporterOf(await liveBroker(), [ground.topology]);
  await until(async () => (await scrape(exporter)).has(success(vhost)));
  const age = sample("warren_queue_head_age_seconds", { vhost, queue: "letters" });
  const look = sample("warren_exporter_look_up", { look: "letter ages", vhost, endpoint: "" });
  expect([(await scrape(exporter)).has(age), (await scrape(exporter)).get(look)]).toEqual([false, 1]);
  const channel = await channelOf(ground.url("administrator"));
  // Published long ago, by its timestamp; it died just now.
  for (const text of ["first", "second"]) channel.sendToQueue("work", Buffer.from(text), { timestamp: 1_000_000_000 });
  await channel.waitForConfirms();
  for (let count = 0; count < 2;) {
    const message = await channel.get("work");
    if (message) channel.reject(message, false);
    count += message ? 1 : 0;
  }
  await until(async () => ((await scrape(exporter)).get(age) ?? 0) >= 3);
  expect((await scrape(exporter)).get(age)).toBeLessThan(60);
  await exporter.stop();
  await until(async () => (await ground.depth("letters")) === 2);
  const [first, second] = [await channel.get("letters", { noAck: true }), await channel.get("letters", { noAck: true })];
  if (!first || !second) throw new Error("a dead letter is missing");
  expect([first.content.toString(), second.content.toString()]).toEqual(["first", "second"]);
  // The second one was never looked at.
  const count = "x-delivery-count";
  expect(first.properties.headers?.[count]).toBe(second.properties.headers?.[count]);
  expect(first.fields.redelivered).toBe(true);
});

test("a broker that goes away: what was known last, and a success that stands still; then it counts on", async () => {
  const own = await BreakableBroker.start();
  onTestFinished(() => own.remove());
  const management = new Management({ endpoint: own.live.managementUrl, username: own.live.username, password: own.live.password });
  onTestFinished(() => management.close());
  const vhost = "depot";
  await provisionLive(management, { topologies: [depot] });
  await callBroker(own.live, "PUT", `/api/permissions/${vhost}/${own.live.username}`, { configure: ".*", write: ".*", read: ".*" });
  const log: string[] = [];
  const exporter = await exporterOf(own.live, [depot], log);
  await until(async () => (await scrape(exporter)).has(success(vhost)));
  const rejected = dead(vhost, "dead.letters", "work", "rejected");
  const rejectOne = async (): Promise<void> => {
    const channel = await channelOf(`${own.live.amqpUrl}/${vhost}`);
    channel.publish("in", "work.a", Buffer.from("x"));
    await channel.waitForConfirms();
    await until(async () => {
      const message = await channel.get("work");
      if (message) channel.reject(message, false);
      return message !== false;
    });
  };
  await rejectOne();
  await until(async () => (await scrape(exporter)).get(rejected) === 1);

  await own.control("stop_app");
  await until(() => log.some((line) => /^dead letters of vhost "depot"|^queues:/.test(line)));
  const away = await scrape(exporter);
  await sleep(1500);
  const later = await scrape(exporter);
  expect(later.get(rejected)).toBe(1);
  expect(later.get(success(vhost))).toBe(away.get(success(vhost)));
  // What a node says of its quorums is worth nothing when it says no more.
  const critical = (name: string): boolean => name.startsWith("warren_node_quorum_critical");
  await until(async () => ![...(await scrape(exporter)).keys()].some(critical));
  const known = (samples: Samples): string[] => [...samples.keys()].filter((name) => !critical(name));
  expect(known(later)).toEqual(known(away));
  expect((await scrape(exporter)).get(sample("warren_exporter_look_up", { look: "queues", vhost: "", endpoint: "" }))).toBe(0);

  await own.control("start_app");
  await until(async () => ((await scrape(exporter)).get(success(vhost)) ?? 0) > (away.get(success(vhost)) ?? Infinity), 90_000);
  await rejectOne();
  await until(async () => (await scrape(exporter)).get(rejected) === 2);
  expect(log.some((line) => line.endsWith(": seen again"))).toBe(true);
  expect(log.join("\n")).not.toContain(own.live.password);
});
