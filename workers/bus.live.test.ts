/** A service on a real broker: what it publishes, gets, fails at, asks and answers. */
import amqp from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { topology } from "../topology/define.js";
import { stage7 } from "../topology/systems/stage7.js";
import { until } from "../testing/until.js";
import { workerGround } from "../testing/worker-live.js";
import { connect, park, reject, type Bus, type ConnectOptions, type PublishError, type RequestError } from "./index.js";
import type { AnyTopology, ServiceName } from "./types.js";

const shop = topology({
  name: "shop",
  exchanges: { orders: { type: "topic" }, dead: { type: "fanout" } },
  queues: {
    billing: { type: "quorum", from: { orders: "order.*" }, deadLetterTo: "dead", retry: ["200 ms", "400 ms"] },
    limited: { type: "quorum", maxLength: 1, overflow: "reject-publish" },
    questions: { type: "classic", from: { orders: "ask" } },
    log: { type: "stream", from: { orders: "order.*" } },
    held: {
      type: "quorum",
      from: { orders: "held" },
      delayedRetry: { type: "failed", min: "200 ms" },
      deliveryLimit: 3,
      deadLetterTo: "dead",
    },
    "dead.letters": { type: "quorum", from: { dead: "" }, deliveryLimit: -1 },
  },
  messages: {
    order: { to: "orders", key: "order.{region}", schema: z.object({ id: z.int(), note: z.string().optional() }) },
    lost: { to: "orders", key: "nowhere", schema: z.object({}) },
    full: { to: { queue: "limited" }, schema: z.int() },
    held: { to: "orders", key: "held", schema: z.int() },
    question: { to: "orders", key: "ask", schema: z.object({ a: z.int(), b: z.int() }), reply: z.object({ sum: z.int() }) },
  },
  services: {
    web: { publishes: ["order", "lost", "full", "question", "held"] },
    billing: { consumes: ["billing", "log", "held"] },
    calculator: { consumes: ["questions"] },
    undertaker: { manages: ["dead.letters"] },
  },
});

async function use<T extends AnyTopology, S extends ServiceName<T>>(topology: T, options: ConnectOptions<S>): Promise<Bus<T, S>> {
  const bus = await connect(topology, { heartbeat: 5, drainDeadline: 2000, ...options });
  onTestFinished(() => bus.close());
  return bus;
}

test("what is published is consumed, typed and once", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  const billing = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  const got: number[] = [];
  await billing.consume("billing", ({ name, body, attempt, messageId, redelivered }) => {
    expect([name, attempt, redelivered]).toEqual(["order", 1, false]);
    expect(messageId).toMatch(/^[0-9a-f-]{36}$/);
    got.push(body.id);
  });
  const { published, failed } = await web.publishAll(
    "order",
    Array.from({ length: 3000 }, (_, id) => ({ id })),
    { key: { region: "eu" } },
  );
  expect([published.length, failed]).toEqual([3000, []]);
  await until(() => got.length >= 3000);
  expect(got).toEqual(Array.from({ length: 3000 }, (_, id) => id));
  await until(async () => (await ground.depth("billing")) === 0);
  expect(web.health()).toMatchObject({ live: true, ready: true, reasons: [], publishing: { buffered: 0, unconfirmed: 0 } });
});

test("what cannot arrive is told: no queue, a full one, a body that does not fit", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  const code = (work: Promise<unknown>): Promise<string> => work.then(() => "published").catch((error: PublishError) => error.code);
  expect(await code(web.publish("lost", {}))).toBe("unroutable");
  expect(await code(web.publish("order", { id: "x" as unknown as number }, { key: { region: "eu" } }))).toBe("invalid");
  expect(await code(web.publish("order", { id: 1 }, { key: { region: "eu.west" } }))).toBe("invalid");
  const filling: string[] = [];
  for (const each of [1, 2, 3, 4]) filling.push(await code(web.publish("full", each)));
  expect(filling.at(-1)).toBe("nacked");
  expect(await code(web.publishAny("order", { id: 1 }))).toBe("invalid");
  expect(await code(web.publishAny("nothing", {}))).toBe("invalid");
});

test("a failing message climbs its ladder and ends among the dead letters, with its history", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  const billing = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  const undertaker = await use(ground.topology, { service: "undertaker", url: ground.url("undertaker") });
  const attempts: [number, number][] = [];
  await billing.consume("billing", ({ attempt, body }) => {
    attempts.push([attempt, Date.now()]);
    if (body.note === "reject") return reject("no");
    if (body.note === "park") return park("strange");
    throw new Error("the bank is closed");
  });
  const dead: Record<string, unknown>[] = [];
  await undertaker.consume(
    "dead.letters",
    ({ headers, history, body, messageId }) => void dead.push({ ...headers, history, body, messageId }),
  );
  const { messageId } = await web.publish("order", { id: 7 }, { key: { region: "eu" }, headers: { shop: "a" } });
  await until(() => dead.length === 1);
  expect(attempts.map(([attempt]) => attempt)).toEqual([1, 2, 3]);
  expect(attempts[1]![1] - attempts[0]![1]).toBeGreaterThanOrEqual(190);
  expect(attempts[2]![1] - attempts[1]![1]).toBeGreaterThanOrEqual(390);
  expect(dead[0]).toMatchObject({
    ...{ messageId, shop: "a", body: { id: 7 }, "warren-reason": "exhausted", "warren-queue": "billing" },
    ...{ "warren-exchange": "orders", "warren-key": "order.eu" },
    history: [1, 2, 3].map((attempt) => ({ attempt, reason: "the bank is closed", service: "billing" })),
  });
  await web.publish("order", { id: 8, note: "reject" }, { key: { region: "eu" } });
  await web.publish("order", { id: 9, note: "park" }, { key: { region: "eu" } });
  await until(() => dead.length === 3);
  const reasons = dead.map((each) => (each["x-death"] as { reason: string }[] | undefined)?.[0]?.reason ?? each["warren-reason"]);
  expect(reasons.sort()).toEqual(["exhausted", "parked", "rejected"]);
  await until(async () => (await ground.depth("billing")) === 0);
});

test("a queue that delays retries by itself does", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  const billing = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  const at: number[] = [];
  await billing.consume("held", () => {
    at.push(Date.now());
    throw new Error("not yet");
  });
  await web.publish("held", 1);
  await until(async () => (await ground.depth("dead.letters")) === 1, 15_000);
  expect(at.length).toBe(4);
  expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(190);
});

test("malformed and invalid bodies are dead letters at once", async () => {
  const ground = await workerGround(shop);
  const billing = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  let handled = 0;
  await billing.consume("billing", () => void handled++);
  const connection = await amqp.connect(ground.url("administrator"));
  onTestFinished(() => connection.close());
  const channel = await connection.createConfirmChannel();
  for (const body of ["{", '{"id":"x"}', '{"id":1}']) channel.publish("orders", "order.eu", Buffer.from(body));
  await channel.waitForConfirms();
  await until(async () => (await ground.depth("dead.letters")) === 2);
  const reasons: unknown[] = [];
  for (let each = await channel.get("dead.letters"); each; each = await channel.get("dead.letters"))
    reasons.push(each.properties.headers?.["warren-reason"]);
  expect(reasons.sort()).toEqual(["invalid", "malformed"]);
  await until(() => handled === 1);
});

test("a request gets its reply, an error, or the word at once that nobody is there", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  const code = (work: Promise<unknown>): Promise<string> => work.then(() => "replied").catch((error: RequestError) => error.code);
  const calculator = await use(ground.topology, { service: "calculator", url: ground.url("calculator") });
  await calculator.answer("questions", async ({ body: { a, b } }) => {
    if (a === 0) throw new Error("zero is nothing");
    if (a === 1) await sleep(1000);
    return { sum: a + b };
  });
  expect(await web.request("question", { a: 2, b: 3 })).toEqual({ sum: 5 });
  expect(await code(web.request("question", { a: 0, b: 3 }))).toBe("failed");
  expect(await code(web.request("question", { a: 1, b: 3 }, { timeout: 200 }))).toBe("timeout");
  const cancel = new AbortController();
  const cancelled = code(web.request("question", { a: 1, b: 3 }, { signal: cancel.signal }));
  cancel.abort();
  expect(await cancelled).toBe("cancelled");
  expect(
    await Promise.all(Array.from({ length: 200 }, (_, a) => web.request("question", { a: a + 2, b: 1 }).then(({ sum }) => sum - a))),
  ).toEqual(Array.from({ length: 200 }, () => 3));
});

test("instances have their queues: one by its id, two by their type, three all", async () => {
  const ground = await workerGround(stage7);
  const got: string[] = [];
  const join = async (service: "brain" | "librarian", serviceId: string) => {
    const bus = await use(ground.topology, { service, url: ground.url(service) });
    const member = await bus.join("inbox", { serviceId }, ({ name, body }) => {
      got.push(`${serviceId}:${String(body.content)}`);
      return name === "request" ? { ...body, sender: serviceId } : undefined;
    });
    return { bus, member };
  };
  const one = await join("brain", "brain-1");
  await join("brain", "brain-2");
  await join("librarian", "librarian-1");
  const send = (recipient: string, content: string) =>
    one.bus.publish("message", { type: "note", sender: "brain-1", content }, { key: { recipient } });
  await send("brain-2", "id");
  await send("brain", "type");
  await one.bus.publish("broadcast", { type: "note", sender: "brain-1", content: "all" });
  await until(() => got.length === 6);
  expect(got.sort()).toEqual(["brain-1:all", "brain-1:type", "brain-2:all", "brain-2:id", "brain-2:type", "librarian-1:all"]);
  const reply = await one.bus.request("request", { type: "ask", sender: "brain-1", content: "?" }, { key: { recipient: "librarian-1" } });
  expect(reply.sender).toBe("librarian-1");
  await one.member.leave();
  const absent = await one.bus
    .request("request", { type: "ask", sender: "x", content: "?" }, { key: { recipient: "brain-1" } })
    .catch((error: RequestError) => error.code);
  expect(absent).toBe("absent");
});

test("a stream is read from an offset, in its order", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  await web.publishAll("order", [{ id: 1 }, { id: 2 }, { id: 3 }], { key: { region: "eu" } });
  const billing = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  const all: number[] = [];
  const later: number[] = [];
  await billing.consume("log", ({ body }) => void all.push(body.id), { offset: "first" });
  await billing.consume("log", ({ body }) => void later.push(body.id), { offset: 2 });
  await until(() => all.length === 3 && later.length === 1);
  expect([all, later]).toEqual([[1, 2, 3], [3]]);
});

test("a stop finishes what is begun and gives back the rest, without a count", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  await web.publishAll(
    "order",
    Array.from({ length: 20 }, (_, id) => ({ id })),
    { key: { region: "eu" } },
  );
  const billing = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  const done: number[] = [];
  await billing.consume(
    "billing",
    async ({ body }) => {
      await sleep(300);
      done.push(body.id);
    },
    { concurrency: 3 },
  );
  await until(async () => (await ground.depth("billing")) === 0);
  await billing.close();
  expect(done.length).toBeGreaterThanOrEqual(3);
  const other = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  const rest: [number, unknown][] = [];
  await other.consume("billing", ({ body, headers }) => void rest.push([body.id, headers["x-delivery-count"] ?? 0]));
  await until(() => rest.length + done.length >= 20);
  expect([...done, ...rest.map(([id]) => id)].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, id) => id));
  expect(rest.every(([, count]) => count === 0)).toBe(true);
});

test("what ended its worker before is handled alone, so that the innocent are not counted with it", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  await web.publishAll(
    "order",
    Array.from({ length: 15 }, (_, id) => ({ id })),
    { key: { region: "eu" } },
  );
  // Two workers die with all of it.
  for (let death = 0; death < 2; death++) {
    const connection = await amqp.connect(ground.url("administrator"));
    const channel = await connection.createChannel();
    let taken = 0;
    await channel.consume("billing", () => void taken++);
    await until(() => taken === 15);
    await connection.close();
  }
  const billing = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  const seen: { id: number; count: unknown; together: number }[] = [];
  let running = 0;
  await billing.consume("billing", async ({ body, headers }) => {
    running++;
    await sleep(10);
    seen.push({ id: body.id, count: headers["x-delivery-count"] ?? 0, together: running });
    running--;
  });
  await until(() => seen.length === 15);
  expect(seen.map(({ id }) => id).sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, id) => id));
  expect(seen.map(({ count, together }) => [count, together])).toEqual(Array.from({ length: 15 }, () => [2, 1]));
  seen.length = 0;
  await web.publishAll(
    "order",
    Array.from({ length: 60 }, (_, id) => ({ id })),
    { key: { region: "eu" } },
  );
  await until(() => seen.length === 60);
  expect(Math.max(...seen.map(({ together }) => together))).toBeGreaterThan(1);
});

test("messages with one key keep their order, others do not wait for them", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  const billing = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  const order: number[] = [];
  let most = 0;
  let running = 0;
  await billing.consume(
    "billing",
    async ({ body }) => {
      most = Math.max(most, ++running);
      await sleep(body.id % 2 === 0 ? 30 : 5);
      running--;
      order.push(body.id);
    },
    { orderBy: ({ id }) => `${id % 2}` },
  );
  await web.publishAll(
    "order",
    Array.from({ length: 20 }, (_, id) => ({ id })),
    { key: { region: "eu" } },
  );
  await until(() => order.length === 20);
  expect(order.filter((id) => id % 2 === 0)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  expect(order.filter((id) => id % 2 === 1)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  expect(most).toBe(2);
});

test("batches are handled and acked together; one of them can fail alone", async () => {
  const ground = await workerGround(shop);
  const web = await use(ground.topology, { service: "web", url: ground.url("web") });
  const billing = await use(ground.topology, { service: "billing", url: ground.url("billing") });
  const sizes: number[] = [];
  await billing.consumeBatch(
    "billing",
    (deliveries) => {
      sizes.push(deliveries.length);
      return deliveries.map(({ body }) => (body.id === 13 ? park("unlucky") : { kind: "ack" as const }));
    },
    { size: 10, wait: 50 },
  );
  await web.publishAll(
    "order",
    Array.from({ length: 25 }, (_, id) => ({ id })),
    { key: { region: "eu" } },
  );
  await until(() => sizes.reduce((sum, size) => sum + size, 0) === 25);
  await until(async () => (await ground.depth("dead.letters")) === 1);
  expect(Math.max(...sizes)).toBe(10);
});

test("wrong credentials, a missing topology and an unknown service end it with a sentence", async () => {
  const ground = await workerGround(shop);
  const wrong = ground.url("web").replace(/:[^:@]*@/, ":wrong@");
  const fault = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
  expect(await fault(connect(ground.topology, { service: "web", url: wrong }))).toMatchObject({
    name: "WorkerError",
    code: "unauthorized",
  });
  const elsewhere = ground.url("web").replace(/[^/]*$/, "nowhere");
  expect(await fault(connect(ground.topology, { service: "web", url: elsewhere }))).toMatchObject({ code: "unauthorized" });
  await ground.api("DELETE", `/api/exchanges/${encodeURIComponent(ground.vhost)}/orders`);
  expect(await fault(connect(ground.topology, { service: "web", url: ground.url("web") }))).toMatchObject({ code: "missing" });
  expect(await fault(connect(ground.topology, { service: "wbe" as "web", url: ground.url("web") }))).toMatchObject({ code: "wrong-use" });
  expect(await fault(connect(ground.topology, { service: "web", url: "amqp://a:b@127.0.0.1:1", attempts: 2 }))).toMatchObject({
    code: "unreachable",
  });
});
