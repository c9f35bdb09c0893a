import { describe, expect, test } from "vitest";
import { type RedisClient, redisOnce } from "./redis.js";

/** A Redis that has two commands. `between` is done before a mark is set: what another worker may do meanwhile. */
function fake(between: (marks: Map<string, number>) => void = () => undefined): RedisClient & { marks: Map<string, number> } {
  const marks = new Map<string, number>();
  return {
    marks,
    exists: async (key) => (marks.has(key) ? 1 : 0),
    set: async (key, _value, { expiration }) => {
      between(marks);
      if (marks.has(key)) return null;
      marks.set(key, expiration.value);
      return "OK";
    },
  };
}

describe("redisOnce", () => {
  test("runs the effects of a key once, and marks it with prefix and ttl", async () => {
    const client = fake();
    const store = redisOnce(client, { prefix: "mail:", ttl: "2 hours" });
    let done = 0;
    expect(await store.seen("m1")).toBe(false);
    expect(await store.commit("m1", [() => (done += 1)])).toBe(true);
    expect(await store.seen("m1")).toBe(true);
    expect(await store.commit("m1", [() => (done += 1)])).toBe(false);
    expect(done).toBe(1);
    expect(store.duplicates).toBe(0);
    expect([...client.marks]).toEqual([["mail:m1", 7_200_000]]);
  });

  test("counts what another worker had done at the same time", async () => {
    const store = redisOnce(
      fake((marks) => marks.set("warren:once:m1", 1)),
      { ttl: "1 hour" },
    );
    expect(await store.commit("m1", [])).toBe(true);
    expect(store.duplicates).toBe(1);
  });

  test("a throwing effect leaves no mark, and one that gives a promise is refused", async () => {
    const client = fake();
    const store = redisOnce(client, { ttl: "1 hour" });
    const fail = (): void => {
      throw new Error("no such customer");
    };
    await expect(store.commit("m1", [fail])).rejects.toThrow("no such customer");
    await expect(store.commit("m1", [async () => undefined])).rejects.toThrow(/gave a promise/);
    expect(client.marks.size).toBe(0);
  });

  test("a ttl is needed", () => {
    expect(() => redisOnce(fake(), {} as { ttl: "1 hour" })).toThrow(/has no ttl/);
    expect(() => redisOnce(fake(), { ttl: "0 seconds" })).toThrow(/ttl is "0 seconds"; allowed: a duration above 0/);
  });
});
