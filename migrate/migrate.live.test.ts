/** A queue is made anew on a real broker while its publishers and consumers go on, whenever the command is killed. */
import amqp, { type ConfirmChannel, type ConsumeMessage } from "amqplib";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { brokerApi, commandEnvironment, scratchVhost, type ScratchVhost } from "../testing/broker.js";
import { warrenCommand, type Said } from "../testing/warren-command.js";
import { Management } from "../broker/management.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Plan, PlannedQueue } from "../topology/compile/plan.js";
import type { QuorumQueue, Queue, Topology } from "../topology/model.js";
import { parseAddress } from "../workers/connection/address.js";
import { keepTypes, typedHeaders } from "../workers/connection/typed-headers.js";
import { originOf } from "../workers/consume/history.js";
import { Migration, type MigrateArgs } from "./migrate.js";
import { verdict, type Entry } from "../workers/faults/ledger.js";

const BIN = join(__dirname, "../bin/warren.cjs");

let broker: ScratchVhost;
let channel: ConfirmChannel;
let environment: Record<string, string>;
let file: string;
let words: readonly string[];

const FROM = { in: ["a.*", "b"] } as const;
/** As data: TypeScript would be loaded anew, with all that it imports, for each command. */
const declare = (work: Queue, more: Partial<Topology> = {}): void =>
  writeFileSync(
    file,
    JSON.stringify({ name: broker.vhost, exchanges: { in: { type: "topic" } }, queues: { work }, ...more } satisfies Topology),
  );

beforeEach(async () => {
  broker = await scratchVhost();
  const connection = await amqp.connect(broker.vhostUrl, { noDelay: true });
  onTestFinished(() => connection.close());
  channel = await connection.createConfirmChannel();
  environment = commandEnvironment(broker);
  const folder = mkdtempSync(join(tmpdir(), "warren-migrate-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  file = join(folder, "shop.json");
  // What the code says. On the broker there is a classic one.
  declare({ type: "quorum", from: FROM });
  const { protocol, host } = new URL(broker.amqpUrl);
  words = ["migrate", file, "work", "--amqp", `${protocol}//${host}`];
  await channel.assertExchange("in", "topic");
  await channel.assertQueue("work", { arguments: { "x-queue-type": "classic" } });
  for (const key of ["a.*", "b"]) await channel.bindQueue("work", "in", key);
});

const migrate = (...more: readonly string[]): Promise<Said> => warrenCommand([...words, ...more], { cwd: __dirname, environment });

interface LiveQueue {
  readonly name: string;
  readonly type: string;
  readonly messages: number;
}
const queues = async (): Promise<LiveQueue[]> => (await brokerApi("GET", `/api/queues/${broker.vhost}`)) as LiveQueue[];
const names = async (): Promise<string[]> => (await queues()).map(({ name, type }) => `${name} ${type}`).sort();

async function publish(count: number, from = 0): Promise<void> {
  for (let n = from; n < from + count; n++)
    channel.publish("in", n % 2 === 0 ? "a.1" : "b", Buffer.from(String(n)), { messageId: String(n), persistent: true, headers: { n } });
  await channel.waitForConfirms();
}

async function bodies(queue: string, count: number): Promise<number[]> {
  const found: number[] = [];
  const { consumerTag } = await channel.consume(queue, (message) => message && found.push(Number(message.content.toString())), {
    noAck: true,
  });
  await expect.poll(() => found.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
  await channel.cancel(consumerTag);
  return found;
}

test("without --yes it tells what it would do, and does nothing", async () => {
  await publish(3);
  const { code, out } = await migrate();
  expect(code).toBe(1);
  expect(out).toMatch(/work in vhost \S+ has to be made again\n +type: expected "quorum", is "classic"/);
  expect(await names()).toEqual(["work classic"]);
  expect(JSON.parse((await migrate("--json")).out)).toMatchObject({
    ...{ version: 1, queue: "work", stage: "change", rungs: [], later: [], done: null },
  });
});

test("classic to quorum without a consumer: everything is there once, in its order, under its name; again there is nothing to do", async () => {
  await publish(1500);
  const { code, out, error } = await migrate("--yes");
  expect(error).toMatch(/• new messages go to warren\.migrate\.new\.work/);
  expect(code).toBe(0);
  expect(out).toMatch(/1500 messages out of the old one, 1500 back\.\nTheir order is kept\./);
  expect(await names()).toEqual(["work quorum"]);
  expect(await brokerApi("GET", `/api/policies/${broker.vhost}`)).toEqual([]);
  await publish(2, 1500);
  expect(await bodies("work", 1502)).toEqual(Array.from({ length: 1502 }, (_, n) => n));
  expect(await migrate("--yes")).toMatchObject({ code: 0, out: expect.stringMatching(/nothing was held/) as string });
});

test("other arguments of a quorum queue, and back to classic", async () => {
  await migrate("--yes");
  await publish(10);
  declare({ type: "quorum", from: FROM, singleActiveConsumer: true });
  expect((await migrate("--yes")).code).toBe(0);
  expect(((await queues())[0] as unknown as { arguments: object }).arguments).toMatchObject({ "x-single-active-consumer": true });
  declare({ type: "classic", from: FROM });
  // What the run before brought back may count as published by the queue's name.
  expect((await migrate("--yes", "--publishers-stopped")).code).toBe(0);
  expect(await names()).toEqual(["work classic"]);
  expect(await bodies("work", 10)).toEqual(Array.from({ length: 10 }, (_, n) => n));
});

test("a name that the topology does not have, a stream, and messages that come past all exchanges are refused", async () => {
  words = words.map((word) => (word === "work" ? "worl" : word));
  expect(await migrate("--yes")).toMatchObject({ code: 2, error: expect.stringMatching(/did you mean "work"/) as string });
  words = words.map((word) => (word === "worl" ? "work" : word));
  declare({ type: "stream" });
  expect(await migrate("--yes")).toMatchObject({ code: 2, error: expect.stringMatching(/is a stream/) as string });
  declare({ type: "quorum" }, { messages: { job: { to: { queue: "work" } } } });
  expect(await migrate("--yes")).toMatchObject({
    code: 1,
    error: expect.stringMatching(/past all exchanges: message "job"[^]*--publishers-stopped/) as string,
  });
  expect(await names()).toEqual(["work classic"]);
  expect((await migrate("--yes", "--publishers-stopped")).code).toBe(0);
});

test("what would take messages out of the queues that hold them is refused before anything is led there", async () => {
  await brokerApi("PUT", `/api/operator-policies/${broker.vhost}/all`, {
    pattern: ".*",
    "apply-to": "queues",
    definition: { "message-ttl": 60_000 },
  });
  const { code, error } = await migrate("--yes");
  expect(code).toBe(2);
  expect(error).toMatch(/Operator policy "all" would take messages \(message-ttl\)/);
  expect(await names()).toEqual(["work classic"]);
});

test("a consumer that lets nobody else take, and an address where nobody is let in, are refused before anything is led elsewhere", async () => {
  const { consumerTag } = await channel.consume("work", () => undefined, { exclusive: true });
  // The broker lists it some moments later.
  await expect.poll(() => brokerApi("GET", `/api/consumers/${broker.vhost}`), { timeout: 10_000 }).toHaveLength(1);
  expect(await migrate("--yes")).toMatchObject({ code: 2, error: expect.stringMatching(/has an exclusive consumer/) as string });
  await channel.cancel(consumerTag);
  words = words.map((word) => (word.startsWith("amqp:") ? "amqp://127.0.0.1:1" : word));
  expect(await migrate("--yes")).toMatchObject({ code: 2, error: expect.stringMatching(/No AMQP connection to/) as string });
  expect(await names()).toEqual(["work classic"]);
});

test("a moved message still says where it was published", async () => {
  await publish(1);
  expect((await migrate("--yes")).code).toBe(0);
  const message = await channel.get("work", { noAck: true });
  expect(message && originOf(message as unknown as ConsumeMessage)).toEqual({ exchange: "in", key: "a.1" });
  expect(message && (message.properties.headers as Record<string, unknown>)["n"]).toBe(0);
});

test("a moved message keeps the types of its headers", async () => {
  const headers = {
    ...{ long: { "!": "int64", value: 5n }, large: { "!": "int64", value: 9007199254740993n } },
    ...{ int: { "!": "int32", value: 5 }, double: { "!": "double", value: 1 }, deep: [{ "!": "int64", value: 7n }], text: "é" },
  };
  channel.publish("in", "b", Buffer.from("1"), { headers });
  await channel.waitForConfirms();
  expect((await migrate("--yes")).code).toBe(0);
  const connection = await amqp.connect(broker.vhostUrl);
  onTestFinished(() => connection.close());
  keepTypes(connection);
  const message = await (await connection.createChannel()).get("work", { noAck: true });
  expect(message && typedHeaders(message.properties.headers ?? {})).toMatchObject({
    ...headers,
    "warren-exchange": "in",
    "warren-key": "b",
  });
});

test.each([
  ["a stream", { "x-queue-type": "stream" }, /is a stream/],
  [
    "a queue that goes when nobody uses it",
    { "x-queue-type": "classic", "x-expires": 60_000 },
    /deleted by the broker when nobody uses it/,
  ],
  [
    "a queue whose dead letters keep their key",
    { "x-queue-type": "classic", "x-dead-letter-exchange": "in" },
    /topic exchange in with the key that they came with/,
  ],
])("%s is refused before anything is led elsewhere", async (_, args, fault) => {
  await channel.deleteQueue("work");
  await channel.assertQueue("work", { arguments: args });
  expect(await migrate("--yes")).toMatchObject({ code: 2, error: expect.stringMatching(fault) as string });
  expect((await queues()).map(({ name }) => name)).toEqual(["work"]);
});

test("a queue that takes the dead letters of another one is refused, unless nothing dies there", async () => {
  await channel.assertQueue("orders", {
    arguments: { "x-queue-type": "classic", "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work" },
  });
  expect(await migrate("--yes")).toMatchObject({ code: 2, error: expect.stringMatching(/takes dead letters of orders/) as string });
  expect((await migrate("--yes", "--publishers-stopped")).code).toBe(0);
});

test("what waits in a ladder is waited for", async () => {
  const definition = { "message-ttl": 15_000, "dead-letter-exchange": "", "dead-letter-routing-key": "work" };
  await brokerApi("PUT", `/api/policies/${broker.vhost}/rung`, { pattern: "^work.retry$", "apply-to": "queues", definition });
  await channel.assertQueue("work.retry", { arguments: { "x-queue-type": "classic" } });
  channel.sendToQueue("work.retry", Buffer.from("7"));
  await channel.waitForConfirms();
  const { code, error } = await migrate("--yes");
  expect(code).toBe(0);
  expect(error).toMatch(/waiting for work\.retry/);
  expect(await bodies("work", 1)).toEqual([7]);
});

/** A queue with a limit that holds messages, and takes up to `limit` when it is made anew. */
async function limited(limit: Partial<QuorumQueue>, count: number): Promise<void> {
  await publish(count);
  declare({ type: "quorum", from: FROM, ...limit });
}
/** A consumer as any client has it: told that its queue is gone, it comes back to it. Gives what ends it. */
async function consumer(prefetch: number, take: (message: ConsumeMessage, ack: () => void) => void): Promise<() => Promise<void>> {
  const connection = await amqp.connect(broker.vhostUrl, { noDelay: true });
  const over = new AbortController();
  const consuming = (async () => {
    while (!over.signal.aborted) {
      const reader = await connection.createChannel();
      const gone = new AbortController();
      reader.on("error", () => gone.abort());
      try {
        await reader.prefetch(prefetch);
        await reader.consume("work", (message) => {
          if (message === null) return gone.abort();
          // A closed channel would throw at it.
          take(message, () => gone.signal.aborted || over.signal.aborted || reader.ack(message));
        });
        await sleep(600_000, undefined, { signal: AbortSignal.any([gone.signal, over.signal]) });
      } catch {
        await reader.close().catch(() => undefined);
        await sleep(100);
      }
    }
    await connection.close();
  })();
  return () => {
    over.abort();
    return consuming;
  };
}

async function takeAll(prefetch: number): Promise<{ readonly taken: number[]; readonly end: () => Promise<void> }> {
  const taken: number[] = [];
  const end = await consumer(prefetch, ({ content }, ack) => {
    taken.push(Number(content.toString().split(" ")[0]));
    setTimeout(ack, 5);
  });
  return { taken, end };
}

/** What was done, by `--json`. */
const doneOf = ({ out }: Said): unknown => (JSON.parse(out) as { readonly done: unknown }).done;
const consumed = (): Promise<void> => expect.poll(async () => (await channel.checkQueue("work")).consumerCount).toBe(1);

test("beside consumers the order is not kept, and the report says how many were moved", { timeout: 60_000 }, async () => {
  const end = await consumer(1, (_, ack) => setTimeout(ack, 100));
  await consumed();
  await publish(1500);
  const said = await migrate("--yes", "--json");
  await end();
  expect(said.code).toBe(0);
  expect(said.error).toMatch(/consumers take from work beside the move/);
  const done = doneOf(said) as { readonly moved: { readonly out: number }; readonly besideConsumers: number };
  expect(done.besideConsumers).toBeGreaterThan(1000);
  expect(done.besideConsumers).toBe(done.moved.out);
});

test("a single active consumer empties the queue itself, in order", { timeout: 60_000 }, async () => {
  await channel.deleteQueue("work");
  await channel.assertQueue("work", { arguments: { "x-queue-type": "classic", "x-single-active-consumer": true } });
  for (const key of FROM.in) await channel.bindQueue("work", "in", key);
  declare({ type: "quorum", from: FROM, singleActiveConsumer: true });
  const { taken, end } = await takeAll(1);
  await consumed();
  await publish(1000);
  const said = await migrate("--yes", "--json");
  await end();
  expect(said.code).toBe(0);
  expect(said.error).toMatch(/only the active consumer of work is given messages/);
  expect(doneOf(said)).toMatchObject({ moved: { out: 0, back: 0 }, besideConsumers: 0 });
  expect(taken).toEqual(Array.from({ length: 1000 }, (_, n) => n));
});

test("who publishes by the queue's name is seen in the statistics, and refused", { timeout: 60_000 }, async () => {
  for (let n = 0; n < 7; n++) channel.sendToQueue("work", Buffer.from(String(n)), { persistent: true });
  await channel.waitForConfirms();
  // As old as the channel's last report.
  const published = (): Promise<unknown> => brokerApi("GET", `/api/queues/${broker.vhost}/work?columns=name,message_stats.publish`);
  await expect.poll(published, { timeout: 30_000, interval: 500 }).toMatchObject({ message_stats: { publish: 7 } });
  expect(await migrate("--yes")).toMatchObject({
    code: 2,
    error: expect.stringMatching(/publishers to the default exchange \(7 messages at least[^]*--publishers-stopped/) as string,
  });
  expect(await names()).toEqual(["work classic"]);
  expect((await migrate("--yes", "--publishers-stopped")).code).toBe(0);
  expect(await bodies("work", 7)).toEqual(Array.from({ length: 7 }, (_, n) => n));
});

test.each(["drop-head", "reject-publish"] as const)(
  "more comes back than the new queue holds (%s): it waits for its consumers, and nothing is lost",
  { timeout: 90_000 },
  async (overflow) => {
    await limited({ maxLength: 50, overflow }, 3000);
    const { taken, end } = await takeAll(20);
    const { code, error } = await migrate("--yes");
    await expect.poll(() => new Set(taken).size, { timeout: 20_000 }).toBe(3000);
    await end();
    expect(error).toMatch(/work is full \(at most 50 messages\)/);
    expect(code).toBe(0);
    expect(await names()).toEqual(["work quorum"]);
  },
);

test("a consumer without a prefetch is named as the reason why it is slow", { timeout: 90_000 }, async () => {
  await limited({ maxLength: 50 }, 200);
  const slow = await consumer(1, (_, ack) => setTimeout(ack, 200));
  const running = migrate("--yes");
  await expect.poll(async () => (await names()).includes("work quorum"), { timeout: 30_000 }).toBe(true);
  const { end } = await takeAll(0);
  const { code, error } = await running;
  await Promise.all([end(), slow()]);
  expect(error).toMatch(/a consumer of work has no prefetch: no more than the queue's length comes back in 6 s/);
  expect(code).toBe(0);
});

test("more than it holds, in bytes too, is kept where nobody takes any: the same command goes on when there is room", async () => {
  await limited({ maxLength: 5 }, 20);
  expect(await migrate("--yes")).toMatchObject({ code: 1, error: expect.stringMatching(/at most 5, and nobody consumes/) as string });
  expect(await names()).toEqual(["work classic"]);
  declare({ type: "quorum", from: FROM, maxLengthBytes: "2000 bytes" });
  const plan = compileInstallation({
    topologies: [
      {
        ...{ name: broker.vhost, exchanges: { in: { type: "topic" } } },
        queues: { work: { type: "quorum", maxLengthBytes: "2000 bytes" } },
      },
    ],
  }).vhosts[0] as Plan;
  await expect(migration(plan, { abandonedAfter: 1000 }).run()).rejects.toThrow(
    /work is full \(at most 2000 bytes\), and nobody consumes from it: \d+ messages wait in warren.migrate.old.work/,
  );
  const came = (await channel.checkQueue("work")).messageCount;
  expect(came).toBeGreaterThan(3);
  expect(came + (await channel.checkQueue("warren.migrate.old.work")).messageCount).toBe(20);
  const { taken, end } = await takeAll(1);
  const { code, out } = await migrate("--yes");
  expect(code).toBe(0);
  expect(out).toMatch(/An earlier run was ended: whether all came in their order is not known/);
  await expect.poll(() => new Set(taken).size).toBe(20);
  await end();
});

/** With a broker that a test may make worse. */
function migration({ queues: [queue], policies }: Plan, more: Partial<MigrateArgs> = {}): Migration {
  const { protocol, host, port } = new URL(broker.amqpUrl);
  const credentials = { username: broker.username, password: broker.password };
  return new Migration({
    management: new Management({ endpoint: broker.managementUrl, ...credentials }),
    broker: {
      address: parseAddress(`${protocol}//${host}`),
      ...{ vhost: broker.vhost, credentials, name: `test:${port}` },
    },
    ...{ queue: queue as PlannedQueue, policies, ...more },
  });
}

test("a client that declares the old queue again in the gap is named, and the next run goes on", async () => {
  await publish(10);
  class Late extends Management {
    override async deleteQueue(vhost: string, name: string, options = {}): Promise<boolean> {
      const was = await super.deleteQueue(vhost, name, options);
      if (name === "work") {
        await channel.assertQueue("work", { arguments: { "x-queue-type": "classic" } });
        await channel.bindQueue("work", "in", "b");
        await publish(2, 10);
      }
      return was;
    }
  }
  const plan = compileInstallation({ topologies: [{ name: broker.vhost, queues: { work: { type: "quorum" } } }] }).vhosts[0] as Plan;
  const management = new Late({ endpoint: broker.managementUrl, username: broker.username, password: broker.password });
  await expect(migration(plan, { management }).run()).rejects.toThrow(
    /client declared "work" in the moment[^]*type: expected "quorum", is "classic"[^]*in warren.migrate.old.work[^]*stop the clients that declare "work"/,
  );
  const { code, out } = await migrate("--yes");
  expect(code).toBe(0);
  expect(out).not.toMatch(/order is kept/);
  expect(await names()).toEqual(["work quorum"]);
  expect([...new Set(await bodies("work", 12))].sort((one, other) => one - other)).toEqual(Array.from({ length: 12 }, (_, n) => n));
});

test("what is held stays when an operator's policy comes that would take it", async () => {
  await publish(3);
  const old = "warren.migrate.old.work";
  const declared = channel.assertQueue(old, { arguments: { "x-queue-type": "quorum", "x-delivery-limit": -1 } });
  await declared;
  channel.sendToQueue(old, Buffer.from("7"), { persistent: true });
  await channel.waitForConfirms();
  const definition = { "max-length": 60_000 };
  await brokerApi("PUT", `/api/operator-policies/${broker.vhost}/all`, { pattern: ".*", "apply-to": "queues", definition });
  expect(await migrate("--yes")).toMatchObject({ code: 2, error: expect.stringMatching(/would take messages/) as string });
  expect((await channel.checkQueue(old)).messageCount).toBe(1);
});

const KILLS = 20;
// What a run before brought back counts as published by the queue's name.
const YES = ["--yes", "--publishers-stopped"];

test(`killed ${KILLS} times at any point, under load: nothing is lost`, { timeout: 300_000 }, async () => {
  const entries: Entry[] = [];
  const note = (kind: Entry["kind"], id: string): void => void entries.push({ kind, id, at: Date.now() });
  const over = new AbortController();

  const endConsuming = await consumer(20, ({ properties }, ack) => {
    note("effect", properties.messageId as string);
    ack();
  });
  // More than it takes, so that there is always something to move.
  await publish(20_000, 1_000_000);
  for (let n = 0; n < 20_000; n++)
    entries.push({ kind: "sent", id: String(1_000_000 + n), at: 0 }, { kind: "confirmed", id: String(1_000_000 + n), at: 0 });
  const publishing = (async () => {
    for (let n = 0; !over.signal.aborted; n++) {
      const id = String(n);
      note("sent", id);
      channel.publish("in", n % 2 === 0 ? "a.1" : "b", Buffer.from(id), { messageId: id, persistent: true }, (error: unknown) =>
        note(error ? "failed" : "confirmed", id),
      );
      await sleep(2);
    }
    await channel.waitForConfirms();
  })();

  let kills = 0;
  const stages: string[] = [];
  for (let code: number | null = null; code !== 0;) {
    const { PATH = "" } = process.env;
    const child = spawn(process.execPath, [BIN, ...words, ...YES], { env: { ...environment, PATH }, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.setEncoding("utf8").on("data", (text: string) => stages.push(...text.split("\n").filter((line) => line.startsWith("•"))));
    // Each is given longer than the one before, so that every stage is reached.
    const timer = kills < KILLS ? setTimeout(() => child.kill("SIGKILL"), 700 + Math.random() * 800 * (1 + kills)) : undefined;
    [code] = (await once(child, "exit")) as [number | null];
    clearTimeout(timer);
    // Ended by the signal, or done: no run may fail over what another one left.
    expect([null, 0]).toContain(code);
    if (code === null) kills++;
    else if (kills < KILLS && code === 0) {
      // Once more, the other way round.
      declare({ type: (await names()).includes("work quorum") ? "classic" : "quorum", from: FROM });
      code = null;
    }
  }
  over.abort();
  await publishing;
  await endConsuming();
  const left = await queues();
  expect(left.map(({ name }) => name)).toEqual(["work"]);
  for (const body of await bodies("work", (await channel.checkQueue("work")).messageCount)) note("left", String(body));
  const { confirmed, lost, unexpected, duplicates } = verdict(entries);
  console.log(`${kills} kills, ${confirmed} confirmed, ${duplicates} twice; ${new Set(stages).size} kinds of steps`);
  expect([lost, unexpected]).toEqual([[], []]);
  expect(kills).toBe(KILLS);
  for (const step of ["new messages go to", "goes to its consumers", "is made again", "comes back", "come to work again"])
    expect(stages.join("\n")).toContain(step);
});
