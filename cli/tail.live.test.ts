/** `warren tail` on a real broker: sees a copy, takes nothing, and leaves nothing behind, however it ends. */
import amqp, { type ConfirmChannel } from "amqplib";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { brokerApi, commandEnvironment, scratchVhost, type ScratchVhost } from "../testing/broker.js";
import { run } from "./main.js";

const BIN = join(__dirname, "../bin/warren.cjs");

let broker: ScratchVhost;
let channel: ConfirmChannel;
let environment: Record<string, string>;
let words: readonly string[];

beforeEach(async () => {
  broker = await scratchVhost();
  const connection = await amqp.connect(broker.vhostUrl, { noDelay: true });
  onTestFinished(() => connection.close());
  channel = await connection.createConfirmChannel();
  environment = commandEnvironment(broker);
  const { protocol, host } = new URL(broker.amqpUrl);
  words = ["--amqp", `${protocol}//${host}`, "--vhost", broker.vhost];
  await channel.assertExchange("in", "topic");
  await channel.assertQueue("work", { arguments: { "x-queue-type": "quorum" } });
  await channel.bindQueue("work", "in", "a.*");
});

interface Running {
  readonly ended: Promise<number>;
  readonly out: () => string;
  readonly error: () => string;
}

/** Resolves when it listens, or has ended. */
async function tail(...more: readonly string[]): Promise<Running> {
  let [out, error] = ["", ""];
  let listening = (): void => undefined;
  const ready = new Promise<void>((resolve) => (listening = resolve));
  const console = {
    out: (text: string) => void (out += text),
    error: (text: string) => {
      error += `${text}\n`;
      if (text === "Listening.") listening();
    },
    style: (_: unknown, text: string) => text,
  };
  const ended = run(["tail", ...more, ...words], { ...console, cwd: __dirname, environment }, "1.2.3");
  await Promise.race([ready, ended]);
  return { ended, out: () => out, error: () => error };
}

async function publish(exchange: string, key: string, body: string, messageId: string): Promise<void> {
  channel.publish(exchange, key, Buffer.from(body), { messageId, type: "order", headers: { n: 1 } });
  await channel.waitForConfirms();
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const queues = async (): Promise<string[]> =>
  ((await brokerApi("GET", `/api/queues/${broker.vhost}`)) as { name: string }[]).map(({ name }) => name).sort();

test("a queue: what its bindings bring, not what goes round them; the queue keeps all", async () => {
  await publish("in", "a.0", "before", "0");
  const running = await tail("work", "--count", "2", "--json", "--body", "--body-limit", "5");
  expect(running.error()).toMatch(/Not seen: messages that are in "work" already[^]*default exchange/);
  await publish("", "work", "round them", "1");
  await publish("in", "a.1", "hello world", "2");
  await publish("in", "b.1", "not bound", "3");
  await publish("in", "a.2", "hi", "4");
  expect(await running.ended).toBe(0);
  expect(lines(running.out())).toMatchObject([
    { id: "2", message: "order", exchange: "in", key: "a.1", bytes: 11, headers: { n: 1 }, body: "hello", truncated: true },
    { id: "4", body: "hi" },
  ]);
  expect(lines(running.out())[1]).not.toHaveProperty("truncated");
  expect((await channel.checkQueue("work")).messageCount).toBe(4);
  // Its own goes with its connection, which the broker may notice a moment later.
  await expect.poll(queues, { timeout: 10_000 }).toEqual(["work"]);
});

test("an exchange: by what is bound to it, or by a key; for some time", async () => {
  const bound = await tail("in", "--for", "1500ms");
  const all = await tail("in", "--key", "#", "--for", "1500ms");
  expect(all.error()).toMatch(/counts as routed/);
  await publish("in", "a.1", "x", "1");
  await publish("in", "b.1", "x", "2");
  expect(await Promise.all([bound.ended, all.ended])).toEqual([0, 0]);
  expect(bound.out()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}order {2}in "a\.1" {2}1 B {2}n=1\n$/);
  expect(all.out().trimEnd().split("\n")).toHaveLength(2);
});

test("a stream is read by offset", async () => {
  await channel.assertQueue("log", { arguments: { "x-queue-type": "stream" } });
  for (const id of ["0", "1", "2"]) await publish("", "log", `body ${id}`, id);
  const first = await tail("log", "--offset", "first", "--count", "3", "--json");
  expect(await first.ended).toBe(0);
  expect(lines(first.out()).map(({ id }) => id)).toEqual(["0", "1", "2"]);
  const second = await tail("log", "--offset", "1", "--count", "1", "--json");
  expect(await second.ended).toBe(0);
  expect(lines(second.out())[0]).toMatchObject({ id: "1", headers: { "x-stream-offset": 1 } });
});

test("what there is no copy of, and what is not there", async () => {
  await channel.assertQueue("alone");
  const alone = await tail("alone");
  expect([await alone.ended, alone.error()]).toEqual([1, expect.stringContaining("There is no copy to be had")]);
  const typo = await tail("wrok");
  expect([await typo.ended, typo.error()]).toEqual([2, expect.stringContaining('did you mean "work"?')]);
  const key = await tail("work", "--key", "a");
  expect(await key.ended).toBe(2);
});

test.each(["SIGKILL", "SIGINT"] as const)("ended by %s it leaves nothing behind", async (signal) => {
  const child = spawn(process.execPath, [BIN, "tail", "work", ...words], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let error = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (error += text));
  while (!error.includes("Listening.") && child.exitCode === null) await sleep(20);
  expect(await queues()).toHaveLength(2);
  child.kill(signal);
  const [code] = (await once(child, "exit")) as [number | null];
  expect(code).toBe(signal === "SIGINT" ? 130 : null);
  for (let tries = 0; (await queues()).length > 1 && tries < 50; tries++) await sleep(100);
  // Its own goes with its connection, which the broker may notice a moment later.
  await expect.poll(queues, { timeout: 10_000 }).toEqual(["work"]);
});
