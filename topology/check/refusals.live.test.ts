/** What the checks call refused is what a real broker refuses, and nothing else: queue arguments, policies, bindings. */
import { expect, test } from "vitest";
import { brokerApi, scratchVhost } from "../../testing/broker.js";
import type { Topology } from "../model.js";
import { SETTINGS, type QueueType, type Setting } from "../settings.js";
import { check } from "./check.js";

const TYPES: readonly QueueType[] = ["classic", "quorum", "stream"];

/** Values on both sides of every border. */
function samples({ kind, min, max, choices = [] }: Setting): unknown[] {
  if (kind === "boolean") return [true, "true", 1];
  if (kind === "text") return ["amq.fanout", 5];
  if (kind === "choice") return [...choices, "nonsense", 5];
  if (kind === "max-age") return ["7D", "90s", "7d", "0D", "D", 7];
  const borders = [min ?? 0, (min ?? 0) - 1, ...(max === undefined ? [] : [max, max + 1])];
  return [...borders, 1000, "1000", 1.5, ...(kind === "duration" ? [315_360_000_000, 315_360_000_001] : [])];
}

/** Whether the broker takes it. Some values make it fall over instead of refusing them. */
const takes = async (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    (error: unknown) => {
      if (/: (40\d|500) /.test(String(error))) return false;
      throw error;
    },
  );

const refused = (topology: Omit<Topology, "name">): boolean =>
  check({ topologies: [{ name: "t", ...topology }] }).some(({ code }) =>
    [
      "argument-refused",
      "bad-value",
      "policy-key-refused",
      "feature-removed",
      "binding-refused",
      "name-refused",
      "pattern-invalid",
    ].includes(code),
  );

/** Refused by the check although the broker takes it: it does not look at the value, or goes without it silently. */
const ignored = (setting: Setting, type: QueueType, value: unknown): boolean =>
  setting.types.includes(type) &&
  (setting.unchecked === true || setting.field === "queueMode" || (setting.refused?.[type] ?? []).includes(value as string));

test("arguments of queues", async () => {
  const { vhost } = await scratchVhost();
  const different: unknown[] = [];
  let asked = 0;
  for (const type of TYPES)
    for (const setting of SETTINGS)
      for (const value of setting.argument ? samples(setting) : []) {
        if (ignored(setting, type, value)) continue;
        const needs = setting.argument === "x-dead-letter-routing-key" ? { "x-dead-letter-exchange": "amq.fanout" } : {};
        const args = { "x-queue-type": type, ...needs, [setting.argument as string]: value };
        const name = `q${(asked += 1)}`;
        const at = `/api/queues/${encodeURIComponent(vhost)}/${name}`;
        const taken = await takes(brokerApi("PUT", at, { durable: true, auto_delete: false, arguments: args }));
        if (taken) await brokerApi("DELETE", at);
        const { "x-queue-type": _, ...own } = args;
        const says = !refused({ queues: { q: { type, arguments: own } } });
        if (taken !== says) different.push({ type, argument: setting.argument, value, broker: taken, check: says });
      }
  expect(different).toEqual([]);
  expect(asked).toBeGreaterThan(200);
});

/** What policies take and arguments do not, and what does not work there either. */
const LENIENT: readonly (readonly [key: string, value: unknown])[] = [
  ["message-ttl", 315_360_000_001],
  ["expires", 315_360_000_001],
  ["queue-version", 1],
  ["delivery-limit", -2],
  ["initial-cluster-size", 0],
];

test("keys and values of policies", async () => {
  const { vhost } = await scratchVhost();
  const v = encodeURIComponent(vhost);
  const different: unknown[] = [];
  const asked: [operator: boolean, definition: Record<string, unknown>][] = [
    ...[false, true].flatMap((operator) =>
      ["max-lenght", "ha-mode", "queue-master-locator", "queue-type", "max-priority", "single-active-consumer", "alternate-exchange"].map(
        (key): [boolean, Record<string, unknown>] => [operator, { [key]: "amq.fanout" }],
      ),
    ),
    [false, {}],
    ...SETTINGS.flatMap((setting) =>
      setting.policy === undefined || setting.policy.startsWith("delayed-retry") || setting.policy === "queue-leader-locator"
        ? []
        : samples(setting).flatMap((value) =>
            [false, true].map((operator): [boolean, Record<string, unknown>] => [operator, { [setting.policy as string]: value }]),
          ),
    ),
  ];
  for (const [operator, definition] of asked) {
    const at = `/api/${operator ? "operator-policies" : "policies"}/${v}/p`;
    const taken = await takes(brokerApi("PUT", at, { pattern: "^q$", "apply-to": "queues", priority: 0, definition }));
    await brokerApi("DELETE", at);
    const says = !refused({ [operator ? "operatorPolicies" : "policies"]: { p: { pattern: "^q$", applyTo: "queues", definition } } });
    const lenient = LENIENT.some(([key, value]) => definition[key] === value) && taken && !says;
    if (taken !== says && !lenient) different.push({ operator, definition, broker: taken, check: says });
  }
  expect(different).toEqual([]);
});

test("names, bindings and patterns", async () => {
  const { vhost } = await scratchVhost();
  const v = encodeURIComponent(vhost);
  const different: unknown[] = [];
  const compare = async (what: string, call: Promise<unknown>, topology: Omit<Topology, "name">): Promise<void> => {
    const taken = await takes(call);
    const says = !refused(topology);
    if (taken !== says) different.push({ what, broker: taken, check: says });
  };
  for (const name of ["amq.mine", "é".repeat(127), "é".repeat(128), " ", "a\nb"])
    await compare(
      name,
      brokerApi("PUT", `/api/queues/${v}/${encodeURIComponent(name)}`, { durable: true, arguments: { "x-queue-type": "classic" } }),
      {
        queues: { [name]: { type: "classic" } },
      },
    );
  await brokerApi("PUT", `/api/queues/${v}/q`, { durable: true, arguments: { "x-queue-type": "quorum" } });
  for (const [type, keys] of [
    ["topic", ["#", "#.#", "#.#.#", "a.#b.#.#c.#"]],
    ["x-consistent-hash", ["1", "20", "0", "-1", "x", "", "1.5"]],
  ] as const) {
    await brokerApi("PUT", `/api/exchanges/${v}/${type}`, { type, durable: true });
    for (const key of keys)
      await compare(`${type} ${key}`, brokerApi("POST", `/api/bindings/${v}/e/${type}/q/q`, { routing_key: key, arguments: {} }), {
        exchanges: { x: { type } },
        queues: { q: { type: "quorum", from: { x: key } } },
      });
  }
  await brokerApi("PUT", `/api/exchanges/${v}/lr`, { type: "x-local-random", durable: true });
  for (const type of TYPES) {
    await brokerApi("PUT", `/api/queues/${v}/lr.${type}`, { durable: true, arguments: { "x-queue-type": type } });
    for (const key of ["", "k"])
      await compare(
        `x-local-random ${type} "${key}"`,
        brokerApi("POST", `/api/bindings/${v}/e/lr/q/lr.${type}`, { routing_key: key, arguments: {} }),
        { exchanges: { lr: { type: "x-local-random" } }, queues: { q: { type, from: { lr: key } } } },
      );
  }
  await compare("x-local-random to an exchange", brokerApi("POST", `/api/bindings/${v}/e/lr/e/topic`, { routing_key: "", arguments: {} }), {
    exchanges: { lr: { type: "x-local-random" }, topic: { type: "topic", from: { lr: "" } } },
  });
  await brokerApi("PUT", `/api/exchanges/${v}/h`, { type: "headers", durable: true });
  for (const match of ["all", "any-with-x", "some", 5])
    await compare(
      `x-match ${match}`,
      brokerApi("POST", `/api/bindings/${v}/e/h/q/q`, { routing_key: "", arguments: { "x-match": match } }),
      {
        exchanges: { h: { type: "headers" } },
        queues: { q: { type: "quorum", from: { h: { arguments: { "x-match": match } } } } },
      },
    );
  for (const pattern of ["(", "[a", "*", "^a$", "a{2}", "(?i)a", "a\\", "(?<n>a)", "(?P<n>a)", "[[:alpha:]]", "\\Qa", "x)", ""])
    await compare(
      `pattern ${pattern}`,
      brokerApi("PUT", `/api/policies/${v}/p`, { pattern, "apply-to": "queues", priority: 0, definition: { expires: 999_999 } }),
      {
        policies: { p: { pattern, applyTo: "queues", definition: { expires: 999_999 } } },
      },
    );
  expect(different).toEqual([]);
});
