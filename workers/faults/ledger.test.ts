import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verdict, type Entry } from "./ledger.js";

const entry = (kind: Entry["kind"], id: string, at = 0, reason?: string): Entry => ({
  kind,
  id,
  at,
  ...(reason === undefined ? {} : { reason }),
});
const entries = (text: string): Entry[] =>
  text.split(" ").map((word, at) => {
    const [kind = "", id = ""] = word.split(":");
    return entry(kind as Entry["kind"], id, at);
  });

describe("the verdict", () => {
  it("a message that was confirmed and never had an effect is lost", () => {
    expect(verdict(entries("sent:a sent:b confirmed:a confirmed:b delivered:a effect:a delivered:b"))).toMatchObject({
      ...{ sent: 2, confirmed: 2, processed: 1, lost: ["b"], notExactlyOnce: ["b"], duplicates: 0, unexpected: [] },
    });
  });

  it("one in the dead-letter queue is discarded, or poison", () => {
    const seen = entries("sent:a confirmed:a dead:a sent:b confirmed:b dead:b");
    expect(verdict(seen, { poison: new Set(["b"]) })).toMatchObject({ lost: [], discarded: ["a"], notExactlyOnce: ["a"] });
  });

  it("one that is still in a queue waits", () => {
    expect(verdict(entries("sent:a confirmed:a left:a sent:b confirmed:b left:b effect:b"))).toMatchObject({ lost: [], waiting: ["a"] });
  });

  it("one that failed or never had an answer is not lost", () => {
    expect(verdict(entries("sent:a failed:a sent:b sent:c failed:c effect:c"))).toMatchObject({
      ...{ lost: [], failed: 2, unanswered: 1, failedYetProcessed: 1, notExactlyOnce: [] },
    });
  });

  it.each(["returned:a confirmed:a", "confirmed:a returned:a"])("a return takes the confirm back (%s)", (order) => {
    expect(verdict(entries(`sent:a ${order}`))).toMatchObject({ confirmed: 0, returned: 1, confirmedYetReturned: 1, lost: [], failed: 0 });
  });

  it("a confirm after a time-out is a confirm", () => {
    expect(verdict(entries("sent:a failed:a confirmed:a"))).toMatchObject({ confirmed: 1, failed: 0, lost: ["a"] });
  });

  it("an effect of what was never sent is unexpected", () => {
    expect(verdict(entries("effect:a sent:b effect:b effect:b effect:b"))).toMatchObject({
      unexpected: ["a"],
      duplicates: 2,
      notExactlyOnce: ["b"],
    });
  });

  it("times count from the healing, for messages sent after it", () => {
    const seen = [
      entry("sent", "early", 90),
      entry("confirmed", "early", 101),
      entry("effect", "early", 102),
      entry("sent", "late", 110),
      entry("confirmed", "late", 125),
      entry("effect", "late", 140),
      entry("sent", "later", 120),
      entry("confirmed", "later", 121),
    ];
    expect(verdict(seen, { healedAt: 100 })).toMatchObject({ publishMs: 21, processMs: 40 });
    expect(verdict(seen, { healedAt: 115 })).toMatchObject({ publishMs: 6, processMs: undefined });
    expect(verdict(seen)).toMatchObject({ publishMs: undefined, processMs: undefined });
  });

  it("counts reasons of what failed", () => {
    const seen = [
      entry("sent", "a"),
      entry("failed", "a", 1, "timeout"),
      entry("failed", "b", 1, "timeout"),
      entry("failed", "c", 1, "closed"),
    ];
    expect(verdict([...seen, entry("confirmed", "c", 2)]).reasons).toEqual({ timeout: 2 });
  });
});

const anyEntry = fc.record({
  kind: fc.constantFrom("sent", "confirmed", "failed", "returned", "delivered", "effect", "dead", "left"),
  id: fc.constantFrom("a", "b", "c", "d"),
  at: fc.integer({ min: 0, max: 100 }),
}) satisfies fc.Arbitrary<Entry>;

describe("for any history", () => {
  it("the order in which it is told does not matter", () => {
    fc.assert(
      fc.property(
        fc
          .array(anyEntry, { maxLength: 30 })
          .chain((one) => fc.tuple(fc.constant(one), fc.shuffledSubarray(one, { minLength: one.length }))),
        ([one, shuffled]) => {
          expect(verdict(shuffled, { healedAt: 50 })).toEqual(verdict(one, { healedAt: 50 }));
        },
      ),
    );
  });

  it("every message that was sent has one fate, and every effect is counted once", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 40 }), (history) => {
        const sent = new Set(history.filter(({ kind }) => kind === "sent").map(({ id }) => id));
        const known = history.filter(({ id }) => sent.has(id));
        const found = verdict(known);
        expect(found.confirmed + found.failed + found.returned + found.unanswered).toBe(found.sent);
        expect(found.processed + found.duplicates).toBe(known.filter(({ kind }) => kind === "effect").length);
        expect(found.unexpected).toEqual([]);
      }),
    );
  });

  it("lost is what a plain reading says, and more effects never make more lost", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 40 }), fc.constantFrom("a", "b", "c", "d"), (history, id) => {
        const has = (kind: Entry["kind"], one: string): boolean => history.some((each) => each.kind === kind && each.id === one);
        const plain = ["a", "b", "c", "d"].filter(
          (one) => has("confirmed", one) && !has("returned", one) && !has("effect", one) && !has("dead", one) && !has("left", one),
        );
        expect(verdict(history).lost).toEqual(plain);
        expect(verdict([...history, entry("effect", id)]).lost).toEqual(plain.filter((one) => one !== id));
      }),
    );
  });
});
