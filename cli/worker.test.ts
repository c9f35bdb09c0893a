// What the image's environment makes of `work` alone.
import { expect, test } from "vitest";
import { wordsOf } from "./worker.js";

test.each([
  [["work"], { WARREN_SYSTEM: "debias", WARREN_SERVICE: "neo4j-worker" }, ["work", "debias", "--service", "neo4j-worker"]],
  [
    ["work"],
    { WARREN_SYSTEM: "/t.json", WARREN_SERVICE: "s", WARREN_HANDLERS: "/h.mjs" },
    ["work", "/t.json", "--service", "s", "--handlers", "/h.mjs"],
  ],
  [["work", "stage7"], { WARREN_SYSTEM: "debias", WARREN_SERVICE: "s" }, ["work", "stage7"]],
  [["tail", "q"], { WARREN_SYSTEM: "debias" }, ["tail", "q"]],
  [[], { WARREN_SYSTEM: "debias" }, []],
])("%j with %j", (words, environment, expected) => expect(wordsOf(words, environment)).toEqual(expected));

test.each([
  [{}, "WARREN_SYSTEM and WARREN_SERVICE not set"],
  [{ WARREN_SYSTEM: " ", WARREN_SERVICE: "s" }, "WARREN_SYSTEM not set"],
  [{ WARREN_SYSTEM: "debias" }, "WARREN_SERVICE not set"],
])("%j is too little", (environment, message) => expect(() => wordsOf(["work"], environment)).toThrow(message));
