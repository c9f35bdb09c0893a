import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryOnce } from "./memory.js";

describe("memoryOnce", () => {
  test("runs the effects of a key once, in order", () => {
    const store = memoryOnce();
    const done: string[] = [];
    expect(store.seen("m1")).toBe(false);
    expect(store.commit("m1", [() => done.push("a"), () => done.push("b")])).toBe(true);
    expect(store.seen("m1")).toBe(true);
    expect(store.commit("m1", [() => done.push("c")])).toBe(false);
    expect(done).toEqual(["a", "b"]);
  });

  test("a throwing effect is thrown on and leaves no mark", () => {
    const store = memoryOnce();
    expect(() =>
      store.commit("m1", [
        () => {
          throw new Error("store is full");
        },
      ]),
    ).toThrow("store is full");
    expect(store.seen("m1")).toBe(false);
  });

  test("an effect that gives a promise is refused", () => {
    const store = memoryOnce();
    expect(() => store.commit("m1", [async () => undefined])).toThrow(/gave a promise.*\n.*not async/);
    expect(store.seen("m1")).toBe(false);
  });

  test("forgets after the ttl, and takes the place back", () => {
    let time = 1000;
    const store = memoryOnce({ ttl: "1 second", now: () => time });
    store.commit("m1", []);
    time += 999;
    expect(store.seen("m1")).toBe(true);
    store.commit("m2", []);
    time += 1;
    expect(store.seen("m1")).toBe(false);
    store.commit("m3", []);
    expect(store.size).toBe(2);
    expect(store.commit("m1", [])).toBe(true);
  });

  test("what it cannot be is an error with what is allowed", () => {
    expect(() => memoryOnce({ max: 0 })).toThrow(/max is 0; allowed: a whole number/);
    expect(() => memoryOnce({ ttl: "soon" as "1 second" })).toThrow(/ttl is "soon"; allowed: a duration above 0, such as "500 ms"/);
  });

  test("holds the newest keys, never more than max, and agrees with a plain model", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "g")), (max, keys) => {
        const store = memoryOnce({ max });
        let model: string[] = [];
        for (const key of keys) {
          expect(store.seen(key)).toBe(model.includes(key));
          const fresh = !model.includes(key);
          expect(store.commit(key, [])).toBe(fresh);
          if (fresh) model = [...model, key].slice(-max);
          expect(store.size).toBe(model.length);
        }
      }),
    );
  });
});
