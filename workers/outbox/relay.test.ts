import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PublishError } from "../errors.js";
import { type OutboxEntry, type Publish, relay, type RelayOptions, sqliteOutbox } from "./index.js";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let folder: string;
let ends: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-outbox-"));
});
afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
  rmSync(folder, { recursive: true });
});

const open = (attempts = 10) => sqliteOutbox(new Database(join(folder, "file.db")), { attempts, synchronous: "NORMAL" });

/** Runs a relay until the test's end, or `stop`. */
function run(outbox: ReturnType<typeof open>, publish: Publish, options: Partial<RelayOptions> = {}) {
  const controller = new AbortController();
  const running = relay(outbox, publish, { interval: 20, signal: controller.signal, ...options });
  running.catch(() => undefined);
  const stop = async (): Promise<void> => {
    controller.abort();
    await running;
  };
  ends.push(() => stop().catch(() => undefined));
  return { running, stop };
}

const until = (outbox: ReturnType<typeof open>, waiting = 0): Promise<void> =>
  expect.poll(() => outbox.counts().waiting, { timeout: 10_000, interval: 5 }).toBe(waiting);

describe("relay", () => {
  test("publishes in order, with message id and options, and forgets after the confirm", async () => {
    const outbox = open();
    const calls: unknown[] = [];
    const ids = [1, 2, 3].map((n) => outbox.add({ message: "order", body: { n }, options: { priority: n } }));
    run(outbox, async (message, body, options) => void calls.push([message, body, options]));
    await until(outbox);
    expect(calls).toEqual(ids.map((messageId, index) => ["order", { n: index + 1 }, { priority: index + 1, messageId }]));
  });

  test("an entry is there until its confirm, and stays where none comes", async () => {
    const outbox = open();
    outbox.add({ message: "order", body: 1 });
    let confirm = (): void => undefined;
    const { stop } = run(outbox, () => new Promise<void>((resolve) => (confirm = resolve)));
    await expect.poll(() => outbox.counts().claimed).toBe(1);
    const stopped = stop();
    await pause(50);
    expect(outbox.counts().waiting).toBe(1);
    confirm();
    await stopped;
    expect(outbox.counts().waiting).toBe(0);
  });

  test("wake is heard at once, also while a look is under way, and a planned time is kept to", async () => {
    const outbox = open();
    const sent: { n: unknown; at: number }[] = [];
    run(outbox, async (_, n) => void sent.push({ n, at: Date.now() }), { interval: 60_000 });
    await pause(30);
    outbox.add({ message: "order", body: "now" });
    outbox.wake();
    const planned = Date.now() + 150;
    outbox.add({ message: "order", body: "later", at: new Date(planned) });
    await until(outbox);
    expect(sent.map(({ n }) => n)).toEqual(["now", "later"]);
    expect(sent[1]!.at).toBeGreaterThanOrEqual(planned);
    expect(sent[1]!.at).toBeLessThan(planned + 1000);
  });

  test("entries with the same orderBy go one after the other; a failing one holds up its own kind alone", async () => {
    const outbox = open();
    for (const [orderBy, n] of [
      ["a", 1],
      ["b", 1],
      ["a", 2],
      ["a", 3],
      ["b", 2],
    ] as const)
      outbox.add({ message: "order", body: `${orderBy}${n}`, orderBy });
    const done: unknown[] = [];
    let failing = true;
    const under = new Set<string>();
    const fates: string[] = [];
    run(
      outbox,
      async (_, body) => {
        const word = (body as string)[0]!;
        expect(under.has(word)).toBe(false);
        under.add(word);
        await pause(Math.random() * 5);
        under.delete(word);
        if (body === "a2" && failing) {
          failing = false;
          throw new PublishError("unroutable", "no queue takes it");
        }
        done.push(body);
      },
      { onFailure: (entry, error, fate) => fates.push(`${String(entry.body)} ${(error as PublishError).code} ${fate}`) },
    );
    await until(outbox, 2);
    expect(done.toSorted()).toEqual(["a1", "b1", "b2"]);
    await until(outbox);
    expect(done.filter((body) => (body as string).startsWith("a"))).toEqual(["a1", "a2", "a3"]);
    expect(done.filter((body) => (body as string).startsWith("b"))).toEqual(["b1", "b2"]);
    expect(fates).toEqual(["a2 unroutable waiting"]);
  });

  test("a broker that is away uses up no attempt; when it is back, everything goes out", async () => {
    const outbox = open(1);
    for (let n = 0; n < 250; n += 1) outbox.add({ message: "order", body: n });
    let away = true;
    const got = new Set<unknown>();
    let refused = 0;
    run(
      outbox,
      async (_, body) => {
        if (away) {
          refused += 1;
          throw new PublishError("closed", "the connection is lost");
        }
        got.add(body);
      },
      { interval: 10 },
    );
    await expect.poll(() => refused).toBeGreaterThan(300);
    expect(outbox.counts()).toMatchObject({ waiting: 250, parked: 0 });
    away = false;
    outbox.wake();
    await until(outbox);
    expect(got.size).toBe(250);
  });

  test("entries of a full queue wait, and hold up no others, however many they are", async () => {
    const outbox = open(1);
    for (let n = 0; n < 20; n += 1) outbox.add({ message: "full", body: n });
    outbox.add({ message: "order", body: "through" });
    const got: unknown[] = [];
    run(
      outbox,
      async (message, body) => {
        if (message === "full") throw new PublishError("nacked", "the queue is full");
        got.push(body);
      },
      { batch: 5 },
    );
    await expect.poll(() => got).toEqual(["through"]);
    expect(outbox.counts()).toMatchObject({ waiting: 20, parked: 0 });
  });

  test("hopeless ones are parked at once, others after their attempts, and both are told", async () => {
    const outbox = open(1);
    const fates: [OutboxEntry, string][] = [];
    outbox.add({ message: "order", body: "invalid" });
    outbox.add({ message: "order", body: "strange" });
    run(
      outbox,
      async (_, body) => {
        throw body === "invalid" ? new PublishError("invalid", "n is missing\nand so is the rest") : new Error("what is this");
      },
      { onFailure: (entry, _error, fate) => fates.push([entry, fate]) },
    );
    await until(outbox);
    expect(fates.map(([{ body }, fate]) => [body, fate]).toSorted()).toEqual([
      ["invalid", "parked"],
      ["strange", "parked"],
    ]);
    expect(outbox.parked().map(({ reason }) => reason)).toEqual(["invalid: n is missing", "what is this"]);
  });

  test("a publish that never answers is given up, and tried again with the same message id", async () => {
    const outbox = open();
    const id = outbox.add({ message: "order", body: 1 });
    const tried: string[] = [];
    run(outbox, (_, __, { messageId }) => (tried.push(messageId) === 1 ? new Promise(() => undefined) : Promise.resolve()), {
      timeout: 30,
    });
    await until(outbox);
    expect(tried).toEqual([id, id]);
  });

  test("a relay that lives keeps its claim for longer than its lease", async () => {
    const [one, two] = [open(), open()];
    one.add({ message: "order", body: 1 });
    let count = 0;
    const slow: Publish = async () => {
      count += 1;
      await pause(300);
    };
    run(one, slow, { lease: 60 });
    await expect.poll(() => count).toBe(1);
    run(two, slow, { lease: 60 });
    await until(one);
    expect(count).toBe(1);
  });

  test("two relays on one file share the work: every entry once, in its order", async () => {
    const producer = open();
    const words = ["a", "b", "c", undefined];
    const got: { n: number; word: string | undefined }[] = [];
    const publish: Publish = async (_, body) => {
      await pause(Math.random() * 4);
      got.push(body as (typeof got)[number]);
    };
    const by = [0, 0];
    [0, 1].forEach((index) =>
      run(
        open(),
        async (...given) => {
          by[index]! += 1;
          return await publish(...given);
        },
        { batch: 7, interval: 5 },
      ),
    );
    for (let n = 0; n < 400; n += 1) {
      const word = words[n % 4];
      producer.add({ message: "order", body: { n, word }, ...(word === undefined ? {} : { orderBy: word }) });
      if (n % 20 === 0) await pause(3);
    }
    await until(producer);
    expect(got.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, n) => n));
    for (const word of ["a", "b", "c"]) {
      const own = got.filter((one) => one.word === word).map(({ n }) => n);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
    expect(Math.min(...by)).toBeGreaterThan(0);
  });

  test("ends with the store's own error, and outlasts a busy file", async () => {
    const outbox = open();
    let busy = 3;
    let got = 0;
    const flaky: typeof outbox = {
      ...outbox,
      sent(ids) {
        if ((busy -= 1) >= 0) throw Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
        return outbox.sent(ids);
      },
    };
    outbox.add({ message: "order", body: 1 });
    run(flaky, async () => void (got += 1));
    await until(outbox);
    expect(got).toBe(1);
    const broken: typeof outbox = {
      ...outbox,
      claim() {
        throw new Error("no such table");
      },
    };
    await expect(run(broken, async () => undefined).running).rejects.toThrow("no such table");
  });
});
