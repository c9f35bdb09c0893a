/** Which policy holds, and what it comes to with the operator's and with arguments: the model against a real broker. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { brokerApi, scratchVhost } from "../testing/broker.js";
import type { PlannedOperatorPolicy, PlannedPolicy } from "./compile/plan.js";
import { effectiveSettings, matchPolicies } from "./policies.js";
import type { QueueType } from "./settings.js";

const QUEUES = [
  { name: "a.classic", type: "classic" },
  { name: "b.quorum", type: "quorum" },
  { name: "c.stream", type: "stream" },
] as const satisfies readonly { name: string; type: QueueType }[];

const pattern = fc.constantFrom(
  "",
  "^a",
  "quorum$",
  "^c\\.stream$",
  "^(a\\.classic|b\\.quorum)$",
  "[bc]\\.",
  "(?i)CLASSIC",
  "^b\\.quorum$",
);
const small = fc.integer({ min: 100_000, max: 900_000 });
/** Few keys, for one that a type refuses is enough to skip a policy. */
const some = (keys: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .uniqueArray(fc.constantFrom(...Object.keys(keys)), { minLength: 1, maxLength: 2 })
    .chain((names) =>
      fc.record(Object.fromEntries(names.map((name) => [name, keys[name] as fc.Arbitrary<unknown>])), { noNullPrototype: true }),
    );
const shared = {
  "max-length-bytes": small,
  "max-length": small,
  "message-ttl": small,
  expires: small,
  "delivery-limit": fc.integer({ min: -1, max: 30 }),
  overflow: fc.constantFrom("drop-head", "reject-publish"),
  "target-group-size": fc.integer({ min: 1, max: 5 }),
};
const userKeys = some({
  ...shared,
  "dead-letter-exchange": fc.constant("dlx"),
  "dead-letter-strategy": fc.constant("at-most-once"),
  "max-age": fc.constantFrom("7D", "90s"),
  "stream-filter-size-bytes": fc.constant(32),
  "initial-cluster-size": fc.constant(1),
  "consumer-timeout": small,
  "queue-version": fc.constant(2),
});
const applyTo = fc.constantFrom("all", "exchanges", "queues", "classic_queues", "quorum_queues", "streams");
const operatorApplyTo = fc.constantFrom("queues", "classic_queues", "quorum_queues", "streams");

// Priorities differ: of two equal ones it is undefined which holds.
const policies = fc
  .array(fc.record({ pattern, applyTo, definition: userKeys }), { minLength: 1, maxLength: 6, size: "max" })
  .map((list): PlannedPolicy[] => list.map((one, index) => ({ ...one, name: `p${index}`, priority: index * 2 - 3, origin: "" })));
const operatorPolicies = fc
  .array(fc.record({ pattern, applyTo: operatorApplyTo, definition: some(shared) }), { minLength: 1, maxLength: 4, size: "max" })
  .map((list): PlannedOperatorPolicy[] => list.map((one, index) => ({ ...one, name: `o${index}`, priority: index, origin: "" })));

interface LiveQueue {
  readonly name: string;
  readonly policy?: string | null;
  readonly operator_policy?: string | null;
  readonly effective_policy_definition?: Record<string, unknown>;
}

const SEED = Number(process.env["WARREN_TEST_SEED"] ?? 20260101);
const RUNS = Number(process.env["WARREN_TEST_RUNS"] ?? 25);

describe("policies on a broker", () => {
  test("the one that holds, and its merge with the operator's, are those of the model", async () => {
    const { vhost } = await scratchVhost();
    const at = (kind: string, name: string): string => `/api/${kind}/${encodeURIComponent(vhost)}/${encodeURIComponent(name)}`;
    for (const { name, type } of QUEUES)
      await brokerApi("PUT", at("queues", name), { durable: true, auto_delete: false, arguments: { "x-queue-type": type } });
    let held = 0;
    await fc.assert(
      fc.asyncProperty(policies, operatorPolicies, async (user, operator) => {
        const all = [...user.map((one) => ["policies", one] as const), ...operator.map((one) => ["operator-policies", one] as const)];
        try {
          for (const [kind, { name, pattern: regex, applyTo: to, priority, definition }] of all)
            await brokerApi("PUT", at(kind, name), { pattern: regex, "apply-to": to, priority, definition });
          // Straight from the metadata: with statistics it is up to five seconds old. Without them only quorum queues tell of operator policies.
          const live = (await brokerApi(
            "GET",
            `${at("queues", "").slice(0, -1)}?disable_stats=true&enable_queue_totals=true`,
          )) as LiveQueue[];
          for (const { name, type } of QUEUES) {
            const object = { kind: "queue", name, type } as const;
            const found = live.find((queue) => queue.name === name);
            const own = matchPolicies(user, object).winner;
            expect([name, found?.policy || undefined]).toEqual([name, own?.name]);
            if (type !== "quorum") continue;
            const its = matchPolicies(operator, object).winner;
            expect([name, found?.operator_policy || undefined]).toEqual([name, its?.name]);
            const settings = effectiveSettings({ policies: user, operatorPolicies: operator }, { name, type, arguments: {} });
            const effective = found?.effective_policy_definition ?? {};
            for (const { key, value } of settings.values()) expect([name, key, effective[key]]).toEqual([name, key, value]);
            if (own && its) held += 1;
          }
        } finally {
          for (const [kind, { name }] of all) await brokerApi("DELETE", at(kind, name));
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
    expect(held).toBeGreaterThan(RUNS / 5);
  });

  test.each([
    // Length and overflow of argument and policy, and what is left of three messages.
    ["classic", { "x-max-length": 2 }, { "max-length": 1 }, ["3"]],
    ["quorum", { "x-max-length": 1 }, { "max-length": 2 }, ["3"]],
    ["classic", { "x-max-length": 1, "x-overflow": "drop-head" }, { overflow: "reject-publish" }, ["3"]],
    ["classic", { "x-max-length": 1, "x-overflow": "reject-publish" }, { overflow: "drop-head" }, ["1"]],
    ["quorum", { "x-max-length": 1, "x-overflow": "reject-publish" }, { overflow: "drop-head" }, ["3"]],
  ] as const)("a %s queue with %j and policy %j keeps %j", async (type, args, definition, kept) => {
    const { vhost } = await scratchVhost();
    const v = encodeURIComponent(vhost);
    await brokerApi("PUT", `/api/policies/${v}/p`, { pattern: "^q$", "apply-to": "queues", priority: 0, definition });
    await brokerApi("PUT", `/api/queues/${v}/q`, { durable: true, auto_delete: false, arguments: { "x-queue-type": type, ...args } });
    for (const payload of ["1", "2", "3"])
      await brokerApi("POST", `/api/exchanges/${v}/amq.default/publish`, {
        properties: {},
        routing_key: "q",
        payload,
        payload_encoding: "string",
      }).catch((error: unknown) => {
        if (!String(error).includes("rejected")) throw error;
      });
    const got = (await brokerApi("POST", `/api/queues/${v}/q/get`, { count: 5, ackmode: "ack_requeue_false", encoding: "auto" })) as {
      payload: string;
    }[];
    expect(got.map(({ payload }) => payload)).toEqual(kept);
    const queue = { name: "q", type, arguments: { "x-queue-type": type, ...args } };
    const settings = effectiveSettings(
      { policies: [{ name: "p", pattern: "^q$", applyTo: "queues", priority: 0, definition, origin: "" }], operatorPolicies: [] },
      queue,
    );
    expect(settings.get("max-length")?.value).toBe(1);
    expect(settings.get("overflow")?.value ?? "drop-head").toBe(kept[0] === "3" ? "drop-head" : "reject-publish");
  });
});
