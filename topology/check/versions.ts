/** Rules about versions of the broker: what it does not have yet, or not any more. */
import { entry } from "../entry.js";
import { path } from "../path.js";
import { settingOfArgument, settingOfPolicyKey, VERSIONS, type Setting } from "../settings.js";
import type { Facts } from "./facts.js";
import { REMOVED_ARGUMENTS, REMOVED_POLICY_KEYS, WITHOUT_EFFECT } from "./removed.js";
import { quote, type Fault, type Rule } from "./rule.js";
import { argumentPath, policyKeyPath } from "./setting-paths.js";
import { OLD_LOCATORS } from "./values.js";

interface Written {
  readonly key: string;
  readonly argument: boolean;
  readonly value: unknown;
  readonly path: () => string;
  readonly of: () => string;
}

/** Those arguments and policy keys that are looked for, with the paths where they are written. */
function* written(facts: Facts, wanted: (key: string, argument: boolean) => boolean): Iterable<Written> {
  for (const queue of facts.written())
    for (const [argument, value] of Object.entries(queue.arguments)) {
      if (!wanted(argument, true)) continue;
      yield { key: argument, argument: true, value, path: () => argumentPath(facts, queue, argument), of: () => facts.title(queue) };
    }
  for (const policy of [...facts.plan.policies, ...facts.plan.operatorPolicies]) {
    const generatedFor = "generatedFor" in policy ? policy.generatedFor : undefined;
    const of = (): string => (generatedFor === undefined ? `Policy ${quote(policy.name)}` : quote(generatedFor));
    for (const [key, value] of Object.entries(policy.definition))
      if (wanted(key, false)) yield { key, argument: false, value, path: () => policyKeyPath(facts, policy, key), of };
  }
}

const since = (version: string): string[] => VERSIONS.filter((one) => one >= version).map((one) => `brokerVersion: "${one}"`);

function* tooNew(facts: Facts): Iterable<Fault> {
  const settingOf = (key: string, argument: boolean): Setting | undefined => (argument ? settingOfArgument(key) : settingOfPolicyKey(key));
  const wanted = (key: string, argument: boolean): boolean => !facts.has(settingOf(key, argument)?.since);
  for (const { key, argument, value, path: where, of } of written(facts, wanted)) {
    const setting = settingOf(key, argument);
    if (!setting?.since) continue;
    yield {
      path: where(),
      message: `${of()} has ${setting.field}, which RabbitMQ ${facts.version} does not have: it came with ${setting.since}.`,
      value,
      allowed: since(setting.since),
    };
  }
  if (facts.topology.vhost?.deletionProtection && !facts.has("4.1"))
    yield {
      path: "vhost.deletionProtection",
      message: `RabbitMQ ${facts.version} has no protection of vhosts against deletion: it came with 4.1.`,
      value: true,
      allowed: since("4.1"),
    };
}

function* removed(facts: Facts): Iterable<Fault> {
  const goneOf = (key: string, argument: boolean) => entry(argument ? REMOVED_ARGUMENTS : REMOVED_POLICY_KEYS, key);
  for (const { key, argument, value, path: where, of } of written(facts, (name, raw) => goneOf(name, raw) !== undefined)) {
    const gone = goneOf(key, argument);
    if (!gone || !facts.has(gone.since)) continue;
    yield { path: where(), message: `${of()} has ${quote(key)}, which RabbitMQ ${facts.version} refuses.`, value, remedy: gone.instead };
  }
  for (const [name, { type }] of Object.entries(facts.topology.exchanges ?? {}))
    if ((type as string) === "x-delayed-message")
      yield {
        path: `${path("exchanges", name)}.type`,
        message: `Exchange ${quote(name)} is of type x-delayed-message, whose plugin is archived and does not run on RabbitMQ 4.3.`,
        value: type,
        remedy: "Delay by a ladder (retry), or by a queue with a messageTtl that dead-letters to the target.",
      };
}

function* withoutEffect(facts: Facts): Iterable<Fault> {
  const whyOf = (key: string, argument: boolean) => entry(WITHOUT_EFFECT, argument ? key : `x-${key}`);
  for (const { key, argument, value, path: where, of } of written(facts, (name, raw) => whyOf(name, raw) !== undefined)) {
    const why = whyOf(key, argument);
    if (why) yield { path: where(), message: `${of()} has ${quote(key)}, which has no effect: ${why}.`, value };
  }
}

function* deprecated(facts: Facts): Iterable<Fault> {
  const isLocator = (key: string): boolean => key === "x-queue-leader-locator" || key === "queue-leader-locator";
  for (const { value, path: where, of } of written(facts, isLocator))
    if (OLD_LOCATORS.includes(value))
      yield {
        path: where(),
        message: `${of()} has ${quote(value)} for queueLeaderLocator, an old name of "balanced".`,
        value,
        allowed: ["client-local", "balanced"],
      };
  for (const queue of facts.written())
    if (!queue.durable)
      yield {
        path: `${queue.origin}.durable`,
        message: `${facts.title(queue)} is transient: it is gone after a restart, and such queues are deprecated.`,
        value: false,
        allowed: ["true"],
        remedy: "Make it durable, and give it expires if it is to go by itself.",
      };
}

export const versionRules: readonly Rule[] = [
  {
    code: "feature-too-new",
    severity: "error",
    title: "A feature that the target version does not have",
    why: "An older broker ignores an argument that it does not know, and refuses a policy with such a key.",
    remedy: "Raise brokerVersion, or do without.",
    find: tooNew,
  },
  {
    code: "feature-removed",
    severity: "error",
    refused: true,
    title: "A feature that the target version has no more",
    why: "The broker refuses the queue, the policy or the exchange.",
    remedy: "Use what took its place.",
    find: removed,
  },
  {
    code: "feature-without-effect",
    severity: "warning",
    title: "A setting that has no effect any more",
    why: "The broker accepts and ignores it.",
    remedy: "Leave it out.",
    find: withoutEffect,
  },
  {
    code: "feature-deprecated",
    severity: "warning",
    title: "A feature that is going to be removed",
    why: "The broker still takes it, and a later version will not.",
    remedy: "Use what takes its place.",
    find: deprecated,
  },
];
