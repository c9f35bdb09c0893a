/** Over random pairs of topologies: no message whose queues differ is missed, and none is invented. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryTopology } from "../../testing/arbitrary-topology.js";
import { headerValue, joined, mutated, smallWorld } from "../../testing/topology-pairs.js";
import { compile } from "../compile/compile.js";
import type { Topology } from "../model.js";
import { router, type MessageHeaders, type Route, type Router } from "../routing.js";
import type { Change, Difference } from "./change.js";
import { covers } from "./covers.js";
import { reachedBy } from "./side.js";
import { difference } from "./difference.js";
import { routeDifference } from "./routes.js";

interface Pair {
  readonly old: Topology;
  readonly now: Topology;
  readonly found: Difference;
  readonly routers: readonly [Router, Router];
  readonly exchanges: readonly string[];
}

function pairOf(old: Topology, now: Topology): Pair {
  const plans = [compile(old), compile(now)] as const;
  const names = plans.flatMap((plan) => plan.exchanges.map(({ name }) => name));
  return {
    old,
    now,
    found: difference({ topologies: [old] }, { topologies: [now] }),
    routers: [router(plans[0]), router(plans[1])],
    exchanges: [...new Set(["", "amq.topic", "amq.direct", "amq.headers", "amq.fanout", ...names])],
  };
}

const isInternal = (exchange: string, ...topologies: readonly Topology[]): boolean =>
  topologies.every(
    ({ exchanges = {} }) => exchange in exchanges || exchange.startsWith("amq.") || exchange.endsWith(".retry") || exchange === "",
  ) && topologies.some(({ exchanges = {} }) => exchanges[exchange]?.internal);

function routes({ old, now, routers }: Pair, exchange: string, key: string, headers: MessageHeaders): [Route, Route] {
  const publisher = isInternal(exchange, old, now) ? "broker" : "client";
  return [routers[0].route(exchange, key, { headers, publisher }), routers[1].route(exchange, key, { headers, publisher })];
}

/** Where others work on the same machine. */
const PATIENCE = 120_000;

/** Counts, so that a test that looked at nothing is seen. */
const seen = { differing: 0, examples: 0 };

function neverMissed(pair: Pair, keys: readonly string[], headers: readonly MessageHeaders[]): void {
  for (const exchange of pair.exchanges) {
    for (const key of keys) {
      for (const given of headers) {
        const [before, after] = routes(pair, exchange, key, given);
        if (before.refused === after.refused && !routeDifference(reachedBy(before), reachedBy(after))) continue;
        seen.differing += 1;
        const told =
          pair.found.changes.some((change) => covers(change, { exchange, key, before, after })) ||
          pair.found.unknown.some((one) => one.exchange === exchange);
        expect(told, `${exchange} ${JSON.stringify(key)} ${JSON.stringify(given)}`).toBe(true);
      }
    }
  }
}

function neverInvented(pair: Pair): void {
  for (const change of pair.found.changes) {
    const { kind, exchange = "", example, before, after } = change;
    if (kind !== "route" || !example) continue;
    seen.examples += 1;
    const [old, now] = routes(pair, exchange, example.key, example.headers ?? {});
    expect([reachedBy(old), reachedBy(now)]).toEqual([before, after]);
    expect(routeDifference(reachedBy(old), reachedBy(now))).toBeDefined();
    if (now.unroutable || (now.mayBeUnroutable && !old.mayBeUnroutable)) expect(change.severity).toBe("loss");
    else expect(change.severity).not.toBe("loss");
  }
}

const keys = fc.uniqueArray(joined(fc.constantFrom("a", "b", "ab", "", "c", "aa", "bb", "*", "1"), 4), { minLength: 10, maxLength: 25 });
const headers = fc
  .uniqueArray(fc.dictionary(fc.constantFrom("h", "i", "x-j", "k"), fc.oneof(headerValue, fc.constantFrom("other", ["a"]))), {
    minLength: 1,
    maxLength: 6,
  })
  .map((list) => [{}, ...list]);

/** Names and binding keys of both, and headers that bindings ask for. */
function occurring(...topologies: readonly Topology[]): { keys: string[]; headers: MessageHeaders[] } {
  const plans = topologies.map((topology) => compile(topology));
  const bindings = plans.flatMap(({ bindings: own }) => own);
  return {
    keys: [
      ...plans.flatMap(({ queues }) => queues.map(({ name }) => name)),
      ...bindings.map(({ routingKey }) => routingKey.replaceAll("*", "a").replaceAll("#", "b")),
    ],
    headers: bindings.map(({ arguments: { "x-match": _match, ...asked } }) => asked).filter((asked) => Object.keys(asked).length > 0),
  };
}

describe("over random pairs", () => {
  const some = { keys, headers, seed: fc.array(fc.nat({ max: 59 }), { minLength: 3, maxLength: 3 }) };

  it("of one small world: never misses one, never invents one", { timeout: PATIENCE }, () => {
    fc.assert(
      fc.property(smallWorld, smallWorld, fc.record(some), (old, now, given) => {
        const pair = pairOf(old, now);
        neverMissed(pair, given.keys, given.headers);
        neverInvented(pair);
      }),
      { numRuns: 120 },
    );
    expect(seen.differing).toBeGreaterThan(100);
    expect(seen.examples).toBeGreaterThan(100);
  });

  it("of a topology and a small mutation of it", { timeout: PATIENCE }, () => {
    const before = { ...seen };
    fc.assert(
      fc.property(fc.oneof(smallWorld, arbitraryTopology()), fc.record(some), (old, given) => {
        const now = mutated(old, given.seed);
        const pair = pairOf(old, now);
        const known = occurring(old, now);
        neverMissed(pair, [...given.keys, ...known.keys], [...given.headers, ...known.headers]);
        neverInvented(pair);
      }),
      { numRuns: 100 },
    );
    expect(seen.examples).toBeGreaterThan(before.examples);
  });

  it("of random topologies of every kind", { timeout: PATIENCE }, () => {
    fc.assert(
      fc.property(arbitraryTopology(), arbitraryTopology(), keys, (one, other, given) => {
        const now: Topology = { ...other, name: one.name, ...(other.vhost ? { vhost: { ...other.vhost } } : {}) };
        const pair = pairOf(one, now);
        const known = occurring(one, now);
        neverMissed(pair, [...given, ...known.keys], [{}, ...known.headers]);
        neverInvented(pair);
      }),
      { numRuns: 30 },
    );
  });
});

/** The same topology, everything in another order. */
function reordered(one: unknown): unknown {
  if (Array.isArray(one)) return one.map(reordered);
  if (typeof one !== "object" || one === null) return one;
  return Object.fromEntries(
    Object.entries(one)
      .reverse()
      .map(([key, inner]) => [key, reordered(inner)]),
  );
}

const none = { version: 1, changes: [] as Change[], unknown: [] };

it("says nothing of a topology and itself, in whatever order it is written", { timeout: PATIENCE }, () => {
  fc.assert(
    fc.property(fc.oneof(smallWorld, arbitraryTopology()), (topology) => {
      expect(difference({ topologies: [topology] }, { topologies: [topology] })).toEqual(none);
      const { policies: _policies, operatorPolicies: _operator, ...plain } = topology;
      expect(difference({ topologies: [plain] }, { topologies: [reordered(plain) as Topology] })).toEqual(none);
    }),
    { numRuns: 50 },
  );
});
