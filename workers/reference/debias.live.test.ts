/** DEBIAS on a real broker: both databases get every event, an outage of one holds back only its own queue, and a replay of the dead letters loses nothing. */
import amqp from "amqplib";
import { expect, onTestFinished, test } from "vitest";
import { http, systemGround, withRetry } from "../../testing/reference-live.js";
import { until } from "../../testing/until.js";
import { storeProcess } from "../../testing/store-process.js";
import { debias } from "../../topology/systems/debias.js";
import { parseAddress } from "../connection/address.js";
import { requeue } from "../dead-letters/index.js";
import { debiasServices } from "./debias.js";

const event = (n: number) => ({ user_id: n, product_id: 100, event_type: "view" as const, user_session: `session-${n}` });
const events = (count: number, from = 0) => Array.from({ length: count }, (_, n) => event(n + from));

async function system(retry: readonly string[]) {
  const ground = await systemGround(withRetry(debias, retry), debiasServices);
  const [graph, vectors] = await Promise.all([storeProcess("graph"), storeProcess("vectors")]);
  const api = await ground.run("event-api");
  await ground.run("neo4j-worker", { NEO4J_URL: graph.url });
  const workers = await ground.run("qdrant-worker", { QDRANT_URL: vectors.url });
  const stored = async (store: typeof graph, collection: string): Promise<number> =>
    (await store.client.counts())[collection]?.records ?? 0;
  return {
    ...{ ground, graph, vectors, api, workers },
    interactions: () => stored(graph, "interactions"),
    profiles: () => stored(vectors, "profiles"),
  };
}

test("POST /events and /events/batch reach both databases, and the health says what the queues hold", { timeout: 30_000 }, async () => {
  const { api, interactions, profiles, ground } = await system(["200 ms"]);
  const one = await http("POST", `${api.url}/events`, event(1));
  expect(one).toMatchObject({ status: 200, body: { status: "Event queued", message_id: expect.any(String) } });
  expect(await http("POST", `${api.url}/events/batch`, { events: events(500, 2) })).toMatchObject({
    status: 200,
    body: { queued: 500, failed: [] },
  });
  await until(async () => (await interactions()) === 501 && (await profiles()) === 501);
  expect(await http("POST", `${api.url}/events`, { ...event(1), event_type: "dance" })).toMatchObject({
    status: 400,
    body: { error: { code: "invalid", message: expect.stringContaining("event_type"), remedy: expect.any(String) } },
  });
  expect(await http("GET", `${api.url}/rabbitmq/health`)).toEqual({
    status: 200,
    body: {
      status: "healthy",
      queues: {
        "events.neo4j": { messages: 0, consumers: 1 },
        "events.qdrant": { messages: 0, consumers: 1 },
        "events.dlq": { messages: 0 },
      },
    },
  });
  const described = (await http("GET", `${api.url}/openapi.json`)).body;
  expect(Object.keys(described.paths)).toEqual(["/events", "/events/batch", "/rabbitmq/health"]);
  expect(await ground.depth("events.dlq")).toBe(0);
});

test("an outage of one database holds back only its own queue", { timeout: 30_000 }, async () => {
  const { api, vectors, interactions, profiles, ground } = await system(["300 ms", "600 ms", "10 seconds"]);
  await vectors.kill();
  await http("POST", `${api.url}/events/batch`, { events: events(200) });
  await until(async () => (await interactions()) === 200);
  expect(await ground.depth("events.neo4j")).toBe(0);
  await until(async () => (await ground.depth("events.qdrant.retry.2")) > 0);
  await vectors.start();
  await until(async () => (await profiles()) === 200, 25_000);
  expect(await ground.depth("events.dlq")).toBe(0);
});

test("what failed for good is replayed from the dead letters without a loss", { timeout: 30_000 }, async () => {
  const { api, graph, interactions, profiles, ground } = await system(["100 ms", "200 ms", "300 ms"]);
  await graph.kill();
  await http("POST", `${api.url}/events/batch`, { events: events(100) });
  await until(async () => (await profiles()) === 100);
  await until(async () => (await ground.depth("events.dlq")) === 100);
  await graph.start();
  const address = parseAddress(ground.url("dlq-handler"));
  const settings = { address, vhost: ground.vhost, credentials: address.credentials!, name: "test" };
  const done = await requeue(settings, { queue: "events.dlq", filter: {}, destination: { to: "source" }, dryRun: false });
  expect(done).toMatchObject({ requeued: 100 });
  await until(async () => (await interactions()) === 100);
  expect(await ground.depth("events.dlq")).toBe(0);
  // To its own queue alone: the other database does not hear of it again.
  expect((await http("GET", `${api.url}/rabbitmq/health`)).body.queues["events.qdrant"].messages).toBe(0);
  expect(await profiles()).toBe(100);
});

test("its applications declare the very queues that are provisioned, and say so where they differ", { timeout: 30_000 }, async () => {
  const ground = await systemGround(debias, debiasServices);
  const store = await storeProcess();
  await ground.api("DELETE", `/api/queues/${ground.vhost}/events.neo4j`);
  await ground.run("neo4j-worker", { NEO4J_URL: store.url });
  expect(await ground.api("GET", `/api/queues/${ground.vhost}/events.neo4j`)).toMatchObject({
    type: "quorum",
    arguments: { "x-message-ttl": 86_400_000, "x-dead-letter-exchange": "events.dlx", "x-max-length": 100_000 },
  });
  await ground.api("DELETE", `/api/queues/${ground.vhost}/events.qdrant`);
  const connection = await amqp.connect(ground.url("administrator"));
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  await channel.assertQueue("events.qdrant", { durable: true, arguments: { "x-queue-type": "quorum", "x-message-ttl": 1000 } });
  await expect(ground.run("qdrant-worker", { QDRANT_URL: store.url })).rejects.toMatchObject({ name: "WorkerError", code: "different" });
});
