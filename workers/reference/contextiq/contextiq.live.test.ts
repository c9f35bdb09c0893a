/** ContextIQ on a real broker: its work, its events, its requests, and what becomes of what fails. */
import amqp from "amqplib";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { http, systemGround, withRetry, type SystemGround } from "../../../testing/reference-live.js";
import { until } from "../../../testing/until.js";
import { storeProcess } from "../../../testing/store-process.js";
import { contextiq } from "../../../topology/systems/contextiq.js";
import { contextiqServices } from "./services.js";

const LIMIT = { timeout: 30_000 };
const TEXTS = ["Prefers tea over coffee", "prefers tea over coffee!", "Lives in Oslo"];
const start = (retry: readonly string[] = ["100 ms", "200 ms"]) => systemGround(withRetry(contextiq, retry), contextiqServices);

/** What is in a queue, taken out. */
async function taken({ url }: SystemGround<typeof contextiq>, queue: string) {
  const connection = await amqp.connect(url("administrator"));
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  const all = [];
  for (let each = await channel.get(queue, { noAck: true }); each; each = await channel.get(queue, { noAck: true })) all.push(each);
  return all;
}

async function raw({ url }: SystemGround<typeof contextiq>, key: string, body: string): Promise<void> {
  const connection = await amqp.connect(url("administrator"));
  const channel = await connection.createConfirmChannel();
  channel.publish("contextiq.extraction", key, Buffer.from(body), { mandatory: true });
  await channel.waitForConfirms();
  await connection.close();
}

test("a session's memories are extracted by one of two workers, then consolidated, and every subscriber hears of it", LIMIT, async () => {
  const ground = await start();
  const store = await storeProcess("memory store");
  const stores = { MEMORY_STORE_URL: store.url, MODEL_URL: store.url };
  const sessions = await ground.run("sessions-api", stores);
  for (const service of [
    "extraction-worker",
    "extraction-worker",
    "consolidation-worker",
    "result-handler",
    "event-handler",
    "analytics",
  ] as const)
    await ground.run(service, stores);
  const made = await http("POST", `${sessions.url}/sessions`, { user_id: "ann", events: TEXTS, priority: 9 });
  expect(made).toMatchObject({ status: 202, body: { session_id: expect.any(String) } });
  const session = made.body.session_id as string;
  await until(async () => (await store.client.counts())["results"]?.records === 2);
  const results = (await store.client.list("results")).map(({ value }) => value);
  expect(results).toContainEqual({
    name: "extraction.result",
    correlationId: session,
    session_id: session,
    memories_extracted: 3,
    success: true,
  });
  expect(results).toContainEqual({
    name: "consolidation.result",
    correlationId: session,
    scope: "user",
    memories_merged: 1,
    success: true,
  });
  expect((await store.client.list("memories")).map(({ value }) => (value as { text: string }).text)).toEqual([TEXTS[0], TEXTS[2]]);
  await http("DELETE", `${sessions.url}/sessions/${session}`);
  const memories = await ground.run("memory-api", stores);
  await http("POST", `${memories.url}/memories`, { user_id: "ann", text: "Plays chess" });
  // To the handler of its kind, to analytics, and to queues whose subscribers are away.
  await until(async () => (await store.client.counts())["events"]?.records === 3);
  expect(await store.client.get("timeline", session)).toMatchObject({ event: "deleted" });
  await until(async () => (await ground.depth("events.logging")) === 3 && (await ground.depth("events.webhook")) === 1);

  const batch = await http("POST", `${sessions.url}/sessions/batch`, {
    sessions: Array.from({ length: 200 }, (_, n) => ({ user_id: `u${n}`, events: [`Fact ${n}`] })),
  });
  expect([batch.body.accepted.length, batch.body.failed]).toEqual([200, []]);
  await until(async () => (await store.client.counts())["results"]?.records === 402);
  expect(await ground.depth("dead_letter")).toBe(0);
});

test("a request gets its reply, is told of a failure, and times out", LIMIT, async () => {
  const ground = await start();
  const store = await storeProcess("memory store");
  const stores = { MEMORY_STORE_URL: store.url, MODEL_URL: store.url };
  const sessions = await ground.run("sessions-api", stores);
  await ground.run("extraction-worker", stores);
  await store.client.put("sessions", "s1", { user_id: "ann", events: TEXTS });
  const ask = (id: string, timeout = 5000) => http("POST", `${sessions.url}/sessions/${id}/extraction`, { user_id: "ann", timeout });
  expect(await ask("s1")).toEqual({ status: 200, body: { success: true, memories_extracted: 3 } });
  expect(await ask("nowhere")).toEqual({ status: 200, body: { success: false, error: 'there is no session "nowhere"' } });
  await store.behave({ delay: 1000 });
  expect(await ask("s1", 300)).toMatchObject({ status: 504, body: { error: { code: "timeout" } } });
  await store.behave({ delay: 0, failureRate: 1 });
  expect(await ask("s1")).toMatchObject({
    status: 502,
    body: { error: { code: "failed", message: expect.stringContaining("memory store") } },
  });
  // Nobody is told twice: who asked decides whether to ask again.
  expect(await ground.depth("dead_letter")).toBe(0);
});

test("what fails climbs the ladder; what is malformed or invalid goes to the dead letters without a retry", LIMIT, async () => {
  const ground = await start();
  const store = await storeProcess("memory store");
  await ground.run("extraction-worker", { MEMORY_STORE_URL: store.url, MODEL_URL: store.url });
  const bus = await ground.bus("sessions-api");
  await raw(ground, "extraction.request", "{");
  await raw(ground, "extraction.request", '{"session_id":7}');
  await until(async () => (await ground.depth("dead_letter")) === 2, 5000);
  await store.kill();
  await bus.publish("extraction.request", { session_id: "s1", user_id: "ann" });
  await until(async () => (await ground.depth("dead_letter")) === 3);
  const letters = (await taken(ground, "dead_letter")).map(({ properties }) => [
    properties.headers?.["warren-reason"] as unknown,
    (properties.headers?.["warren-history"] as { reason: string }[]).map(({ reason }) => reason),
  ]);
  const away = "the memory store: nobody listens there";
  expect(letters).toEqual([
    ["malformed", [expect.any(String)]],
    ["invalid", [expect.stringContaining("session_id")]],
    ["exhausted", [away, away, away]],
  ]);
});

test("a webhook that fails opens the circuit: events wait on their ladder, and come when it is well again", LIMIT, async () => {
  let calls = 0;
  let status = 500;
  const hook = createServer((_request, response) => {
    calls++;
    response.writeHead(status).end();
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void hook.close());
  const ground = await start(["200 ms", "200 ms", "200 ms", "200 ms", "5 seconds"]);
  const bus = await ground.bus("sessions-api");
  const webhook = await ground.run(
    "webhook",
    { WEBHOOK_URL: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`, WEBHOOK_PAUSE: "3" },
    { concurrency: 1 },
  );
  const created = { event: "created", data: {}, timestamp: new Date().toISOString() };
  await bus.publishAll(
    "session.event",
    Array.from({ length: 10 }, (_, n) => ({ ...created, session_id: `s${n}` })),
    { key: { event: "created" } },
  );
  // Ten events, five tries each, but the circuit opens after five failures.
  await until(async () => (await ground.depth("events.webhook.retry.5")) === 10);
  expect(calls).toBeLessThanOrEqual(7);
  expect(webhook.health().ready).toBe(true);
  const failed = calls;
  status = 200;
  await until(() => calls === failed + 10);
  await until(async () => (await ground.depth("events.webhook")) === 0);
  // What it refuses for good is not tried again.
  status = 400;
  await bus.publish("session.event", { ...created, session_id: "odd" }, { key: { event: "created" } });
  await until(async () => (await ground.depth("dead_letter")) === 1);
  expect(calls).toBe(failed + 11);
});

test("publishing: a circuit breaker, a rate limit, and compression", LIMIT, async () => {
  const ground = await start();
  const limited = await ground.bus("sessions-api", { rateLimit: 50 });
  const begun = performance.now();
  const requests = Array.from({ length: 120 }, (_, n) => ({ session_id: `s${n}`, user_id: "ann" }));
  expect((await limited.publishAll("extraction.request", requests)).failed).toEqual([]);
  expect(performance.now() - begun).toBeGreaterThan(1500);

  const text = "The same words again and again. ".repeat(1000);
  const compressed = await ground.bus("sessions-api", { compression: { encoding: "gzip" } });
  const event = { session_id: "big", event: "updated", data: { text }, timestamp: new Date().toISOString() };
  await compressed.publish("session.event", event, { key: { event: "updated" } });
  const [letter] = await taken(ground, "events.analytics");
  expect(letter?.properties.contentEncoding).toBe("gzip");
  expect(letter?.content.length).toBeLessThan(text.length / 20);
  const store = await storeProcess("memory store");
  await ground.run("event-handler", { MEMORY_STORE_URL: store.url });
  await until(async () => (await store.client.counts())["timeline"]?.records === 1);

  const breaking = await ground.bus("sessions-api", {
    breaker: { failures: 3, halfOpenAfter: 60_000 },
    publishing: { bufferMessages: 0, timeout: 1 },
  });
  await Promise.allSettled(requests.map((request) => breaking.publish("extraction.request", request, { timeout: 0.01 })));
  await expect(breaking.publish("extraction.request", { session_id: "s", user_id: "u" })).rejects.toMatchObject({ code: "breaker-open" });
});

test("a consumer that gets nothing while its queue holds messages is told by the age of its last one", LIMIT, async () => {
  const ground = await start();
  const store = await storeProcess("memory store");
  await store.behave({ delay: 60_000 });
  const worker = await ground.run(
    "extraction-worker",
    { MEMORY_STORE_URL: store.url, MODEL_URL: store.url },
    { maxAge: 300, connect: { url: ground.url("extraction-worker"), prefetch: 1, attempts: 3, drainDeadline: 100 } },
  );
  const ready = () => http("GET", `${worker.healthUrl}/health/ready`);
  await until(async () => (await ready()).status === 200);
  const bus = await ground.bus("sessions-api");
  await bus.publishAll(
    "extraction.request",
    [1, 2, 3].map((n) => ({ session_id: `s${n}`, user_id: "ann" })),
  );
  await sleep(500);
  expect(await ready()).toMatchObject({
    status: 503,
    body: { reasons: [expect.stringMatching(/^extraction\.requests holds 2 messages, and the last one came \d+ s ago$/)] },
  });
  const metrics = await (await fetch(`${worker.healthUrl}/metrics`)).text();
  expect(metrics).toMatch(/queue="extraction\.requests"/);
});
