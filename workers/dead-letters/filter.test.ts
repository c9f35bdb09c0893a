/** Filters: each part alone, all together, and what is not known. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isEmpty, matches, wanted, type Filter } from "./filter.js";
import type { Letter } from "./letter.js";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const HOUR = 3_600_000;

const letter = (more: Partial<Letter> = {}): Letter => ({
  id: "a",
  name: "order",
  reason: "rejected",
  from: "orders",
  attempt: undefined,
  history: [],
  deaths: [],
  origin: undefined,
  diedAt: NOW - HOUR,
  requeued: 0,
  mark: undefined,
  ...more,
});

test.each<[string, Filter, boolean]>([
  ["nothing", {}, true],
  ["the reason", { reasons: ["rejected"] }, true],
  ["one of the reasons", { reasons: ["expired", "rejected"] }, true],
  ["another reason", { reasons: ["expired"] }, false],
  ["the queue", { from: ["orders"] }, true],
  ["another queue", { from: ["order"] }, false],
  ["the id", { ids: ["b", "a"] }, true],
  ["another id", { ids: ["A"] }, false],
  ["the name", { names: ["order"] }, true],
  ["another name", { names: ["bill"] }, false],
  ["older than less", { olderThan: HOUR - 1 }, true],
  ["older than its own age", { olderThan: HOUR }, false],
  ["younger than more", { youngerThan: HOUR + 1 }, true],
  ["younger than its own age", { youngerThan: HOUR }, false],
  ["a header", { headers: { tenant: "acme" } }, true],
  ["a header of another type", { headers: { n: "3" } }, false],
  ["a typed header", { headers: { n: 3 } }, true],
  ["a nested one", { headers: { deep: { list: [1, "x", null] } } }, true],
  ["a nested one that differs", { headers: { deep: { list: [1, "x"] } } }, false],
  ["a header that is not there", { headers: { gone: "x" } }, false],
  ["a name that every object has", { headers: { toString: "x" } }, false],
  ["two headers of which one differs", { headers: { tenant: "acme", n: 4 } }, false],
  ["all of several", { reasons: ["rejected"], from: ["orders"], headers: { n: 3 }, olderThan: 1 }, true],
  ["all but one", { reasons: ["rejected"], from: ["bills"], headers: { n: 3 } }, false],
])("%s", (_, filter, expected) => {
  const headers = { tenant: "acme", n: 3, deep: { list: [1, "x", null] } };
  expect(matches(filter, letter(), headers, NOW)).toBe(expected);
});

test("what is not known matches no filter for it", () => {
  const unknown = letter({ id: undefined, name: undefined, reason: undefined, from: undefined, diedAt: undefined });
  const parts: Filter[] = [
    { ids: ["a"] },
    { names: ["order"] },
    { reasons: ["rejected"] },
    { from: ["orders"] },
    { olderThan: 0 },
    { youngerThan: 1e15 },
  ];
  for (const filter of parts) expect(matches(filter, unknown, {}, NOW)).toBe(false);
  expect(matches({}, unknown, {}, NOW)).toBe(true);
});

test("with a filter nobody knows how many have to be taken, until there are enough", () => {
  expect([wanted({}, 5, 2), wanted({}, 5, 5), wanted({ ids: ["a"] }, 5, 2), wanted({ ids: ["a"] }, 5, 5), wanted({}, Infinity, 2)]).toEqual(
    [3, 0, Infinity, 0, Infinity],
  );
});

describe("properties", () => {
  const word = fc.constantFrom("a", "b", "c");
  const words = fc.option(fc.array(word, { maxLength: 2 }), { nil: undefined });
  const ms = fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined });
  const headers = fc.dictionary(word, fc.oneof(word, fc.integer({ min: 0, max: 2 })), { maxKeys: 2 });
  const filters = fc.record({ reasons: words, from: words, ids: words, names: words, olderThan: ms, youngerThan: ms, headers });
  const some = fc.option(word, { nil: undefined });
  const letters = fc
    .record({
      id: some,
      name: some,
      reason: some,
      from: some,
      diedAt: fc.option(fc.integer({ min: NOW - 10, max: NOW }), { nil: undefined }),
    })
    .map((parts) => letter(parts));

  test("a filter holds when each of its parts does", () => {
    fc.assert(
      fc.property(filters, letters, headers, (filter, of, its) => {
        const parts = Object.entries(filter).map(([name, value]) => ({ [name]: value }));
        expect(matches(filter, of, its, NOW)).toBe(parts.every((part) => matches(part, of, its, NOW)));
      }),
    );
  });

  test("an empty filter takes everything, and is the only one that says it is empty", () => {
    fc.assert(
      fc.property(filters, letters, headers, (filter, of, its) => {
        if (isEmpty(filter)) expect(matches(filter, of, its, NOW)).toBe(true);
        expect(isEmpty(filter)).toBe(
          Object.values({ ...filter, headers: undefined }).every((part) => part === undefined) && Object.keys(filter.headers).length === 0,
        );
      }),
    );
  });
});
