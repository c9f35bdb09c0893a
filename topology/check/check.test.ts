import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryInstallation } from "../../testing/arbitrary-topology.js";
import type { Installation, Topology } from "../model.js";
import { systems } from "../systems/index.js";
import { check, ruleTable, rules } from "./index.js";

describe("check", () => {
  it("finds nothing in the five systems that they do not silence with a reason", () => {
    for (const [name, system] of Object.entries(systems))
      expect({ name, findings: check({ topologies: [system] }).filter(({ silenced }) => silenced === undefined) }).toEqual({
        name,
        findings: [],
      });
  });

  it("finds nothing in the five systems together, for any version and environment that they name", () => {
    const found = check({ topologies: Object.values(systems) }, { environment: "prod", brokerVersion: "4.3" });
    expect(found.filter(({ silenced }) => silenced === undefined)).toEqual([]);
  });

  it("tells all at once, by topology and in the order of the file", () => {
    const bad = (name: string): Topology => ({
      name,
      queues: { b: { type: "quorum", from: { nowhere: "" } }, a: { type: "quorum", maxLength: -1 } },
      messages: { m: { to: "nothing" } },
    });
    const found = check({ topologies: [bad("z"), bad("y")], globalParameters: { token: "abc" } });
    expect(found.map(({ topology, path, code }) => `${topology} ${path} ${code}`)).toEqual([
      " globalParameters.token secret-in-topology",
      ...["z", "y"].flatMap((name) =>
        [
          `${name} queues.b queue-unbounded`,
          `${name} queues.b queue-unfed`,
          `${name} queues.b.from.nowhere undeclared-name`,
          `${name} queues.a queue-unfed`,
          `${name} queues.a.maxLength bad-value`,
          `${name} messages.m.to undeclared-name`,
        ].sort(
          (one, other) =>
            found.findIndex((f) => `${f.topology} ${f.path} ${f.code}` === one) -
            found.findIndex((f) => `${f.topology} ${f.path} ${f.code}` === other),
        ),
      ),
    ]);
    expect(found.map(({ path }) => path).slice(1, 7)).toEqual([
      "queues.b",
      "queues.b",
      "queues.b.from.nowhere",
      "queues.a",
      "queues.a.maxLength",
      "messages.m.to",
    ]);
  });

  it("checks one environment alone when asked", () => {
    const topology: Topology = {
      name: "t",
      queues: { q: { type: "quorum" } },
      environments: { dev: {}, prod: { queues: { q: { maxLength: 5 } } } },
    };
    const codes = (environment?: string) => check({ topologies: [topology] }, { environment }).map(({ code }) => code);
    expect(codes()).toEqual(["queue-unbounded"]);
    expect(codes("dev")).toEqual(["queue-unbounded"]);
    expect(codes("prod")).toEqual([]);
  });
});

const name = fc.constantFrom("a", "b", "a.b", "a.retry", "a.retry.1", "amq.x", "", "s-0", "x{y}", "__proto__", "constructor", "é\n");
const key = fc.constantFrom("", "#", "a.*", "a.{x}", "#.#.#", "a", "1", "{a}{b}");
const duration = fc.constantFrom("0 ms", "1 second", "2 hours", "soon", "9999 days");
const dictionary = <Value>(keys: fc.Arbitrary<string>, values: fc.Arbitrary<Value>) => fc.dictionary(keys, values, { maxKeys: 4 });
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const raw = dictionary(
  fc.constantFrom("x-max-length", "x-typo", "x-dead-letter-exchange", "alternate-exchange", "x-delivery-limit"),
  fc.constantFrom<unknown>(1, "a", null, -1, { a: [1] }),
);
const defined = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Value;
const binding = fc.oneof(
  key,
  fc.record({ key, headers: dictionary(name, fc.constantFrom<string | number | boolean>(1, "a", true)), arguments: raw }),
);
const from = maybe(dictionary(name, fc.oneof(binding, fc.array(binding, { maxLength: 3 }))));
const deadLetterTo = maybe(
  fc.oneof(
    name,
    fc.record({ exchange: name, routingKey: key, strategy: fc.constantFrom("at-least-once", "at-most-once") }),
    fc.record({ queue: name }),
  ),
);
const common = {
  from,
  deadLetterTo,
  arguments: maybe(raw),
  messageTtl: maybe(duration),
  maxLength: maybe(fc.constantFrom(-1, 5)),
  settings: maybe(fc.constantFrom("policy", "arguments")),
};
const queue = fc.oneof(
  fc.record({ type: fc.constantFrom("classic", "quorum"), ...common, retry: maybe(fc.array(duration, { maxLength: 3 })) }),
  fc.record({ type: fc.constant("stream"), from, arguments: maybe(raw) }),
  fc.record({ type: fc.constant("super-stream"), from, partitions: fc.oneof(fc.nat(3), fc.array(name, { maxLength: 3 })) }),
);
const template = fc.record({
  name: fc.oneof(name, fc.constantFrom("{a}-{b}", "q.{a}")),
  type: fc.constantFrom("classic", "quorum"),
  ...common,
});
const exchange = fc.record({
  type: fc.constantFrom("direct", "fanout", "topic", "headers", "x-consistent-hash", "x-local-random"),
  from,
  alternateExchange: maybe(name),
  internal: maybe(fc.boolean()),
  arguments: maybe(raw),
});
const pattern = fc.constantFrom("", "^a$", "a", "(", "^[^.]+$", "(?>a)", ".*");
const permissions = maybe(fc.record({ configure: pattern, write: pattern, read: pattern }));
const policy = fc.record({
  pattern,
  priority: maybe(fc.nat(12)),
  definition: dictionary(
    fc.constantFrom("max-length", "delivery-limit", "typo", "alternate-exchange", "dead-letter-exchange"),
    fc.constantFrom<unknown>(1, "a", -1),
  ),
});
const list = fc.array(name, { maxLength: 3 });
const service = fc.record({
  publishes: maybe(list),
  consumes: maybe(list),
  manages: maybe(list),
  declares: maybe(list),
  instances: maybe(dictionary(name, dictionary(fc.constantFrom("a", "b", "c"), name))),
  permissions,
  user: maybe(name),
  replicas: maybe(fc.record({ min: fc.integer(), max: fc.integer() })),
});
const topology = fc
  .record({
    name,
    brokerVersion: fc.constantFrom("4.0", "4.3"),
    settings: maybe(fc.constantFrom("policy", "arguments")),
    exchanges: dictionary(name, exchange.map(defined)),
    queues: dictionary(name, queue.map(defined)),
    templates: dictionary(name, template.map(defined)),
    messages: dictionary(
      name,
      fc
        .record({
          to: fc.oneof(name, fc.record({ queue: name })),
          key: maybe(key),
          priority: maybe(fc.integer()),
          expiration: maybe(duration),
        })
        .map(defined),
    ),
    services: dictionary(name, service.map(defined)),
    users: dictionary(name, fc.record({ permissions }).map(defined)),
    policies: dictionary(name, policy.map(defined)),
    operatorPolicies: dictionary(name, policy.map(defined)),
    shovels: dictionary(name, fc.record({ from: fc.record({ queue: name }), to: fc.record({ exchange: name }) })),
    environments: dictionary(
      name,
      fc.record({ queues: dictionary(name, fc.record({ maxLength: fc.integer(), retry: fc.array(duration, { maxLength: 2 }) })) }),
    ),
    silence: fc.array(
      fc.record({ code: fc.constantFrom("queue-unbounded", "undeclared-name", "typo"), reason: fc.constantFrom("", "because") }),
      { maxLength: 2 },
    ),
  })
  .map((value) => defined(value) as unknown as Topology);

describe("any topology", () => {
  it("is checked without throwing; every finding is complete, and none is told twice", () => {
    const known = new Map(rules.map((rule) => [rule.code, rule]));
    fc.assert(
      fc.property(fc.array(topology, { minLength: 1, maxLength: 2 }), (topologies) => {
        const installation: Installation = { topologies };
        const found = check(installation);
        const incomplete = found.filter(({ code, severity, message, remedy, path, silenced }) => {
          const rule = known.get(code);
          const said = /[.?]$/.test(message) && !/undefined|\[object/.test(message) && remedy !== "" && path !== "";
          return rule?.severity !== severity || !said || (rule.refused && silenced !== undefined);
        });
        expect(incomplete).toEqual([]);
        const told = found.map(({ topology: of, code, path, message }) => JSON.stringify([of, code, path, message]));
        if (new Set(topologies.map((one) => one.name)).size === topologies.length) expect(new Set(told).size).toBe(told.length);
        expect(JSON.stringify(check(installation))).toBe(JSON.stringify(found));
      }),
      { numRuns: 60 },
    );
  });
});

describe("what a broker takes", () => {
  it("has nothing that cannot be silenced, but for messages to where no client may publish", () => {
    const refused = new Set(rules.filter((rule) => rule.refused).map(({ code }) => code));
    fc.assert(
      fc.property(arbitraryInstallation(), (installation) => {
        const found = check(installation).filter(({ code }) => refused.has(code) && code !== "message-to-internal");
        expect(found).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

describe("the table of rules", () => {
  it("has one entry for each code, with all that documentation needs", () => {
    const codes = rules.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const row of ruleTable()) {
      expect(row.code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(row.title).toMatch(/^[A-Z].*[^.]$/);
      expect(row.why).toMatch(/\.$/);
      expect(row.remedy).toMatch(/\.$/);
    }
  });
});
