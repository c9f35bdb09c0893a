/** What changes at exchanges, by example. */
import { describe, expect, it } from "vitest";
import { MAX_STATES } from "./patterns.js";
import { changes, compare, texts, type Unnamed } from "../../testing/topology-pairs.js";

const q = { type: "quorum" } as const;

describe("routes", () => {
  const bound = (...keys: string[]): Unnamed => ({
    exchanges: { e: { type: "topic" } },
    queues: { a: { ...q, from: { e: "order.#" } }, b: { ...q, from: { e: keys } } },
  });

  it("that are lost and gained, each class by one key", () => {
    expect(changes(bound("order.*.created"), bound("order.eu.*"))).toMatchObject([
      {
        kind: "route",
        severity: "breaking",
        example: { key: "order.other.created" },
        before: { queues: ["a", "b"] },
        after: { queues: ["a"] },
      },
      { kind: "route", severity: "notice", example: { key: "order.eu.other" }, before: { queues: ["a"] }, after: { queues: ["a", "b"] } },
    ]);
    expect(texts(bound("order.*.created"), bound("order.eu.created"))).toEqual([
      'breaking: messages like "order.other.created" to e no longer reach b',
    ]);
  });

  it("of nobody", () => {
    expect(texts(bound("bill.#"), bound())).toEqual(['loss: messages like "bill" to e are lost: they reached b, and reach no queue now']);
    expect(texts(bound(), bound("bill.*"))).toEqual(['notice: messages like "bill.other" to e now reach b; before, they reached no queue']);
  });

  it("that only look otherwise", () => {
    expect(changes(bound("x", "x.#"), bound("x.#"))).toEqual([]);
    expect(changes(bound("x.#.#"), bound("x.#"))).toEqual([]);
    expect(changes(bound("x.*.#"), bound("x.#.*"))).toEqual([]);
    expect(changes(bound("#"), bound("", "*", "*.*.#"))).toEqual([]);
  });

  it("of keys with no words and with empty ones", () => {
    expect(changes(bound("#"), bound("*.#"))).toMatchObject([{ example: { key: "" }, severity: "loss" }]);
    expect(changes(bound("a."), bound("a.*"))).toMatchObject([{ example: { key: "a.other" }, severity: "notice" }]);
  });

  it("through exchanges of other types, with alternates", () => {
    const graph = (key: string, alternate?: string): Unnamed => ({
      exchanges: {
        e: { type: "topic", ...(alternate === undefined ? {} : { alternateExchange: alternate }) },
        d: { type: "direct", from: { e: "order.*" } },
        f: { type: "fanout", from: { d: key } },
        rest: { type: "fanout" },
      },
      queues: { work: { ...q, from: { f: "" } }, other: { ...q, from: { rest: "" } } },
    });
    expect(changes(graph("order.paid"), graph("order.sent")).filter(({ exchange }) => exchange === "e")).toMatchObject([
      { severity: "loss", example: { key: "order.paid" } },
      { severity: "notice", example: { key: "order.sent" } },
    ]);
    expect(changes(graph("order.paid"), graph("order.paid", "rest"))).toMatchObject([
      { exchange: "e", example: { key: "other" }, before: { queues: [] }, after: { queues: ["other"] } },
    ]);
  });

  it("that a hash chooses", () => {
    const hash = (...queues: string[]): Unnamed => ({
      exchanges: { h: { type: "x-consistent-hash" } },
      queues: { a: q, b: q, ...Object.fromEntries(queues.map((name) => [name, { ...q, from: { h: "1" } }])) },
    });
    expect(changes(hash("a"), hash("a", "b"))).toMatchObject([
      { kind: "route", severity: "breaking", text: "messages to h are now also copied to b, and reach a no longer in every case" },
      { kind: "hash", severity: "notice" },
    ]);
  });

  it("by headers: the values that occur, any other, and none", () => {
    const by = (...asked: Record<string, unknown>[]): Unnamed => ({
      exchanges: { h: { type: "headers" } },
      queues: { a: { ...q, from: { h: asked.map(({ match, ...given }) => ({ arguments: { ...given, "x-match": match ?? "all" } })) } } },
    });
    expect(changes(by({ region: "eu" }), by({ region: "eu", kind: 1 }))).toMatchObject([
      {
        severity: "loss",
        example: { key: "", headers: { region: "eu" } },
        text: "messages with region=eu to h are lost: they reached a, and reach no queue now",
      },
    ]);
    expect(changes(by({ region: "eu" }), by({ region: null }))).toMatchObject([
      { severity: "notice", example: { headers: { region: "other" } } },
    ]);
    expect(changes(by({ region: "eu", match: "any" }), by({ region: "eu" }))).toEqual([]);
  });

  it("names declared messages that are concerned, and shows one of them", () => {
    const of = (key: string): Unnamed => ({
      ...bound(key),
      messages: { paid: { to: "e", key: "order.{id}.paid" }, other: { to: "e", key: "bill" } },
    });
    expect(changes(of("*.*.*"), of("x"))).toMatchObject([
      { severity: "loss" },
      { severity: "breaking", messages: ["paid"], example: { key: "order.other.paid" } },
      { severity: "notice" },
    ]);
  });

  it("of instances' queues, by template", () => {
    const of = (key: string): Unnamed => ({
      exchanges: { e: { type: "topic" } },
      templates: { inbox: { ...q, name: "in-{id}", from: { e: key } } },
    });
    expect(changes(of("to.{id}"), of("to.{id}.x"))).toMatchObject([
      { kind: "route", severity: "loss", before: { templates: ["inbox"], mayBeLost: true } },
      { kind: "route", severity: "notice" },
      { kind: "queue-bindings" },
    ]);
  });

  it("is unknown past a size, and for words that have to be the same", () => {
    const many = (count: number): Unnamed => ({
      exchanges: { e: { type: "topic" } },
      queues: Object.fromEntries(Array.from({ length: count }, (_, i) => [`q${i}`, { ...q, from: { e: `#.w${i}.#` } }])),
    });
    expect(compare(many(20), many(19)).unknown).toMatchObject([{ exchange: "e", reason: expect.stringContaining(String(MAX_STATES)) }]);
    const twice = (key: string): Unnamed => ({
      exchanges: { e: { type: "topic" } },
      templates: { inbox: { ...q, name: "in-{id}", from: { e: key } } },
    });
    expect(compare(twice("{id}.{id}"), twice("{id}")).unknown).toMatchObject([{ exchange: "e" }]);
  });
});

describe("exchanges", () => {
  const with_ = (more: object | undefined): Unnamed => ({
    exchanges: more ? { e: { type: "fanout", ...more } } : {},
    queues: { a: { ...q, ...(more ? { from: { e: "" } } : {}) } },
  });

  it("gone, new, internal", () => {
    expect(texts(with_({}), with_(undefined))).toEqual(["loss: exchange e is gone, and publishing to it is refused; it led to a"]);
    expect(texts(with_(undefined), with_({}))).toEqual(["notice: exchange e is new and leads to a"]);
    expect(changes(with_({}), with_({ internal: true })).map(({ kind, severity }) => [kind, severity])).toEqual([
      ["exchange-internal", "loss"],
      ["exchange-replaced", "breaking"],
    ]);
    expect(changes(with_({ internal: true }), with_({})).map(({ kind }) => kind)).toEqual(["exchange-replaced", "exchange-public"]);
  });
});
