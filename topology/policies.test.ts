import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlannedOperatorPolicy, PlannedPolicy } from "./compile/plan.js";
import { alternateExchange, effectiveSettings, matchPolicies, skippedKeys, sourceText, winner } from "./policies.js";
import type { QueueType } from "./settings.js";

function policy(name: string, pattern: string, definition: Record<string, unknown>, more: Partial<PlannedPolicy> = {}): PlannedPolicy {
  return { name, pattern, applyTo: "all", priority: 0, definition, origin: `policies.${name}`, ...more };
}

function operator(name: string, pattern: string, definition: Record<string, unknown>, priority = 0): PlannedOperatorPolicy {
  return { name, pattern, applyTo: "queues", priority, definition, origin: `operatorPolicies.${name}` };
}

const queue = (name: string, type: QueueType = "quorum") => ({ kind: "queue", name, type }) as const;

describe("winner", () => {
  it("is the highest priority of those that match, un-anchored", () => {
    const policies = [policy("low", "orders", { "max-length": 1 }), policy("high", "ord", { "max-length": 2 }, { priority: 5 })];
    expect(winner(policies, queue("my.orders"))?.name).toBe("high");
    expect(winner(policies, queue("my.orxders"))).toBeUndefined();
  });

  it("applies to what it says", () => {
    for (const [applyTo, object, expected] of [
      ["queues", queue("a"), true],
      ["quorum_queues", queue("a"), true],
      ["classic_queues", queue("a"), false],
      ["streams", queue("a", "stream"), true],
      ["exchanges", queue("a"), false],
      ["exchanges", { kind: "exchange", name: "a" }, true],
      ["queues", { kind: "exchange", name: "a" }, false],
      ["all", { kind: "exchange", name: "a" }, true],
    ] as const) {
      expect(
        winner([policy("p", "a", { "max-length-bytes": 1 }, { applyTo })], object) !== undefined,
        `${applyTo} ${JSON.stringify(object)}`,
      ).toBe(expected);
    }
  });

  it("leaves out a policy with one key that the type refuses, and takes the next", () => {
    const policies = [
      policy("next", "a", { "max-length": 1 }),
      policy("refused", "a", { "max-length": 2, "delivery-limit": 3 }, { priority: 9 }),
    ];
    expect(winner(policies, queue("a", "classic"))?.name).toBe("next");
    expect(winner(policies, queue("a", "quorum"))?.name).toBe("refused");
    expect(matchPolicies(policies, queue("a", "classic")).skipped).toEqual([{ policy: policies[1], keys: ["delivery-limit"] }]);
  });

  it("does not skip a policy for keys that are ignored alone", () => {
    expect(skippedKeys({ "stream-filter-size-bytes": 16, "consumer-timeout": 1, "queue-version": 2 }, "quorum")).toEqual([]);
    expect(skippedKeys({ "max-age": "7D", "max-length": 1 }, "quorum")).toEqual(["max-age"]);
  });

  it("reports a tie", () => {
    const policies = [
      policy("a", "^x$", { "max-length": 1 }),
      policy("b", "x", { "max-length": 2 }),
      policy("c", "x", { expires: 1 }, { priority: -1 }),
    ];
    const match = matchPolicies(policies, queue("x"));
    expect(match.winner?.name).toBe("a");
    expect(match.tied.map(({ name }) => name)).toEqual(["b"]);
    expect(match.applicable.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  it("does not depend on how a pattern is looked up", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ word: fc.constantFrom("a", "b", "a.b"), exact: fc.boolean(), priority: fc.integer({ min: 0, max: 3 }) })),
        fc.constantFrom("a", "b", "a.b"),
        (given, name) => {
          const make = (wrap: (word: string) => string) =>
            given.map(({ word, exact, priority }, index) =>
              policy(String(index), exact ? `^${word.replace(".", "\\.")}$` : wrap(word), { "max-length": index }, { priority }),
            );
          // A group around the name keeps it out of the map of exact names.
          const listed = make((word) => word).map((entry) => ({ ...entry, pattern: `(?:${entry.pattern})` }));
          expect(
            winner(
              make((word) => word),
              queue(name),
            )?.name,
          ).toBe(winner(listed, queue(name))?.name);
        },
      ),
    );
  });
});

describe("effectiveSettings", () => {
  const settle = (
    type: QueueType,
    args: Record<string, unknown>,
    definition: Record<string, unknown> | undefined,
    operatorDefinition?: Record<string, unknown>,
  ) => {
    const settings = effectiveSettings(
      {
        policies: definition ? [policy("user", "^q$", definition)] : [],
        operatorPolicies: operatorDefinition ? [operator("op", "q", operatorDefinition)] : [],
      },
      { name: "q", type, arguments: { "x-queue-type": type, ...args } },
    );
    return Object.fromEntries([...settings].map(([key, { value, source }]) => [key, [value, sourceText(source)]]));
  };
  const argument = "argument";
  const user = 'policy "user"';
  const op = 'operator policy "op"';

  it.each<[string, QueueType, Record<string, unknown>, Record<string, unknown> | undefined, Record<string, unknown> | undefined, unknown]>([
    ["the smaller length", "quorum", { "x-max-length": 5 }, { "max-length": 9 }, undefined, { "max-length": [5, argument] }],
    ["the smaller length, from the policy", "quorum", { "x-max-length": 9 }, { "max-length": 5 }, undefined, { "max-length": [5, user] }],
    ["the smaller of three", "classic", { "x-expires": 9 }, { expires: 7 }, { expires: 8 }, { expires: [7, user] }],
    [
      "the smallest from the operator",
      "classic",
      { "x-message-ttl": 9 },
      { "message-ttl": 7 },
      { "message-ttl": 3 },
      { "message-ttl": [3, op] },
    ],
    [
      "overflow of a quorum queue",
      "quorum",
      { "x-overflow": "drop-head" },
      { overflow: "reject-publish" },
      undefined,
      { overflow: ["reject-publish", user] },
    ],
    [
      "overflow of a classic queue",
      "classic",
      { "x-overflow": "drop-head" },
      { overflow: "reject-publish" },
      undefined,
      { overflow: ["drop-head", argument] },
    ],
    [
      "the operator's overflow",
      "quorum",
      {},
      { overflow: "drop-head" },
      { overflow: "reject-publish" },
      { overflow: ["reject-publish", op] },
    ],
    [
      "dead letters key by key",
      "quorum",
      { "x-dead-letter-exchange": "a" },
      { "dead-letter-exchange": "b", "dead-letter-routing-key": "k" },
      undefined,
      { "dead-letter-exchange": ["a", argument], "dead-letter-routing-key": ["k", user] },
    ],
    [
      "the smaller delivery limit",
      "quorum",
      { "x-delivery-limit": 5 },
      { "delivery-limit": 9 },
      undefined,
      { "delivery-limit": [5, argument] },
    ],
    [
      "a delivery limit over none",
      "quorum",
      { "x-delivery-limit": -1 },
      { "delivery-limit": 9 },
      undefined,
      { "delivery-limit": [9, user] },
    ],
    [
      "the operator's delivery limit over none",
      "quorum",
      {},
      { "delivery-limit": -1 },
      { "delivery-limit": 4 },
      { "delivery-limit": [4, op] },
    ],
    [
      "the policy for a stream",
      "stream",
      { "x-max-age": "1D", "x-max-length-bytes": 5 },
      { "max-age": "7D", "max-length-bytes": 9 },
      undefined,
      { "max-age": ["7D", user], "max-length-bytes": [9, user] },
    ],
    ["the larger group", "quorum", {}, { "target-group-size": 3 }, { "target-group-size": 5 }, { "target-group-size": [5, op] }],
    ["what is only an argument", "classic", { "x-max-priority": 9 }, { "max-priority": 3 }, undefined, { "max-priority": [9, argument] }],
    ["nothing of a skipped policy", "classic", {}, { "max-length": 5, "delivery-limit": 3 }, undefined, {}],
    [
      "not what a type does not use",
      "classic",
      { "x-typo": 1 },
      { "consumer-timeout": 5, "max-length": 1 },
      undefined,
      { "max-length": [1, user] },
    ],
  ])("%s", (_, type, args, definition, operatorDefinition, expected) => {
    expect(settle(type, args, definition, operatorDefinition)).toEqual(expected);
  });

  it("keeps what was overruled", () => {
    const settings = effectiveSettings(
      { policies: [policy("user", "q", { "max-length": 5 })], operatorPolicies: [operator("op", "q", { "max-length": 3 })] },
      { name: "q", type: "quorum", arguments: { "x-max-length": 9 } },
    );
    expect(settings.get("max-length")).toEqual({
      key: "max-length",
      value: 3,
      source: { kind: "operator policy", name: "op" },
      overruled: [
        { value: 5, source: { kind: "policy", name: "user" } },
        { value: 9, source: { kind: "argument" } },
      ],
    });
  });
});

describe("alternateExchange", () => {
  const policies = [policy("user", "^x$", { "alternate-exchange": "b" })];
  it("takes the argument first", () => {
    expect(alternateExchange({ policies }, { name: "x", arguments: { "alternate-exchange": "a" } })?.value).toBe("a");
    expect(alternateExchange({ policies }, { name: "x", arguments: {} })).toEqual({ value: "b", source: { kind: "policy", name: "user" } });
    expect(alternateExchange({ policies }, { name: "y", arguments: {} })).toBeUndefined();
  });
});
