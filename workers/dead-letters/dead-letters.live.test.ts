/** Dead letters on a real broker: looking changes nothing, what is put back is there before it is gone here, and a broken connection loses none. */
import amqp, { type ConfirmChannel, type ConsumeMessage, type Options } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { scratchVhost, type ScratchVhost } from "../../testing/broker.js";
import { Proxy } from "../../testing/proxy.js";
import { parseAddress } from "../connection/address.js";
import { typedHeaders } from "../connection/typed-headers.js";
import { Connection, type BrokerSettings } from "./connection.js";
import { show, summary } from "./look.js";
import { purge } from "./purge.js";
import { requeue, type RequeueOptions } from "./requeue.js";

let broker: ScratchVhost;
let channel: ConfirmChannel;
let settings: BrokerSettings;

beforeEach(async () => {
  broker = await scratchVhost();
  const connection = await amqp.connect(broker.vhostUrl, { noDelay: true });
  onTestFinished(() => connection.close());
  channel = await connection.createConfirmChannel();
  const { username, password } = broker;
  settings = { address: parseAddress(broker.amqpUrl), vhost: broker.vhost, credentials: { username, password }, name: "test" };
});

const declare = (queue: string, type: string, more: Record<string, unknown> = {}): Promise<unknown> =>
  channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": type, ...more } });

const ids = (count: number, from = 0): string[] => Array.from({ length: count }, (_, at) => String(at + from));

async function fill(queue: string, names: readonly string[], of: (id: string) => Options.Publish = () => ({})): Promise<void> {
  for (const id of names) channel.sendToQueue(queue, Buffer.from(`body ${id}`), { persistent: true, messageId: id, ...of(id) });
  await channel.waitForConfirms();
}

/** Takes everything out. */
async function drain(queue: string): Promise<ConsumeMessage[]> {
  const all: ConsumeMessage[] = [];
  const { consumerTag } = await channel.consume(queue, (message) => void (message && all.push(message)), { noAck: true });
  for (let before = -1; before !== all.length; await sleep(150)) before = all.length;
  await channel.cancel(consumerTag);
  return all;
}

const idsOf = (messages: readonly ConsumeMessage[]): string[] => messages.map(({ properties }) => String(properties.messageId));
const header = (message: ConsumeMessage | undefined, name: string): unknown => message?.properties.headers?.[name];

async function look<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.open(settings);
  return work(connection).finally(() => connection.close());
}

describe("looking", () => {
  test.each(["quorum", "classic"])("50 times over: the order of a %s queue stays, and no delivery limit is used up", async (type) => {
    await declare("dead", type, type === "quorum" ? { "x-delivery-limit": 20 } : {});
    const names = ids(250);
    await fill("dead", names, (id) => ({ headers: { "warren-reason": Number(id) % 2 ? "exhausted" : "malformed" } }));
    for (let time = 0; time < 50; time++) {
      // The whole queue, some of it, and one message: each leaves the others where they are.
      const limit = [1, 7, 130, 1000][time % 4] ?? 1;
      if (time % 2) await show(settings, { queue: "dead", type, filter: {}, limit, body: true });
      else
        expect(await look((c) => summary(c, { queue: "dead", type, filter: {}, limit }))).toMatchObject({
          messages: 250,
          looked: Math.min(limit, 250),
        });
    }
    const after = await drain("dead");
    expect(idsOf(after)).toEqual(names);
    // A returned message counts its deliveries apart: `x-acquired-count`.
    expect(after.map((message) => header(message, "x-delivery-count") ?? 0)).toEqual(names.map(() => 0));
    expect(after.map(({ content }) => content.toString())).toEqual(names.map((id) => `body ${id}`));
  });

  test("through many pages: 12,000 messages keep their order, twice", async () => {
    await declare("dead", "quorum");
    const names = ids(12_000);
    await fill("dead", names);
    for (let time = 0; time < 2; time++) {
      const found = await show(settings, { queue: "dead", filter: { ids: ["11999"] }, limit: 1, body: false });
      expect(found.looked).toBe(12_000);
      expect(found.messages.map(({ letter }) => letter.id)).toEqual(["11999"]);
    }
    expect(idsOf(await drain("dead"))).toEqual(names);
  });

  test("priorities keep their order too", async () => {
    await declare("dead", "quorum");
    await fill("dead", ids(30), (id) => ({ priority: Number(id) % 3 }));
    for (const limit of [3, 12, 5, 1000]) await show(settings, { queue: "dead", filter: {}, limit, body: false });
    expect(idsOf(await drain("dead")).map(Number)).toEqual(
      [2, 1, 0].flatMap((rest) => Array.from({ length: 10 }, (_, at) => at * 3 + rest)),
    );
  });

  test("a quorum queue with a single active consumer, which refuses basic.get; and one that another consumer holds", async () => {
    await declare("dead", "quorum", { "x-single-active-consumer": true });
    await fill("dead", ids(5));
    const { messages } = await show(settings, { queue: "dead", filter: {}, limit: 20, body: false });
    expect(messages.map(({ letter }) => letter.id)).toEqual(ids(5));
    await channel.prefetch(1);
    await channel.consume("dead", () => undefined);
    await sleep(200);
    const held = await show(settings, { queue: "dead", filter: {}, limit: 20, body: false });
    expect(held).toMatchObject({ messages: [], stopped: { kind: "starved" } });
  });
});

describe("putting back", () => {
  const options = (more: Partial<RequeueOptions> = {}): RequeueOptions => ({
    queue: "dead",
    filter: {},
    destination: { to: "source" },
    dryRun: false,
    ...more,
  });

  test("what matches goes to its queue without the protocol's headers; the rest stays in its order", async () => {
    for (const queue of ["a", "b", "dead"]) await declare(queue, "quorum");
    await fill("dead", ids(1000), (id) => ({
      headers: { "warren-queue": Number(id) % 3 ? "a" : "b", "warren-reason": "exhausted", "warren-attempt": 3, n: Number(id) },
    }));
    const before = await requeue(settings, options({ dryRun: true, filter: { from: ["a"] }, limit: 50 }));
    expect(before).toMatchObject({ matched: 50, requeued: 0, removed: 0, places: [{ exchange: "", key: "a", messages: 50 }] });
    const done = await requeue(settings, options({ filter: { from: ["a"] }, limit: 50 }));
    const expected = ids(1000).filter((id) => Number(id) % 3);
    expect(done).toMatchObject({ matched: 50, requeued: 50, removed: 50, stayed: { returned: 0 } });
    const back = await drain("a");
    expect(idsOf(back)).toEqual(expected.slice(0, 50));
    expect(Object.keys(back[0]?.properties.headers ?? {}).sort()).toEqual(["n", "warren-requeue", "warren-requeued", "warren-requeued-at"]);
    expect(idsOf(await drain("b"))).toEqual([]);
    expect(idsOf(await drain("dead"))).toEqual(ids(1000).filter((id) => !expected.slice(0, 50).includes(id)));
  });

  test("own headers keep the types of their values", async () => {
    for (const queue of ["a", "dead"]) await declare(queue, "quorum");
    const own = { long: { "!": "int64", value: 5n }, large: { "!": "int64", value: 9007199254740993n }, one: { "!": "double", value: 1 } };
    await fill("dead", ["1"], () => ({ headers: { "warren-queue": "a", ...own } }));
    expect(await requeue(settings, options())).toMatchObject({ requeued: 1 });
    const back = await look(async (connection) => (await connection.channel()).get("a", { noAck: true }));
    expect(back && typedHeaders(back.properties.headers ?? {})).toMatchObject(own);
  });

  test("everything that is acked is gone when it is over, however few there are", async () => {
    for (const count of [1, 40, 1000]) {
      await declare("work", "quorum");
      await declare("dead", "quorum");
      await fill("dead", ids(count), () => ({ headers: { "warren-queue": "work" } }));
      expect(await requeue(settings, options())).toMatchObject({ requeued: count });
      await sleep(300);
      expect(idsOf(await drain("dead"))).toEqual([]);
      expect(idsOf(await drain("work"))).toEqual(ids(count));
    }
  });

  test("where nothing takes it, where it is refused, where nothing says whence: it stays", async () => {
    await declare("dead", "quorum");
    await declare("full", "classic", { "x-max-length": 2, "x-overflow": "reject-publish" });
    const from = ["gone", "full", undefined];
    await fill("dead", ids(30), (id) => {
      const queue = from[Number(id) % 3];
      return { headers: queue === undefined ? {} : { "warren-queue": queue } };
    });
    expect((await requeue(settings, options({ dryRun: true }))).places).toContainEqual({
      exchange: "",
      key: "gone",
      messages: 10,
      missing: true,
    });
    const done = await requeue(settings, options());
    expect(done).toMatchObject({ matched: 30, stayed: { returned: 10, nowhere: 10, unknown: 0 } });
    expect(done.requeued + done.stayed.refused).toBe(10);
    expect(done.stayed.refused).toBeGreaterThan(0);
    const there = idsOf(await drain("full"));
    expect(there).toHaveLength(done.requeued);
    expect(idsOf(await drain("dead"))).toEqual(ids(30).filter((id) => !there.includes(id)));
  });

  test("an exchange that is not there ends it, and everything stays", async () => {
    await declare("dead", "quorum");
    await fill("dead", ids(300));
    const done = await requeue(settings, options({ destination: { to: "exchange", exchange: "nowhere", key: "" } }));
    expect(done).toMatchObject({
      requeued: 0,
      removed: 0,
      stopped: { kind: "failed", why: expect.stringContaining("no exchange 'nowhere'") },
    });
    expect(idsOf(await drain("dead"))).toEqual(ids(300));
  });

  test("to where it was published first: by the broker's record", async () => {
    await channel.assertExchange("in", "topic");
    await channel.assertExchange("dlx", "fanout");
    await declare("work", "quorum", { "x-dead-letter-exchange": "dlx" });
    await declare("other", "quorum");
    await declare("dead", "quorum");
    await channel.bindQueue("work", "in", "a.*");
    await channel.bindQueue("other", "in", "#");
    await channel.bindQueue("dead", "dlx", "");
    channel.publish("in", "a.b", Buffer.from("x"), { messageId: "1", persistent: true });
    await channel.waitForConfirms();
    const message = await channel.get("work");
    if (message) channel.nack(message, false, false);
    await drain("other");
    await sleep(200);
    expect(await requeue(settings, options({ destination: { to: "origin" } }))).toMatchObject({
      requeued: 1,
      places: [{ exchange: "in", key: "a.b" }],
    });
    expect(idsOf(await drain("other"))).toEqual(["1"]);
    const back = await drain("work");
    expect([back[0]?.fields.routingKey, header(back[0], "x-death")]).toEqual(["a.b", undefined]);
  });

  test("what dies again at once is not taken again", async () => {
    await channel.assertExchange("dlx", "fanout");
    await declare("dead", "quorum");
    await channel.bindQueue("dead", "dlx", "");
    // A place that holds nothing: what comes in dies, and goes first in the dead letters by its priority.
    await declare("work", "classic", { "x-dead-letter-exchange": "dlx", "x-message-ttl": 0 });
    await fill("dead", ids(3000), (id) => ({ headers: { "warren-queue": "work" }, priority: Number(id) < 1500 ? 0 : 9 }));
    const done = await requeue(settings, options());
    expect(done.requeued + done.cameBack).toBeGreaterThanOrEqual(1500);
    const dead = await drain("dead");
    expect(new Set(idsOf(dead)).size).toBe(3000);
    expect(dead).toHaveLength(3000);
    expect(dead.filter((message) => header(message, "warren-requeued") === 1)).toHaveLength(done.requeued);
    expect(dead.filter((message) => Number(header(message, "warren-requeued") ?? 0) > 1)).toEqual([]);
  });

  test.each(["cut", "reset", "hang"] as const)("a connection that breaks in the middle (%s) loses nothing, and says so", async (how) => {
    const { hostname: host, port } = settings.address;
    const proxy = await Proxy.start(() => ({ host, port }));
    onTestFinished(() => proxy.close());
    await declare("work", "quorum");
    await declare("dead", "quorum", { "x-delivery-limit": -1 });
    const names = ids(8000);
    await fill("dead", names, () => ({ headers: { "warren-queue": "work" } }));
    const through = { ...settings, address: { ...settings.address, hostname: "127.0.0.1", port: proxy.port } };
    let begun = false;
    const onProgress = ({ taken }: { readonly taken: number }): void => {
      if (begun || taken < 2000) return;
      begun = true;
      // In the middle of a page.
      setTimeout(() => proxy[how](), Math.random() * 30);
    };
    const done = await requeue(through, { ...options(), onProgress });
    if (how === "hang") proxy.reset();
    expect(done.stopped?.kind).toBe("lost");
    expect(done.requeued).toBeGreaterThan(1000);
    expect(done.requeued).toBeLessThan(8000);
    await sleep(500);
    const [there, here] = [idsOf(await drain("work")), idsOf(await drain("dead"))];
    expect([...new Set([...there, ...here])].map(Number).sort((a, b) => a - b)).toEqual(names.map(Number));
    // Twice: at most what was in flight, a page to publish and one to ack.
    expect(there.length + here.length - names.length).toBeLessThanOrEqual(2000);
  });
});

describe("deleting", () => {
  test("by filter, a dry run first; the rest stays in its order", async () => {
    await declare("dead", "quorum");
    await fill("dead", ids(2500), (id) => ({ headers: { "warren-reason": Number(id) % 5 ? "exhausted" : "malformed" } }));
    const filter = { reasons: ["malformed"] };
    expect(await purge(settings, { queue: "dead", filter, dryRun: true })).toMatchObject({
      matched: 500,
      removed: 0,
      reasons: { malformed: 500 },
    });
    expect(await purge(settings, { queue: "dead", filter, dryRun: false })).toMatchObject({ matched: 500, removed: 500 });
    await sleep(300);
    expect(idsOf(await drain("dead"))).toEqual(ids(2500).filter((id) => Number(id) % 5));
  });

  test("all of a classic queue", async () => {
    await declare("dead", "classic");
    await fill("dead", ids(2500));
    expect(await purge(settings, { queue: "dead", type: "classic", filter: {}, dryRun: false })).toMatchObject({
      matched: 2500,
      removed: 2500,
    });
    expect(await drain("dead")).toEqual([]);
  });
});
