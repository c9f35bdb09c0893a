import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "./compile/compile.js";
import type { PlannedBinding, PlannedExchange } from "./compile/plan.js";
import type { Topology } from "./model.js";
import { fill } from "./names.js";
import { MAX_PATHS, router } from "./routing.js";

const of = (topology: Omit<Topology, "name">) => router(compile({ name: "t", ...topology }));
const q = { type: "quorum" } as const;

/** The definition of topic matching, word by word. */
function matches(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === "#") return matches(rest, words) || (words.length > 0 && matches(pattern, words.slice(1)));
  return words.length > 0 && (first === "*" || first === words[0]) && matches(rest, words.slice(1));
}
const split = (text: string): string[] => (text === "" ? [] : text.split("."));
const text = (words: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
  fc.array(words, { maxLength }).map((list) => list.join("."));

describe("a topic exchange", () => {
  it("matches by the definition, for any patterns and key", () => {
    const patterns = fc.uniqueArray(text(fc.constantFrom("a", "b", "", "*", "#", "#"), 6), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(patterns, text(fc.constantFrom("a", "b", "c", "", "*", "#"), 6), (patterns, key) => {
        const queues = Object.fromEntries(patterns.map((pattern) => [`q ${pattern}`, { ...q, from: { t: pattern } }]));
        const { queues: got } = of({ exchanges: { t: { type: "topic" } }, queues }).route("t", key);
        expect([...got].sort()).toEqual(
          patterns
            .filter((pattern) => matches(split(pattern), split(key)))
            .map((pattern) => `q ${pattern}`)
            .sort(),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("takes no longer for many `#` in one pattern", () => {
    const routes = of({ exchanges: { t: { type: "topic" } }, queues: { one: { ...q, from: { t: `${"#.a.".repeat(20)}b` } } } });
    const before = performance.now();
    expect(routes.route("t", Array.from({ length: 60 }, () => "a").join(".")).unroutable).toBe(true);
    expect(performance.now() - before).toBeLessThan(200);
  });
});

describe("reach", () => {
  it("gives what some way of filling in the placeholders reaches, and nothing else", () => {
    const words = ["a", "b", "ab", "ba", ""];
    const keyWord = fc.constantFrom("a", "b", "{x}", "{y}", "a{x}", "{y}b", "*");
    const pattern = text(fc.constantFrom(...words, "*", "#"), 4).filter((key) => key.split("#").length <= 3);
    // Each placeholder once: one that occurs twice is taken for two.
    const key = text(keyWord, 4).filter((key) => (key.match(/x/g)?.length ?? 0) <= 1 && (key.match(/y/g)?.length ?? 0) <= 1);
    fc.assert(
      fc.property(
        fc.constantFrom("topic" as const, "direct" as const),
        fc.uniqueArray(pattern, { minLength: 1, maxLength: 8 }),
        key,
        (type, patterns, key) => {
          const queues = Object.fromEntries(patterns.map((pattern) => [`q ${pattern}`, { ...q, from: { t: pattern } }]));
          const routes = of({ exchanges: { t: { type } }, queues });
          const values = ["a", "b", "aa", "bb", "ab", "ba", "z", "*", "#"];
          const filled = new Set(values.flatMap((x) => values.flatMap((y) => routes.route("t", fill(key, { x, y })).queues)));
          expect(new Set(routes.reach("t", key))).toEqual(filled);
          const { certain } = routes.route("t", key, { placeholders: true });
          for (const queue of certain) for (const x of values) expect(routes.route("t", fill(key, { x, y: "z" })).queues).toContain(queue);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("names templates as they stand, whichever way their keys are filled in", () => {
    const routes = of({
      exchanges: { t: { type: "topic" }, d: { type: "direct" } },
      templates: { inbox: { ...q, name: "{kind}-{id}", from: { t: ["to.{id}", "all.#"], d: "x-{id}" } } },
    });
    for (const [exchange, key] of [
      ["t", "to.{other}"],
      ["t", "to.42"],
      ["t", "all"],
      ["t", "{any}"],
      ["d", "{p}-7"],
      ["", "{p}-7"],
    ] as const)
      expect(routes.reach(exchange, key), `${exchange} ${key}`).toEqual(["{kind}-{id}"]);
    expect(routes.reach("t", "from.{id}")).toEqual([]);
    expect(routes.reach("d", "y{p}")).toEqual([]);
  });
});

describe("queues of instances", () => {
  const routes = of({
    exchanges: { t: { type: "topic", alternateExchange: "rest" }, rest: { type: "fanout" } },
    queues: { log: { ...q, from: { t: "log" } }, lost: { ...q, from: { rest: "" } } },
    templates: {
      inbox: { ...q, name: "{kind}-{id}", from: { t: "to.{kind}.{id}" } },
      part: { ...q, name: "p{a}", from: { t: "p.{a}-{b}" } },
    },
  });

  it("are named as far as the key tells", () => {
    expect(routes.route("t", "to.web.7").instances).toEqual([{ template: "inbox", queue: "web-7" }]);
    // "1-2-3" can be split in two ways.
    expect(routes.route("t", "p.1-2-3").instances).toEqual([{ template: "part", queue: "p{a}" }]);
  });

  it("do not keep a message for certain from the alternate exchange", () => {
    expect(routes.route("t", "to.web.7")).toMatchObject({ queues: ["lost"], certain: [], unroutable: false, mayBeUnroutable: true });
    expect(routes.route("t", "log")).toMatchObject({ queues: ["log"], certain: ["log"], instances: [], mayBeUnroutable: false });
  });
});

describe("a headers exchange", () => {
  const rule = (headers: Record<string, unknown>, match?: string) => {
    const routes = of({
      exchanges: { h: { type: "headers" } },
      queues: { one: { ...q, from: { h: { arguments: { ...headers, ...(match ? { "x-match": match } : {}) } } } } },
    });
    return (given: Record<string, unknown>): boolean => routes.route("h", "", { headers: given }).queues.length === 1;
  };

  it("compares values with their types", () => {
    expect(rule({ a: 1 })({ a: 1, b: 2 })).toBe(true);
    for (const other of ["1", true, null, 2]) expect(rule({ a: 1 })({ a: other }), String(other)).toBe(false);
    expect(rule({ a: ["x", 1] })({ a: ["x", 1] })).toBe(true);
    expect(rule({ a: null })({ a: "anything" })).toBe(true);
    expect(rule({ a: null })({ b: 1 })).toBe(false);
  });

  it("ignores headers named x-... unless it is told otherwise", () => {
    expect(rule({ "x-a": 1, b: 1 })({ b: 1 })).toBe(true);
    expect(rule({ "x-a": 1, b: 1 }, "all-with-x")({ b: 1 })).toBe(false);
    expect(rule({ "x-a": 1 }, "any")({ "x-a": 1 })).toBe(false);
    expect(rule({ "x-a": 1 }, "any-with-x")({ "x-a": 1 })).toBe(true);
  });

  it("asked for nothing, matches everything by all and nothing by any", () => {
    expect([rule({})({}), rule({}, "all-with-x")({ a: 1 }), rule({}, "any")({ a: 1 }), rule({ "x-a": 1 })({})]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });
});

describe("ways through exchanges", () => {
  it("end in cycles, and are all told", () => {
    const routes = of({
      exchanges: {
        a: { type: "fanout", from: { b: "" } },
        b: { type: "fanout", from: { a: "" } },
        c: { type: "fanout", from: { a: "", b: "" } },
      },
      queues: { one: { ...q, from: { c: "" } } },
    });
    const { queues, paths } = routes.route("a", "");
    expect(queues).toEqual(["one"]);
    expect(paths.map((path) => path.map(({ exchange }) => exchange).join(""))).toEqual(["abc", "ac"]);
  });

  it("are cut to the shortest where they are too many, with every queue", () => {
    const layers = 12;
    const name = (layer: number, side: number): string => `x${layer}.${side}`;
    const exchanges = Object.fromEntries(
      Array.from({ length: layers }, (_, layer) =>
        [0, 1, 2].map((side) => [
          name(layer, side),
          { type: "fanout", ...(layer === 0 ? {} : { from: Object.fromEntries([0, 1, 2].map((other) => [name(layer - 1, other), ""])) }) },
        ]),
      ).flat(),
    ) as Topology["exchanges"] & object;
    const routes = of({
      exchanges,
      queues: { far: { ...q, from: { [name(layers - 1, 0)]: "" } }, near: { ...q, from: { [name(1, 2)]: "" } } },
    });
    const { queues, paths } = routes.route(name(0, 0), "");
    expect([...queues].sort()).toEqual(["far", "near"]);
    expect(paths.length).toBeLessThanOrEqual(MAX_PATHS);
    expect(new Set(paths.map((path) => path.at(-1)?.to))).toEqual(new Set(["far", "near"]));
  });

  it("take the alternate exchange, from argument or policy, only if nothing matches", () => {
    for (const settings of ["arguments", "policy"] as const) {
      const routes = of({
        settings,
        exchanges: { d: { type: "direct", alternateExchange: "rest" }, rest: { type: "fanout", internal: true } },
        queues: { one: { ...q, from: { d: "k" } }, lost: { ...q, from: { rest: "" } } },
      });
      expect(routes.route("d", "k").queues).toEqual(["one"]);
      expect(routes.route("d", "other").queues).toEqual(["lost"]);
      expect(routes.route("d", "other").paths[0]?.map(({ via }) => via)).toEqual(["alternate", "binding"]);
      // One key that matches is enough.
      expect(routes.route("d", "other", { cc: ["k"] }).queues).toEqual(["one"]);
      expect(routes.route("rest", "").refused).toBe("internal-exchange");
      expect(routes.route("rest", "", { publisher: "broker" }).queues).toEqual(["lost"]);
      expect(routes.route("nowhere", "").refused).toBe("unknown-exchange");
    }
  });

  it("that a hash chooses are marked, and what they share is certain", () => {
    const routes = of({
      exchanges: { h: { type: "x-consistent-hash" }, a: { type: "fanout", from: { h: "1" } }, b: { type: "fanout", from: { h: "2" } } },
      queues: { both: { ...q, from: { a: "", b: "" } }, onlyA: { ...q, from: { a: "" } } },
    });
    const route = routes.route("h", "any");
    expect(route).toMatchObject({ queues: ["both", "onlyA"], certain: ["both"], mayBeUnroutable: false });
    expect(route.choices).toEqual([
      {
        exchange: "h",
        oneOf: [
          { to: "a", toType: "exchange" },
          { to: "b", toType: "exchange" },
        ],
      },
    ]);
    expect(route.paths.every(([first]) => first?.condition === "one-of")).toBe(true);
  });
});

it("the default exchange takes a queue's name as the key, and CC too", () => {
  const routes = of({ queues: { one: q, "two.three": q } });
  expect(routes.route("", "two.three").queues).toEqual(["two.three"]);
  expect(routes.route("", "none").unroutable).toBe(true);
  expect([...routes.route("", "one", { cc: ["two.three"], bcc: ["one"] }).queues].sort()).toEqual(["one", "two.three"]);
});

it("bindings of objects that are not there are left out", () => {
  const origin = "";
  const exchange: PlannedExchange = { name: "e", type: "fanout", durable: true, autoDelete: false, internal: false, arguments: {}, origin };
  const binding = (source: string, destination: string, destinationType: "queue" | "exchange"): PlannedBinding => ({
    source,
    destination,
    destinationType,
    routingKey: "",
    arguments: {},
    origin,
  });
  const bindings = [
    binding("e", "none", "queue"),
    binding("none", "e", "exchange"),
    binding("e", "none", "exchange"),
    binding("", "e", "exchange"),
  ];
  expect(router({ exchanges: [exchange], queues: [], templates: [], policies: [], bindings }).route("e", "").unroutable).toBe(true);
});
