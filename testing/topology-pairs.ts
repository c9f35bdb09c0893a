/** Pairs of topologies for tests of what differs: by hand, out of one small world, and by a small mutation. */
import fc from "fast-check";
import { expect } from "vitest";
import { difference, type Change } from "../topology/difference/index.js";
import type { Topology } from "../topology/model.js";

export type Unnamed = Omit<Topology, "name">;

export const compare = (old: Unnamed, now: Unnamed) =>
  difference({ topologies: [{ name: "t", ...old }] }, { topologies: [{ name: "t", ...now }] });

/** Where nothing is unknown. */
export function changes(old: Unnamed, now: Unnamed): readonly Change[] {
  const found = compare(old, now);
  expect(found.unknown).toEqual([]);
  return found.changes;
}

export const texts = (old: Unnamed, now: Unnamed): string[] => changes(old, now).map(({ severity, text }) => `${severity}: ${text}`);

type Loose = Record<string, Record<string, Record<string, unknown>>>;

const word = fc.constantFrom("a", "b", "ab", "");
export const joined = (of: fc.Arbitrary<string>, maxLength: number) => fc.array(of, { maxLength }).map((words) => words.join("."));
const TYPES = ["direct", "fanout", "topic", "topic", "headers", "x-consistent-hash"] as const;
const EXCHANGES = ["x0", "x1", "x2", "x3"];
export const headerValue = fc.constantFrom<unknown>("a", "b", 1, true);
/** `null` asks for the header, whatever its value. */
const asked = fc.constantFrom<unknown>("a", "b", 1, true, null, ["a"]);

function keysFor(type: string): fc.Arbitrary<unknown> {
  if (type === "headers")
    return fc.record({
      headers: fc.dictionary(fc.constantFrom("h", "i", "x-j"), asked, { maxKeys: 2 }),
      match: fc.constantFrom("all", "any", "all-with-x", "any-with-x"),
    });
  if (type === "x-consistent-hash") return fc.constantFrom("1", "2");
  return joined(type === "topic" ? fc.oneof(word, fc.constantFrom("*", "#")) : word, 3);
}

/** Few names and words, so that two of them have much in common. */
export const smallWorld: fc.Arbitrary<Topology> = fc
  .tuple(fc.constantFrom(...TYPES), fc.constantFrom(...TYPES), fc.constantFrom(...TYPES), fc.constantFrom(...TYPES))
  .chain((types) => {
    const names = EXCHANGES.map((name, index) => [name, types[index] ?? "topic"] as const);
    const from = fc
      .subarray(names, { maxLength: 2 })
      .chain((chosen) =>
        fc
          .tuple(...chosen.map(([, type]) => fc.array(keysFor(type), { minLength: 1, maxLength: 3 })))
          .map((keys) => Object.fromEntries(chosen.map(([name], index) => [name, keys[index]]))),
      );
    const exchange = (type: string) =>
      fc.record(
        {
          type: fc.constant(type),
          from,
          internal: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
          alternateExchange: fc.constantFrom(...EXCHANGES),
        },
        { requiredKeys: ["type"] },
      );
    const queue = fc.record({ type: fc.constant("quorum"), from }, { requiredKeys: ["type"] });
    const templateKey = joined(fc.constantFrom("a", "{x}", "a{x}", "{y}b", "*"), 2).filter((key) => key.split("{x}").length < 3);
    const template = fc.record({
      type: fc.constant("quorum"),
      name: fc.constantFrom("t-{x}", "{x}"),
      from: fc.record({ "amq.topic": templateKey, "amq.direct": templateKey }, { requiredKeys: [] }),
    });
    return fc.record({
      name: fc.constant("v"),
      exchanges: fc
        .tuple(...names.map(([, type]) => fc.option(exchange(type), { freq: 8, nil: undefined })))
        .map((list) => Object.fromEntries(names.flatMap(([name], index) => (list[index] ? [[name, list[index]]] : [])))),
      queues: fc.dictionary(fc.constantFrom("q0", "q1", "q2", "q3"), queue),
      templates: fc.dictionary(fc.constantFrom("t0"), template),
      messages: fc.constant({ m: { to: "x0", key: "a.{word}" }, n: { to: "x1", key: "b", headers: { h: "a" } } }),
    });
  }) as unknown as fc.Arbitrary<Topology>;

/** A copy in which something small is otherwise. */
export function mutated(topology: Topology, seed: readonly number[]): Topology {
  const copy = JSON.parse(JSON.stringify(topology)) as Loose;
  const [kind = 0, which = 0, how = 0] = seed;
  const objects = kind % 2 === 0 ? copy["queues"] : copy["exchanges"];
  const names = Object.keys(objects ?? {});
  const name = names[which % Math.max(1, names.length)];
  const one = name === undefined ? undefined : objects?.[name];
  if (!objects || name === undefined || !one) return copy as unknown as Topology;
  const types = Object.entries(copy["exchanges"] ?? {});
  if (how % 5 === 0) delete objects[name];
  else if (how % 5 === 1) delete one["from"];
  else if (how % 5 === 2 && kind % 2 === 1) one["internal"] = one["internal"] !== true;
  else if (how % 5 === 3 && kind % 2 === 1) one["alternateExchange"] = "amq.fanout";
  else {
    const [source] = types.filter(([, { type }]) => type === "topic" || type === "direct" || type === "fanout").slice(how % 3);
    one["from"] = {
      ...(one["from"] as object | undefined),
      ...(source ? { [source[0]]: ["a.#", "b", "*.c"][how % 3] } : { "amq.topic": "a.*" }),
    };
  }
  return copy as unknown as Topology;
}
