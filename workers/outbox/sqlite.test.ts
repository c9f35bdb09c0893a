import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { handles } from "../../testing/sqlite.js";
import { transaction } from "../sqlite.js";
import { sqliteOutbox } from "./sqlite.js";

const at = (ms: number): Date => new Date(ms);
const order = (orderBy?: string) => ({ message: "order", body: { n: 1 }, ...(orderBy === undefined ? {} : { orderBy }) });

describe.each(handles)("sqliteOutbox on $name", ({ open }) => {
  const make = (options: Parameters<typeof sqliteOutbox>[1] = {}) => {
    let time = 1000;
    const database = open(":memory:");
    const outbox = sqliteOutbox(database, { now: () => time, ...options });
    const claim = (by: string, now = time, limit = 100) => outbox.claim({ limit, now: at(now), until: at(now + 100), by });
    return {
      database,
      outbox,
      claim,
      tick: (ms: number) => (time += ms),
      ids: async (by: string, now?: number) => (await claim(by, now)).map(({ id }) => id),
    };
  };

  test("an entry is as it was added, with an id of its own", async () => {
    const { outbox, claim } = make();
    const body = { text: "Zürich", list: [1, null, { a: "b" }] };
    const id = outbox.add({ message: "order", body, options: { priority: 3, headers: { tenant: "a" } }, orderBy: "customer-7" });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    outbox.add({ message: "refund", body: "text", options: { messageId: "mine" }, at: at(900) });
    const [refund, entry] = await claim("me");
    expect(entry).toEqual({
      ...{ id, message: "order", body, options: { priority: 3, headers: { tenant: "a" } } },
      ...{ at: at(1000), orderBy: "customer-7", attempts: 0, reason: undefined },
    });
    expect(refund).toMatchObject({ id: "mine", body: "text", options: {}, at: at(900), orderBy: undefined });
  });

  test("it goes with the transaction it was added in", async () => {
    const { database, outbox, ids } = make();
    const kept = transaction(database, () => outbox.add(order()));
    const fail = (): void => {
      outbox.add(order());
      throw new Error("no");
    };
    expect(() => transaction(database, fail)).toThrow("no");
    expect(await ids("me")).toEqual([kept]);
  });

  test("nothing is claimed while a transaction is open: it may yet be taken back", async () => {
    const { database, outbox, ids } = make();
    database.exec("BEGIN");
    const id = outbox.add(order());
    expect(await ids("me")).toEqual([]);
    database.exec("COMMIT");
    expect(await ids("me")).toEqual([id]);
  });

  test("what cannot be kept is refused when it is added", () => {
    const { outbox } = make();
    outbox.add({ ...order(), options: { messageId: "twice" } });
    expect(() => outbox.add({ ...order(), options: { messageId: "twice" } })).toThrow(/an entry with the message id "twice" already/);
    expect(() => outbox.add({ message: "order", body: undefined })).toThrow(
      /the body of message "order" is undefined, which JSON cannot hold/,
    );
    expect(() => outbox.add({ message: "order", body: 1n })).toThrow(/the body of message "order" cannot be kept as JSON/);
    expect(() => outbox.add({ ...order(), at: new Date("soon") })).toThrow(/"at" of message "order" is no date/);
    expect(outbox.counts()).toMatchObject({ waiting: 1 });
  });

  test("a claim is for one, until it runs out, is extended, or given back", async () => {
    const { outbox, ids } = make();
    const id = outbox.add(order());
    expect(await ids("one", 1000)).toEqual([id]);
    expect(await ids("two", 1099)).toEqual([]);
    await outbox.extend([id], "two", at(9000));
    expect(await ids("two", 1100)).toEqual([id]);
    await outbox.extend([id], "two", at(1500));
    await outbox.release([id], "one");
    expect(await ids("one", 1499)).toEqual([]);
    await outbox.release([id], "two", at(1600), "closed: the broker went");
    expect(await ids("one", 1599)).toEqual([]);
    expect((await outbox.next())?.getTime()).toBe(1600);
    expect(await outbox.claim({ limit: 1, now: at(1600), until: at(1700), by: "one" })).toMatchObject([
      { id, attempts: 0, reason: "closed: the broker went" },
    ]);
    await outbox.sent([id]);
    expect(outbox.counts()).toEqual({ waiting: 0, later: 0, claimed: 0, parked: 0, oldest: undefined });
    expect(await outbox.next()).toBeUndefined();
  });

  test("a later time is kept to, and counted", async () => {
    const { outbox, ids } = make();
    const later = outbox.add({ ...order(), at: at(5000) });
    const soon = outbox.add({ ...order(), at: at(2000) });
    expect((await outbox.next())?.getTime()).toBe(2000);
    expect(await ids("me", 1999)).toEqual([]);
    expect(outbox.counts(at(1999))).toEqual({ waiting: 2, later: 2, claimed: 0, parked: 0, oldest: undefined });
    expect(await ids("me", 2000)).toEqual([soon]);
    expect(outbox.counts(at(2000))).toEqual({ waiting: 2, later: 1, claimed: 1, parked: 0, oldest: at(2000) });
    expect(await ids("me", 5000)).toEqual([soon, later]);
  });

  test("an entry parks after its attempts, holds up its own kind alone, and can be retried or discarded", async () => {
    const { outbox, ids } = make({ attempts: 2 });
    const first = outbox.add(order("a"));
    const second = outbox.add(order("a"));
    const other = outbox.add(order("b"));
    expect(await ids("me", 1000)).toEqual([first, second, other]);
    expect(await outbox.failed(first, "me", "unroutable: no queue", at(2000))).toBe("waiting");
    await outbox.release([second, other], "me");
    expect(await ids("me", 1000)).toEqual([other]);
    expect(await ids("me", 2000)).toEqual([first, second, other]);
    expect(await outbox.failed(first, "me", "x".repeat(600), at(2000))).toBe("parked");
    await outbox.release([second], "me");
    expect(await ids("me", 3000)).toEqual([other]);
    expect(outbox.parked()).toMatchObject([{ id: first, attempts: 2, reason: "x".repeat(500) }]);
    expect(outbox.counts(at(3000))).toMatchObject({ waiting: 2, parked: 1 });
    expect(outbox.discard([second])).toBe(0);
    expect(outbox.retry([first, second])).toBe(1);
    expect(await ids("me", 4000)).toEqual([first, second, other]);
    expect(await outbox.failed(first, "me", "invalid", at(2000), true)).toBe("parked");
    await outbox.release([second, other], "me");
    expect(outbox.discard([first])).toBe(1);
    expect(await ids("me", 5000)).toEqual([second, other]);
  });

  test("who lost its claim cannot fail the entry", async () => {
    const { outbox, ids } = make({ attempts: 1 });
    const id = outbox.add(order());
    await ids("one", 1000);
    await ids("two", 1100);
    expect(await outbox.failed(id, "one", "late", at(0))).toBe("waiting");
    expect(outbox.counts(at(1150))).toMatchObject({ claimed: 1, parked: 0 });
  });

  test("a clock that is set back does not change the order of adding", async () => {
    const { outbox, ids, tick } = make();
    const first = outbox.add(order("a"));
    tick(-500);
    const second = outbox.add(order("a"));
    expect(await ids("me", 1000)).toEqual([first, second]);
  });

  test("wake reaches those who listen, until they do not", () => {
    const { outbox } = make();
    let heard = 0;
    const end = outbox.onWake(() => (heard += 1));
    outbox.wake();
    end();
    outbox.wake();
    expect(heard).toBe(1);
  });

  test("whatever is added, claimed, failed and sent by two: nobody has what another has, nor anything before what is ahead of it", async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant("add" as const),
        orderBy: fc.constantFrom("a", "b", undefined),
        delay: fc.constantFrom(undefined, 0, 30, 150),
      }),
      fc.record({ do: fc.constant("claim" as const), by: fc.constantFrom("one", "two"), limit: fc.integer({ min: 1, max: 4 }) }),
      fc.record({
        do: fc.constantFrom("send" as const, "fail" as const, "release" as const),
        by: fc.constantFrom("one", "two"),
        index: fc.nat(3),
      }),
      fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 120 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { database, outbox, tick } = make({ attempts: 2 });
        let now = 1000;
        const held = new Map<string, { by: string; until: number }>();
        const model: {
          id: string;
          orderBy: string | undefined;
          at: number;
          ready: number;
          parked: boolean;
          attempts: number;
          sequence: number;
        }[] = [];
        const ahead = (a: (typeof model)[number], b: (typeof model)[number]): boolean =>
          a.orderBy !== undefined && a.orderBy === b.orderBy && (a.at < b.at || (a.at === b.at && a.sequence < b.sequence));
        const free = (entry: (typeof model)[number]): boolean =>
          !entry.parked && entry.ready <= now && (held.get(entry.id)?.until ?? 0) <= now;
        let sequence = 0;
        for (const one of steps) {
          if (one.do === "add") {
            const time = one.delay === undefined ? undefined : at(now + one.delay);
            const id = outbox.add({ ...order(one.orderBy), ...(time ? { at: time } : {}) });
            const due = time?.getTime() ?? now;
            model.push({ id, orderBy: one.orderBy, at: due, ready: due, parked: false, attempts: 0, sequence: (sequence += 1) });
          } else if (one.do === "claim") {
            const expected = model
              .filter((entry) => free(entry) && !model.some((other) => ahead(other, entry) && !free(other)))
              .toSorted((a, b) => a.at - b.at || a.sequence - b.sequence)
              .slice(0, one.limit)
              .map(({ id }) => id);
            const got = await outbox.claim({ limit: one.limit, now: at(now), until: at(now + 100), by: one.by });
            expect(got.map(({ id }) => id)).toEqual(expected);
            for (const { id } of got) held.set(id, { by: one.by, until: now + 100 });
          } else if (one.do === "wait") {
            now += one.ms;
            tick(one.ms);
          } else {
            const mine = [...held].filter(([, { by }]) => by === one.by).map(([id]) => id);
            const id = mine[one.index % Math.max(mine.length, 1)];
            const entry = model.find((candidate) => candidate.id === id);
            if (id === undefined || !entry) continue;
            held.delete(id);
            if (one.do === "send") {
              await outbox.sent([id]);
              model.splice(model.indexOf(entry), 1);
            } else if (one.do === "release") {
              await outbox.release([id], one.by, at(now + 20));
              entry.ready = Math.max(entry.ready, now + 20);
            } else {
              entry.attempts += 1;
              entry.ready = now + 50;
              entry.parked = entry.attempts >= 2;
              expect(await outbox.failed(id, one.by, "why", at(now + 50))).toBe(entry.parked ? "parked" : "waiting");
            }
          }
          expect(outbox.counts(at(now))).toMatchObject({
            waiting: model.filter(({ parked }) => !parked).length,
            parked: model.filter(({ parked }) => parked).length,
          });
        }
        database.close();
      }),
      { numRuns: 60 },
    );
  });
});
