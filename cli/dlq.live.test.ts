/** `warren dlq` on a real broker: what is printed, what is changed, exit codes; and killed in the middle, again and again, it loses nothing. */
import amqp, { type ConfirmChannel } from "amqplib";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { commandEnvironment, scratchVhost, type ScratchVhost } from "../testing/broker.js";
import { run } from "./main.js";

const BIN = join(__dirname, "../bin/warren.cjs");

let broker: ScratchVhost;
let channel: ConfirmChannel;
let environment: Record<string, string>;
let amqpUrl: string;

beforeEach(async () => {
  broker = await scratchVhost();
  const connection = await amqp.connect(broker.vhostUrl, { noDelay: true });
  onTestFinished(() => connection.close());
  channel = await connection.createConfirmChannel();
  environment = commandEnvironment(broker);
  const { protocol, host } = new URL(broker.amqpUrl);
  amqpUrl = `${protocol}//${host}`;
});

interface Result {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function dlq(...words: readonly string[]): Promise<Result> {
  let [out, error] = ["", ""];
  const console = {
    out: (text: string) => void (out += text),
    error: (text: string) => void (error += `${text}\n`),
    style: (_: unknown, text: string) => text,
  };
  const all = ["dlq", ...words, "--amqp", amqpUrl, "--vhost", broker.vhost];
  return { code: await run(all, { ...console, cwd: __dirname, environment }, "1.2.3"), out, error };
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at));

/** A topic exchange that feeds `work`, whose dead letters come to `dead`; `dead` holds so many, parked by a worker. */
async function dead(count: number, more: Record<string, unknown> = {}): Promise<void> {
  const quorum = { "x-queue-type": "quorum" };
  await channel.assertExchange("in", "topic");
  await channel.assertExchange("dlx", "fanout");
  await channel.assertQueue("work", { arguments: { ...quorum, "x-dead-letter-exchange": "dlx" } });
  await channel.assertQueue("dead", { arguments: { ...quorum, "x-delivery-limit": -1, ...more } });
  await channel.bindQueue("work", "in", "a.*");
  await channel.bindQueue("dead", "dlx", "");
  const history = [{ attempt: 4, at: new Date(Date.now() - 7_200_000).toISOString(), reason: "no luck", service: "worker" }];
  for (const id of ids(count)) {
    const headers = {
      "warren-queue": "work",
      "warren-reason": Number(id) % 2 ? "exhausted" : "malformed",
      "warren-history": history,
      n: Number(id),
    };
    channel.publish("dlx", "a.b", Buffer.from(`{"id":"${id}"}`), { persistent: true, messageId: id, type: "order", headers });
  }
  await channel.waitForConfirms();
}

async function drain(queue: string): Promise<string[]> {
  const all: string[] = [];
  const take = (message: amqp.ConsumeMessage | null): void => void (message && all.push(String(message.properties.messageId)));
  const { consumerTag } = await channel.consume(queue, take, { noAck: true });
  for (let before = -1; before !== all.length; await sleep(200)) before = all.length;
  await channel.cancel(consumerTag);
  return all;
}

const depth = async (queue: string): Promise<number> => (await channel.checkQueue(queue)).messageCount;

test("list and show: what is there, by reason and source; nothing changes", async () => {
  await dead(10);
  // A rung dead-letters back into its queue, which is none of dead letters for that.
  await channel.assertQueue("work.retry.1", {
    arguments: { "x-queue-type": "quorum", "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work" },
  });
  await channel.assertQueue("log", { arguments: { "x-queue-type": "stream" } });
  const listed = await dlq("list", "--json");
  expect((JSON.parse(listed.out) as { readonly queues: readonly unknown[] }).queues).toHaveLength(1);
  expect({ code: listed.code, ...(JSON.parse(listed.out) as object) }).toMatchObject({
    code: 0,
    version: 1,
    queues: [
      {
        queue: "dead",
        type: "quorum",
        messages: 10,
        looked: 10,
        matched: 10,
        reasons: { exhausted: 5, malformed: 5 },
        from: { work: 10 },
        undated: 0,
      },
    ],
  });
  const table = await dlq("list", "--queue", "dead", "--queue", "log", "--limit", "4", "--reason", "malformed");
  expect(table.out).toMatch(/dead +10 +2 of 4 +0 +2 hours +malformed 2 +work 2/);
  expect(table.out).toMatch(/log .*a stream: warren tail reads it/);

  const shown = await dlq("show", "dead", "--reason", "exhausted", "--limit", "2", "--json", "--body");
  expect(JSON.parse(shown.out)).toMatchObject({
    version: 1,
    total: 10,
    messages: [
      {
        id: "1",
        message: "order",
        reason: "exhausted",
        from: "work",
        attempt: 4,
        headers: { n: 1 },
        history: [{ reason: "no luck" }],
        body: '{"id":"1"}',
      },
      { id: "3" },
    ],
  });
  const text = await dlq("show", "dead", "--header", "n:=4");
  expect(text.out).toMatch(
    /^4 {2}order {2}malformed, from work\n[^]*died +2 hours ago[^]*attempt +4[^]*worker: no luck[^]*n = 4[^]*1 shown; looked at 10 of 10/,
  );
  expect(text.out).not.toContain('{"id"');
  expect(await dlq("show", "dead", "--header", "n=4")).toMatchObject({ out: expect.stringContaining("0 shown") });
  expect(await drain("dead")).toEqual(ids(10));
});

test("requeue and purge do nothing without --yes, and what they say then", async () => {
  await dead(10);
  const dry = await dlq("requeue", "dead", "--reason", "exhausted");
  expect(dry).toMatchObject({ code: 0, out: expect.stringMatching(/Nothing is done: 5 messages of 10 [^]*5 {2}to queue "work"/) });
  expect((await dlq("purge", "dead", "--all")).out).toMatch(
    /Nothing is done: 10 messages of 10 [^]*by reason {2}exhausted 5, malformed 5\n {2}from +work 10/,
  );
  expect([await depth("work"), await depth("dead")]).toEqual([0, 10]);

  expect(await dlq("requeue", "dead", "--reason", "exhausted", "--limit", "2", "--yes")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^2 messages of "dead" put back/),
  });
  expect(await drain("work")).toEqual(["1", "3"]);
  const json = await dlq("requeue", "dead", "--to", "in", "--key", "a.x", "--id", "5", "--yes", "--json");
  expect(JSON.parse(json.out)).toMatchObject({
    version: 1,
    dryRun: false,
    requeued: 1,
    places: [{ exchange: "in", key: "a.x", messages: 1 }],
  });
  expect(await drain("work")).toEqual(["5"]);
  expect(await dlq("purge", "dead", "--message", "order", "--reason", "malformed", "--yes")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^5 messages of "dead" deleted/),
  });
  expect(await drain("dead")).toEqual(["7", "9"]);
});

test("what cannot be routed is returned, and stays: exit code 1", async () => {
  await dead(6);
  const lost = await dlq("requeue", "dead", "--to", "in", "--key", "nobody.binds.this", "--yes");
  expect(lost).toMatchObject({ code: 1, out: expect.stringMatching(/^0 messages [^]*6 {2}stay, returned: no queue takes them/) });
  await channel.deleteQueue("work");
  expect((await dlq("requeue", "dead")).out).toContain("IT IS NOT THERE");
  expect(await dlq("requeue", "dead", "--yes")).toMatchObject({ code: 1, out: expect.stringContaining("6  stay, returned") });
  expect(await drain("dead")).toEqual(ids(6));
});

test("wrong use is refused before anything is done: exit code 2, for a stream 1", async () => {
  await dead(3);
  await channel.assertQueue("log", { arguments: { "x-queue-type": "stream" } });
  expect(await dlq("purge", "dead", "--yes")).toMatchObject({
    code: 2,
    error: expect.stringContaining("Without a filter every message would be deleted"),
  });
  expect(await dlq("purge", "dead", "--all", "--id", "1", "--yes")).toMatchObject({ code: 2 });
  expect(await dlq("requeue", "ded")).toMatchObject({ code: 2, error: expect.stringContaining('did you mean "dead"?') });
  expect(await dlq("requeue", "dead", "--key", "x", "--yes")).toMatchObject({ code: 2, error: expect.stringContaining("go together") });
  expect(await dlq("requeue", "dead", "--to-origin", "--to", "x")).toMatchObject({ code: 2 });
  expect(await dlq("show", "dead", "--older-than", "soon")).toMatchObject({ code: 2, error: expect.stringContaining("no length of time") });
  expect(await dlq("list", "contextiq", "--queue", "dead")).toMatchObject({ code: 2 });
  expect(await dlq("requeue", "log", "--yes")).toMatchObject({
    code: 1,
    error: expect.stringMatching(/stream: its messages cannot be taken out[^]*warren tail log/),
  });
  expect(await drain("dead")).toEqual(ids(3));
});

test("killed by SIGKILL in the middle many times, it loses nothing; what is there twice has the same id", async () => {
  const total = 8000;
  await dead(total);
  const requeue = () =>
    spawn(process.execPath, [BIN, "dlq", "requeue", "dead", "--yes", "--amqp", amqpUrl, "--vhost", broker.vhost], {
      env: { ...process.env, ...environment },
      stdio: "ignore",
    });
  let kills = 0;
  for (let tries = 0; kills < 12; tries++) {
    expect(tries).toBeLessThan(20);
    const before = await depth("work");
    const child = requeue();
    const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
    const after = Math.ceil(Math.random() * 400);
    while (child.exitCode === null && (await depth("work")) < before + after) await sleep(1);
    child.kill("SIGKILL");
    const [, signal] = await ended;
    await sleep(100);
    // Only one that had begun and was not done counts.
    if (signal === "SIGKILL" && (await depth("work")) > before && (await depth("dead")) > 0) kills++;
  }
  const last = requeue();
  const [code] = (await once(last, "exit")) as [number | null];
  expect(code).toBe(0);
  const [there, here] = [await drain("work"), await drain("dead")];
  expect(here).toEqual([]);
  const twice = there.length - total;
  expect([...new Set(there)].map(Number).sort((a, b) => a - b)).toEqual(ids(total).map(Number));
  // A page each time at most.
  expect(twice).toBeLessThanOrEqual(kills * 1000);
});
