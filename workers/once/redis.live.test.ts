/** The Redis store on a real server, through the client of node-redis. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getRedis } from "../../lab/redis.js";
import { step } from "../../lab/steps.js";
import { redisOnce } from "./redis.js";

let folder: string;
let server: ChildProcess;

/** A server without a TCP port: nobody else can take the place, or reach it. */
async function start(program: string): Promise<void> {
  server = spawn(program, [
    "--port",
    "0",
    "--unixsocket",
    join(folder, "redis.sock"),
    "--dir",
    folder,
    "--save",
    "",
    "--appendonly",
    "yes",
  ]);
  for await (const text of server.stdout!.setEncoding("utf8") as AsyncIterable<string>) {
    if (/ready to accept connections/i.test(text)) break;
  }
  server.stdout!.resume();
}

async function stop(): Promise<void> {
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  await ended;
}

const connect = async () => {
  const client = createClient({ socket: { path: join(folder, "redis.sock"), tls: false }, disableOfflineQueue: true });
  client.on("error", () => undefined);
  return await client.connect();
};

let program: string;
beforeAll(async () => {
  program = await step("Redis", getRedis);
  folder = mkdtempSync(join(tmpdir(), "warren-redis-"));
  await start(program);
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

test("marks are set once, by whichever worker is first, and go with their ttl", async () => {
  const [one, two] = [await connect(), await connect()];
  const first = redisOnce(one, { ttl: "300 ms" });
  const second = redisOnce(two, { ttl: "300 ms" });
  let done = 0;
  const effect = (): void => void (done += 1);
  expect(await first.commit("m1", [effect])).toBe(true);
  expect(await second.seen("m1")).toBe(true);
  expect(await second.commit("m1", [effect])).toBe(false);
  expect(done).toBe(1);
  await expect.poll(() => second.seen("m1"), { timeout: 2000 }).toBe(false);
  one.destroy();
  two.destroy();
});

test("two workers with the same messages at the same moment: every duplicate is counted, no more", async () => {
  const clients = [await connect(), await connect()];
  const stores = clients.map((client) => redisOnce(client, { prefix: "race:", ttl: "1 minute" }));
  const runs = new Map<string, number>();
  const keys = Array.from({ length: 500 }, (_, index) => `m${index}`);
  await Promise.all(keys.flatMap((key) => stores.map((store) => store.commit(key, [() => void runs.set(key, (runs.get(key) ?? 0) + 1)]))));
  expect(runs.size).toBe(keys.length);
  const twice = [...runs.values()].reduce((sum, times) => sum + times - 1, 0);
  expect(stores.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(twice);
  for (const client of clients) client.destroy();
});

test("while Redis is away both calls reject; the marks are there again when it is", async () => {
  const client = await connect();
  const store = redisOnce(client, { ttl: "1 minute" });
  expect(await store.commit("kept", [])).toBe(true);
  await stop();
  await expect(store.seen("kept")).rejects.toThrow();
  let done = 0;
  await expect(store.commit("m2", [() => (done += 1)])).rejects.toThrow();
  expect(done).toBe(0);
  await start(program);
  await expect.poll(() => store.seen("kept").catch(() => "away"), { timeout: 10_000 }).toBe(true);
  expect(await store.commit("m2", [() => (done += 1)])).toBe(true);
  expect(done).toBe(1);
  client.destroy();
});
