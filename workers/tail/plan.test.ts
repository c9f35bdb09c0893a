/** What a copy is bound to, and what it says that it cannot see. */
import { expect, test } from "vitest";
import { ofExchange, ofQueue } from "./plan.js";

const types = (exchange: string): string | undefined => ({ in: "topic", all: "fanout", ring: "x-consistent-hash" })[exchange];

test("a queue's own bindings, without the default exchange's", () => {
  const feeds = [
    { exchange: "", key: "q", arguments: {} },
    { exchange: "in", key: "a.*", arguments: {} },
    { exchange: "all", key: "", arguments: { x: 1 } },
  ];
  const { bindings, notes } = ofQueue("q", feeds, types);
  expect(bindings).toEqual(feeds.slice(1));
  expect(notes).toEqual([expect.stringMatching(/already.*default exchange.*retry ladder/)]);
});

test("no exchange that shares out its messages: a copy would take another queue's", () => {
  const { bindings, notes } = ofQueue(
    "q",
    [
      { exchange: "ring", key: "1", arguments: {} },
      { exchange: "lost", key: "", arguments: {} },
    ],
    types,
  );
  expect(bindings).toEqual([]);
  expect(notes.slice(1)).toEqual([expect.stringContaining('"ring" (x-consistent-hash)'), expect.stringContaining('"lost" (unknown type)')]);
  expect(ofExchange("ring", "x-consistent-hash", [{ key: "1", arguments: {} }], undefined).bindings).toEqual([]);
});

test("an exchange: each binding once, or the key that is given with what it changes", () => {
  const bound = [
    { key: "a", arguments: {} },
    { key: "a", arguments: {} },
    { key: "a", arguments: { x: 1, y: 2 } },
    { key: "a", arguments: { y: 2, x: 1 } },
    { key: "b", arguments: {} },
  ];
  expect(ofExchange("in", "topic", bound, undefined).bindings.map(({ key, arguments: args }) => [key, args])).toEqual([
    ["a", {}],
    ["a", { y: 2, x: 1 }],
    ["b", {}],
  ]);
  const chosen = ofExchange("in", "topic", bound, "#");
  expect(chosen.bindings).toEqual([{ exchange: "in", key: "#", arguments: {} }]);
  expect(chosen.notes).toEqual([expect.stringContaining("not returned")]);
});
