/** Rules about the settings of queues: of another type, unknown, out of range, silently without effect. */
import type { Arguments, PlannedOperatorPolicy, PlannedPolicy } from "../compile/plan.js";
import { entry } from "../entry.js";
import { path } from "../path.js";
import { SETTINGS, settingOfArgument, settingOfPolicyKey, type QueueType, type Setting } from "../settings.js";
import type { Facts } from "./facts.js";
import { quote, type Fault, type Rule } from "./rule.js";
import { argumentPath, policyKeyPath, settingPath } from "./setting-paths.js";
import { suggest } from "./suggest.js";
import { valueFault } from "./values.js";
import { WITHOUT_EFFECT, REMOVED_ARGUMENTS } from "./removed.js";

const TYPES = { classic_queues: "classic", quorum_queues: "quorum", streams: "stream" } as const;

/** A value that is given somewhere for a setting. */
interface Given {
  readonly setting: Setting;
  readonly value: unknown;
  /** Where it is written; worked out only for what is wrong. */
  readonly path: () => string;
  /** Unknown for a policy for several types. */
  readonly type: QueueType | undefined;
  /** What it is given to, in words. */
  readonly of: () => string;
}

type AnyPolicy = PlannedPolicy | PlannedOperatorPolicy;

const isGenerated = (policy: AnyPolicy): boolean => "generatedFor" in policy && policy.generatedFor !== undefined;

/** Settings as arguments and as keys of policies, with the paths where they are written. */
function* given(facts: Facts): Iterable<Given> {
  for (const queue of facts.written())
    for (const [argument, value] of Object.entries(queue.arguments)) {
      const setting = settingOfArgument(argument);
      if (setting)
        yield {
          setting,
          value,
          type: queue.type,
          of: () => `${facts.title(queue)} (${queue.type})`,
          path: () => argumentPath(facts, queue, argument),
        };
    }
  for (const policy of [...facts.plan.policies, ...facts.plan.operatorPolicies])
    for (const [key, value] of Object.entries(policy.definition)) {
      const setting = settingOfPolicyKey(key);
      if (!setting) continue;
      const type = TYPES[policy.applyTo as keyof typeof TYPES] as QueueType | undefined;
      const of = (): string =>
        isGenerated(policy) ? `${quote((policy as PlannedPolicy).generatedFor)} (${type})` : `Policy ${quote(policy.name)}`;
      yield { setting, value, type, of, path: () => policyKeyPath(facts, policy, key) };
    }
}

const fieldsOf = (type: QueueType): string[] => [
  ...new Set(SETTINGS.filter(({ types }) => types.includes(type)).map(({ field }) => field.split(".")[0] ?? field)),
];

/** Fields that are no settings, and the types that have them. */
const OTHER_FIELDS: readonly (readonly [field: string, types: readonly string[]])[] = Object.entries({
  retry: ["classic", "quorum"],
  durable: ["classic"],
  autoDelete: ["classic"],
  exclusive: [],
  partitions: ["super-stream"],
});

function* refusedSettings(facts: Facts): Iterable<Fault> {
  for (const queue of facts.written())
    for (const argument of Object.keys(queue.arguments)) {
      if (argument === "x-queue-type" && queue.arguments[argument] !== queue.type)
        yield {
          path: argumentPath(facts, queue, argument),
          message: `${facts.title(queue)} is of type ${queue.type}, but its argument ${argument} says ${quote(queue.arguments[argument])}.`,
          value: queue.arguments[argument],
          allowed: [queue.type],
          remedy: "Leave the argument out: it follows from `type`.",
        };
      const setting = settingOfArgument(argument);
      if (!setting || setting.types.includes(queue.type)) continue;
      yield {
        path: argumentPath(facts, queue, argument),
        message: `${facts.title(queue)} is of type ${queue.type}, which refuses ${argument}.`,
        value: queue.arguments[argument],
        allowed: fieldsOf(queue.type),
        remedy: `Leave it out, or choose a type that has it: ${setting.types.join(" or ")}.`,
      };
    }
  for (const policy of facts.plan.policies) {
    const type = TYPES[policy.applyTo as keyof typeof TYPES] as QueueType | undefined;
    for (const key of Object.keys(policy.definition)) {
      const setting = settingOfPolicyKey(key);
      if (policy.generatedFor === undefined || !type || !setting || setting.types.includes(type)) continue;
      yield {
        path: policyKeyPath(facts, policy, key),
        message: `${quote(policy.generatedFor)} is of type ${type}, which has no ${setting.field}.`,
        value: policy.definition[key],
        allowed: fieldsOf(type),
        remedy: `Leave it out, or choose a type that has it: ${setting.types.join(" or ")}.`,
      };
    }
  }
  for (const [origin, definition] of facts.definitions)
    for (const [field, types] of OTHER_FIELDS) {
      const value = (definition as unknown as Arguments)[field];
      if (value === undefined || types.includes(definition.type)) continue;
      yield {
        path: `${origin}.${field}`,
        message: `A ${definition.type === "super-stream" ? "super stream" : `${definition.type} queue`} has no ${field}.`,
        value,
        remedy: types.length > 0 ? `Leave it out, or choose type ${types.join(" or ")}.` : "Leave it out.",
      };
    }
}

function* unknownArguments(facts: Facts): Iterable<Fault> {
  const known = SETTINGS.flatMap(({ argument, types }) => (argument ? [{ argument, types }] : []));
  for (const queue of facts.written())
    for (const [argument, value] of Object.entries(queue.arguments)) {
      if (
        argument === "x-queue-type" ||
        settingOfArgument(argument) ||
        entry(WITHOUT_EFFECT, argument) !== undefined ||
        entry(REMOVED_ARGUMENTS, argument) !== undefined
      )
        continue;
      const candidates = known.filter(({ types }) => types.includes(queue.type)).map(({ argument: name }) => name);
      yield {
        path: argumentPath(facts, queue, argument),
        message: `${facts.title(queue)} has the argument ${quote(argument)}, which no queue type knows: the broker accepts and ignores it.`,
        value,
        ...suggest(argument, candidates, "Leave it out, or silence this if a plugin reads it."),
      };
    }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function* badValues(facts: Facts): Iterable<Fault> {
  for (const [name, { passwordHash }] of Object.entries(facts.topology.users ?? {}))
    if (passwordHash !== undefined && !BASE64.test(passwordHash))
      yield {
        path: `${path("users", name)}.passwordHash`,
        message: `The password hash of user ${quote(name)} is not base64: the broker refuses it.`,
        allowed: ["base64 of a salt of 4 bytes and the hash, as in exported definitions"],
      };
  for (const { setting, value, path: where, type, of } of given(facts)) {
    const bad = valueFault(setting, value, type);
    if (!bad) continue;
    const at = where();
    const silent = setting.unchecked && !at.includes(".definition") ? " The broker does not check it, and silently goes without." : "";
    yield {
      path: at,
      message: `${of()} has ${quote(value)} for ${setting.field}, which ${bad.fault}.${silent}`,
      value,
      allowed: bad.allowed,
    };
  }
  for (const queue of facts.plan.queues) {
    if (queue.role.kind !== "rung") continue;
    const wait = (facts.definitions.get(queue.origin.replace(/\.retry\[\d+\]$/, "")) as { retry?: readonly unknown[] } | undefined)
      ?.retry?.[queue.role.rung - 1];
    const setting = settingOfArgument("x-message-ttl");
    const ttl = facts.settings(queue).get("message-ttl")?.value;
    const bad = setting && valueFault(setting, ttl, queue.type);
    if (bad) yield { path: queue.origin, message: `The waiting time ${quote(wait)} ${bad.fault}.`, value: wait, allowed: bad.allowed };
  }
}

/** Where settings that need one another are not together, the broker falls back without a word. */
function* disabled(facts: Facts): Iterable<Fault> {
  for (const queue of facts.written()) {
    const settings = facts.settings(queue);
    const value = (key: string): unknown => settings.get(key)?.value;
    const title = facts.title(queue);
    const at = (key: string): string => settingPath(facts, queue, key);
    const dead = value("dead-letter-exchange") !== undefined;
    if (!dead && value("dead-letter-routing-key") !== undefined)
      yield {
        path: at("dead-letter-routing-key"),
        message: `${title} has a dead-letter routing key, but no dead-letter exchange: it has no dead letters.`,
        value: value("dead-letter-routing-key"),
        remedy: "Name the exchange too: deadLetterTo: { exchange, routingKey }.",
      };
    if (!dead && value("dead-letter-strategy") !== undefined)
      yield {
        path: at("dead-letter-strategy"),
        message: `${title} has a dead-letter strategy, but no dead-letter exchange: it has no dead letters.`,
        value: value("dead-letter-strategy"),
        remedy: "Name the exchange too: deadLetterTo: { exchange, strategy }.",
      };
    if (dead && value("dead-letter-strategy") === "at-least-once" && value("overflow") !== "reject-publish")
      yield {
        path: at("dead-letter-strategy"),
        message: `${title} asks for at-least-once dead letters, but its overflow is ${quote(value("overflow") ?? "drop-head")}: the broker falls back to at-most-once.`,
        value: value("overflow") ?? "drop-head",
        allowed: ["reject-publish"],
        remedy: 'Set overflow: "reject-publish", or leave the strategy out.',
      };
    yield* delayedRetry(value, title, at);
  }
}

function* delayedRetry(value: (key: string) => unknown, title: string, at: (key: string) => string): Iterable<Fault> {
  const type = value("delayed-retry-type");
  const [min, max] = [value("delayed-retry-min"), value("delayed-retry-max")];
  if (type === undefined && (min !== undefined || max !== undefined))
    yield {
      path: at(min === undefined ? "delayed-retry-max" : "delayed-retry-min"),
      message: `${title} has waiting times for delayed retries, but no type: they are off.`,
      value: min ?? max,
      remedy: 'Say which: delayedRetry: { type: "failed", min, max }.',
    };
  if (type !== undefined && type !== "disabled" && min === undefined)
    yield {
      path: at("delayed-retry-type"),
      message: `${title} has delayed retries without a shortest waiting time: they are off.`,
      value: type,
      remedy: "Give delayedRetry.min.",
    };
  if (typeof min === "number" && typeof max === "number" && max < min)
    yield {
      path: at("delayed-retry-max"),
      message: `${title} has a longest waiting time of ${max} ms for delayed retries, which is shorter than the shortest of ${min} ms.`,
      value: max,
      allowed: [`${min} or more milliseconds`],
      remedy: "Make delayedRetry.max at least as long as delayedRetry.min.",
    };
}

/** What is written at a queue and does not hold, because something else does. */
function* overruled(facts: Facts): Iterable<Fault> {
  for (const queue of facts.written())
    for (const setting of facts.settings(queue).values())
      for (const loser of setting.overruled) {
        const own = loser.source.kind === "argument" || isGeneratedName(facts, loser.source);
        if (!own || loser.value === setting.value) continue;
        const where = setting.source.kind === "argument" ? "an argument" : `the ${setting.source.kind} ${quote(setting.source.name)}`;
        yield {
          path: loser.source.kind === "argument" ? argumentPath(facts, queue, `x-${setting.key}`) : facts.pathOf(queue),
          message: `${facts.title(queue)} says ${quote(loser.value)} for ${setting.key}, but ${where} says ${quote(setting.value)}, which holds.`,
          value: loser.value,
          allowed: [String(setting.value)],
        };
      }
}

function isGeneratedName(facts: Facts, source: { readonly kind: string; readonly name?: string }): boolean {
  return source.kind === "policy" && facts.policyNamed().get(source.name ?? "")?.generatedFor !== undefined;
}

/** Arguments of exchanges of one type that others ignore. */
function* exchangeArguments(facts: Facts): Iterable<Fault> {
  for (const { name, type, arguments: args, origin } of facts.plan.exchanges) {
    const raw = entry(facts.topology.exchanges, name)?.arguments ?? {};
    for (const key of Object.keys(args)) {
      if (key === "alternate-exchange" || key === "x-super-stream") continue;
      const hash = key === "hash-header" || key === "hash-property";
      if (hash && type === "x-consistent-hash") continue;
      const field = key === "hash-header" ? "hashHeader" : "hashProperty";
      const at = Object.hasOwn(raw, key) || !hash ? `${origin}.${path("arguments", key)}` : `${origin}.${field}`;
      yield {
        path: at,
        message: `Exchange ${quote(name)} of type ${type} has the argument ${quote(key)}, which the broker accepts and ignores.`,
        value: args[key],
        ...suggest(
          key,
          type === "x-consistent-hash" ? ["alternate-exchange", "hash-header", "hash-property"] : ["alternate-exchange"],
          "Leave it out, or silence this if a plugin reads it.",
        ),
      };
    }
  }
}

export const argumentRules: readonly Rule[] = [
  {
    code: "argument-refused",
    severity: "error",
    refused: true,
    title: "A setting that a queue's type does not have",
    why: "As an argument the broker refuses it (406); as a policy key it makes the broker skip the whole policy for this queue.",
    remedy: "Leave it out, or choose a type that has it.",
    find: refusedSettings,
  },
  {
    code: "argument-unknown",
    severity: "warning",
    title: "A queue argument that no queue type knows",
    why: "The broker accepts and ignores it, so a slip of the pen goes unseen.",
    remedy: "Correct the name, or leave it out.",
    find: unknownArguments,
  },
  {
    code: "exchange-argument-unknown",
    severity: "warning",
    title: "An exchange argument that its type does not know",
    why: "The broker accepts and ignores it, so a slip of the pen goes unseen.",
    remedy: "Correct the name, or leave it out.",
    find: exchangeArguments,
  },
  {
    code: "bad-value",
    severity: "error",
    refused: true,
    title: "A value that is out of range or of another kind",
    why: "The broker refuses it, or, where it does not check, silently goes without the setting.",
    remedy: "Take one of the allowed values.",
    find: badValues,
  },
  {
    code: "setting-disabled",
    severity: "error",
    title: "A setting that silently does not work",
    why: "It needs another one, without which the broker falls back and says so only in its log.",
    remedy: "Set what it needs, or leave it out.",
    find: disabled,
  },
  {
    code: "setting-overruled",
    severity: "warning",
    title: "A setting that something else overrules",
    why: "Of arguments, policies and operator policies the broker takes the smaller number or the stronger source: what stands at the queue is not what holds.",
    remedy: "Write the value that is meant in one place.",
    find: overruled,
  },
];
