/** A store keeps what it answered with 200, whatever becomes of its process; its client says why a call failed. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { storeProcess } from "../../../testing/store-process.js";
import { StoreClient, storeServer, type StoreOptions } from "./index.js";
import { Journal } from "./journal.js";

async function store(options: Partial<StoreOptions> = {}, timeout?: number): Promise<StoreClient> {
  const server = await storeServer({ port: 0, ...options });
  const client = new StoreClient({ name: "graph", url: server.url, ...(timeout === undefined ? {} : { timeout }) });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  return client;
}

test("records are put by their id, so that the same again changes nothing", async () => {
  const client = await store();
  await client.put("users", "a/b", { n: 1 });
  await client.put("users", "a/b", { n: 2 });
  await client.putAll("users", [
    { id: "a/b", value: { n: 3 } },
    { id: "c", value: null },
  ]);
  expect(await client.get("users", "a/b")).toEqual({ n: 3 });
  expect(await client.get("users", "nobody")).toBeUndefined();
  expect(await client.list("users")).toEqual([
    { id: "a/b", value: { n: 3 } },
    { id: "c", value: null },
  ]);
  expect(await client.counts()).toEqual({ users: { records: 2, writes: 4 } });
  await client.remove("users", "c");
  expect(await client.counts()).toMatchObject({ users: { records: 1 } });
});

test("functions answer the same to the same, and refuse for good what they cannot take", async () => {
  const client = await store();
  expect(await client.run("parse", "One two.\nBuy three.")).toEqual({ lines: 2, words: 4, text: "One two. Buy three." });
  expect(await client.run("strategies", { text: "One two. Buy three." })).toEqual({ strategies: ["Buy three."] });
  await expect(client.run("parse", 7)).rejects.toMatchObject({ message: "graph: answered 422: the parser takes a text", lasting: true });
  await expect(client.run("dance", 7)).rejects.toMatchObject({ lasting: true });
});

test("it has what it is given, takes what a webhook tells once, and lets the oldest go where it keeps only so many", async () => {
  const server = await storeServer({ port: 0, keep: 3, records: { sessions: { a: { n: 1 } } } });
  const client = new StoreClient({ name: "store", url: server.url });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  expect(await client.get("sessions", "a")).toEqual({ n: 1 });
  const told = async (key: string | undefined, body: unknown): Promise<number> => {
    const headers = { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) };
    return (await fetch(`${server.url}/hooks/new`, { method: "POST", headers, body: JSON.stringify(body) })).status;
  };
  expect(await Promise.all([told("m1", { n: 1 }), told("m1", { n: 1 }), told(undefined, { n: 2 })])).toEqual([200, 200, 200]);
  expect(await client.counts()).toMatchObject({ "hooks/new": { records: 2, writes: 3 } });
  for (const id of ["b", "a", "c", "d", "e"]) await client.put("sessions", id, { n: 2 });
  expect((await client.list("sessions")).map(({ id }) => id)).toEqual(["c", "d", "e"]);
});

test("failures say whether trying again may help", async () => {
  const failing = await store({ behaviour: { failureRate: 1 } });
  await expect(failing.put("a", "b", 1)).rejects.toMatchObject({ name: "StoreError", lasting: false });
  expect(await failing.counts()).toEqual({});
  const slow = await store({ behaviour: { delay: 500 } }, 50);
  await expect(slow.put("a", "b", 1)).rejects.toThrow("graph: no answer within 50 ms");
  const gone = new StoreClient({ name: "graph", url: "http://127.0.0.1:1" });
  await expect(gone.put("a", "b", 1)).rejects.toMatchObject({ message: "graph: nobody listens there", lasting: false });
  await expect(slow.get("a", "b", { signal: AbortSignal.abort(new Error("over")) })).rejects.toMatchObject({ lasting: false });
  expect(() => new StoreClient({ name: "graph", url: "graph:7000" })).toThrow('The address of graph is "graph:7000".');
});

test("a journal whose last line was cut off has the lines before it, and goes on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-journal-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "records");
  const first = await Journal.open(path);
  await Promise.all([1, 2, 3].map((n) => first.put("n", [{ id: `${n}`, value: "ä" }])));
  await first.close();
  appendFileSync(path, '{"collection":"n","id":"4","val');
  const second = await Journal.open(path);
  await second.put("n", [{ id: "5", value: 5 }]);
  await second.close();
  const third = await Journal.open(path);
  expect(third.list("n").map(({ id }) => id)).toEqual(["1", "2", "3", "5"]);
  expect(readFileSync(path, "utf8").split("\n").length).toBe(5);
  await third.close();
});

test("a process that is killed in the middle has, started again, all that it answered", { timeout: 30_000 }, async () => {
  const { client, kill, start } = await storeProcess();
  const kept: string[] = [];
  const writing = Promise.allSettled(
    Array.from({ length: 2000 }, async (_, n) => {
      await client.put("n", `${n}`, n);
      kept.push(`${n}`);
    }),
  );
  await expect.poll(() => kept.length, { interval: 1 }).toBeGreaterThan(100);
  await kill();
  await writing;
  expect(kept.length).toBeLessThan(2000);
  await start();
  const there = new Set((await client.list("n")).map(({ id }) => id));
  expect(kept.filter((id) => !there.has(id))).toEqual([]);
});
