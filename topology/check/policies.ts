/** Rules about policies: which the broker refuses, skips, or never takes. */
import type { PlannedPolicy } from "../compile/plan.js";
import { equal } from "../equal.js";
import { entry } from "../entry.js";
import { path } from "../path.js";
import type { PolicyObject } from "../policies.js";
import { brokerRegex } from "../regex.js";
import { FEDERATION_KEYS, OTHER_POLICY_KEYS, SETTINGS, settingOfPolicyKey } from "../settings.js";
import type { Facts } from "./facts.js";
import { fatesOf, matched, type AnyPolicy } from "./policy-fates.js";
import { REMOVED_POLICY_KEYS } from "./removed.js";
import { quote, several, type Fault, type Rule } from "./rule.js";
import { suggest } from "./suggest.js";

const isGenerated = (policy: AnyPolicy): boolean => "generatedFor" in policy && policy.generatedFor !== undefined;
const all = ({ plan }: Facts): AnyPolicy[] => [...plan.policies, ...plan.operatorPolicies];

const names = (objects: readonly PolicyObject[]): string => several(objects.map(({ name }) => name));

function* patterns(facts: Facts): Iterable<{ path: string; pattern: string; of: string }> {
  for (const policy of all(facts))
    if (!isGenerated(policy)) yield { path: `${policy.origin}.pattern`, pattern: policy.pattern, of: `Policy ${quote(policy.name)}` };
  for (const permission of facts.plan.permissions) {
    if (!permission.origin.endsWith(".permissions")) continue;
    for (const side of ["configure", "write", "read"] as const)
      yield { path: `${permission.origin}.${side}`, pattern: permission[side], of: `User ${quote(permission.user)}` };
  }
  for (const permission of facts.plan.topicPermissions) {
    if (!permission.origin.includes("topicPermissions")) continue;
    for (const side of ["write", "read"] as const)
      yield { path: `${permission.origin}.${side}`, pattern: permission[side], of: `User ${quote(permission.user)}` };
  }
}

const badPatterns = (invalid: boolean) =>
  function* (facts: Facts): Iterable<Fault> {
    for (const { path: at, pattern, of } of patterns(facts)) {
      const compiled = brokerRegex(pattern);
      if ("regex" in compiled || compiled.invalid !== invalid) continue;
      yield { path: at, message: `${of} has the regular expression ${quote(pattern)}: ${compiled.fault}.`, value: pattern };
    }
  };

/** In bytes; 4.3.6 answers 400 to a longer one, in policies, permissions and topic permissions alike. */
const LONGEST_PATTERN = 1024;
const utf8 = new TextEncoder();

function* tooLong(facts: Facts): Iterable<Fault> {
  const { policies, operatorPolicies, permissions, topicPermissions } = facts.plan;
  const found = [
    ...[...policies, ...operatorPolicies].map(({ origin, name, pattern }) => ({ origin, of: `Policy ${quote(name)}`, pattern })),
    ...permissions.flatMap(({ origin, user, configure, write, read }) =>
      [configure, write, read].map((pattern) => ({ origin, of: `User ${quote(user)}`, pattern })),
    ),
    ...topicPermissions.flatMap(({ origin, user, write, read }) =>
      [write, read].map((pattern) => ({ origin, of: `User ${quote(user)}`, pattern })),
    ),
  ];
  for (const { origin, of, pattern } of found) {
    // A character has at most three bytes for each of its units, so that short ones need no counting.
    const length = pattern.length * 3 > LONGEST_PATTERN ? utf8.encode(pattern).length : 0;
    if (length > LONGEST_PATTERN)
      yield {
        path: origin,
        message: `${of} has a regular expression of ${length} bytes; the broker takes ${LONGEST_PATTERN}.`,
        value: length,
      };
  }
}

function* refusedKeys(facts: Facts): Iterable<Fault> {
  const settings = SETTINGS.flatMap(({ policy, operator }) => (policy ? [{ key: policy, operator }] : []));
  const operatorKeys = settings.filter(({ operator }) => operator).map(({ key }) => key);
  const userKeys = [...settings.map(({ key }) => key), ...OTHER_POLICY_KEYS];
  for (const policy of all(facts)) {
    if (isGenerated(policy)) continue;
    const operator = facts.operatorPolicyNamed().get(policy.name) === policy;
    const allowed = operator ? operatorKeys : userKeys;
    const keys = Object.keys(policy.definition);
    if (keys.length === 0)
      yield { path: `${policy.origin}.definition`, message: `Policy ${quote(policy.name)} has an empty definition.`, value: {}, allowed };
    const upstreams = keys.filter((key) => (FEDERATION_KEYS as readonly string[]).includes(key));
    if (!operator && upstreams.length > 1)
      yield {
        path: `${policy.origin}.definition`,
        message: `Policy ${quote(policy.name)} has ${several(upstreams)}: the broker takes one of them.`,
        value: upstreams,
        allowed: FEDERATION_KEYS,
        remedy: "Leave all but one of them out; several upstreams are a set.",
      };
    for (const key of keys) {
      if (allowed.includes(key) || entry(REMOVED_POLICY_KEYS, key) !== undefined) continue;
      // Plugins bring keys of their own, which only the broker can judge.
      if (!operator && key.startsWith("federation-")) continue;
      const userOnly = operator && settingOfPolicyKey(key) !== undefined;
      yield {
        path: `${policy.origin}.${path("definition", key)}`,
        message: userOnly
          ? `Operator policy ${quote(policy.name)} has the key ${quote(key)}, which only a user's policy may have.`
          : `Policy ${quote(policy.name)} has the key ${quote(key)}, which the broker does not know.`,
        value: key,
        ...suggest(key, allowed, "Leave it out."),
        allowed,
      };
    }
  }
}

function* skipped(facts: Facts): Iterable<Fault> {
  for (const [policy, { skipped: objects }] of fatesOf(facts)) {
    if (isGenerated(policy)) continue;
    const byKey = new Map<string, PolicyObject[]>();
    for (const { object, keys } of objects) for (const key of keys) byKey.set(key, [...(byKey.get(key) ?? []), object]);
    for (const [key, skippedFor] of byKey) {
      const types = [...new Set(skippedFor.flatMap((object) => (object.kind === "queue" ? [object.type] : [])))];
      yield {
        path: `${policy.origin}.${path("definition", key)}`,
        message: `Policy ${quote(policy.name)} is skipped whole for ${names(skippedFor)}: a ${types.join(" or ")} queue does not support ${quote(key)}.`,
        value: key,
        remedy: "Give the policy an applyTo of the queue types that support all of its keys, and the others a policy of their own.",
      };
    }
  }
}

function* ignoredKeys(facts: Facts): Iterable<Fault> {
  for (const [policy, { wins }] of fatesOf(facts)) {
    if (isGenerated(policy) || wins.length === 0) continue;
    for (const key of Object.keys(policy.definition)) {
      const setting = settingOfPolicyKey(key);
      const used = wins.some((object) => {
        if (key.startsWith("federation-")) return true;
        if (object.kind === "exchange") return key === "alternate-exchange";
        return setting?.types.includes(object.type) ?? false;
      });
      if (used || (!setting && key !== "alternate-exchange")) continue;
      yield {
        path: `${policy.origin}.${path("definition", key)}`,
        message: `Policy ${quote(policy.name)} has the key ${quote(key)}, which none of what it applies to (${names(wins)}) has.`,
        value: key,
      };
    }
  }
}

function* unused(facts: Facts): Iterable<Fault> {
  for (const policy of all(facts)) {
    if (isGenerated(policy) || fatesOf(facts).has(policy)) continue;
    if (!("regex" in brokerRegex(policy.pattern))) continue;
    const objects = [...facts.queues.keys(), ...facts.templates.keys(), ...facts.exchanges.keys()];
    yield {
      path: `${policy.origin}.pattern`,
      message: `Policy ${quote(policy.name)} for ${policy.applyTo} matches nothing that is declared.`,
      value: policy.pattern,
      ...suggest(policy.pattern, objects, "Correct the pattern or applyTo, or leave the policy out."),
    };
  }
}

function* shadowed(facts: Facts): Iterable<Fault> {
  for (const [policy, { wins, loses, skipped: skippedFor }] of fatesOf(facts)) {
    if (loses.length === 0 || isGenerated(policy)) continue;
    const [first] = loses;
    if (wins.length === 0 && skippedFor.length === 0 && first) {
      const ties = loses.every(({ to }) => to.priority === policy.priority);
      if (ties) continue;
      yield {
        path: policy.origin,
        message: `Policy ${quote(policy.name)} of priority ${policy.priority} never holds: policy ${quote(first.to.name)} of priority ${first.to.priority} does, for ${names(loses.map(({ object }) => object))}.`,
        value: policy.priority,
      };
      continue;
    }
    // User policies do not merge: what this one says is lost where a generated one holds.
    const lost = loses.filter(({ to, object }) => isGenerated(to) && facts.queues.get(object.name)?.role.kind !== "rung");
    const keys = [...new Set(lost.flatMap(({ to }) => Object.keys(policy.definition).filter((key) => !Object.hasOwn(to.definition, key))))];
    if (keys.length === 0) continue;
    yield {
      path: policy.origin,
      message: `Policy ${quote(policy.name)} does not hold for ${names(lost.map(({ object }) => object))}, whose generated policies have a higher priority: ${keys.join(", ")} is not set there.`,
      value: policy.priority,
    };
  }
}

function* replaced(facts: Facts): Iterable<Fault> {
  for (const [policy, { loses }] of fatesOf(facts)) {
    if (!isGenerated(policy)) continue;
    const own = loses.filter(({ to, object }) => to.priority > policy.priority && belongs(facts, policy as PlannedPolicy, object));
    const [first] = own;
    if (!first) continue;
    const lost = Object.keys(policy.definition).filter((key) => !equal(first.to.definition[key], policy.definition[key]));
    if (lost.length === 0) continue;
    yield {
      path: first.to.origin,
      message: `Policy ${quote(first.to.name)} of priority ${first.to.priority} holds for ${names(own.map(({ object }) => object))} in place of what stands there: ${lost.join(", ")} is lost.`,
      value: first.to.priority,
    };
  }
}

/** Whether an object is one that a policy was generated for, rather than another that its pattern matches too. */
function belongs(facts: Facts, policy: PlannedPolicy, object: PolicyObject): boolean {
  const planned =
    object.kind === "exchange" ? facts.exchanges.get(object.name) : (facts.queues.get(object.name) ?? facts.templates.get(object.name));
  return planned !== undefined && (planned.origin === policy.origin || planned.origin.startsWith(`${policy.origin}.partitions[`));
}

function* ties(facts: Facts): Iterable<Fault> {
  const found = new Map<AnyPolicy, { readonly winner: AnyPolicy; readonly objects: PolicyObject[] }>();
  const { user, operator } = matched(facts);
  for (const { object, match } of [...user, ...operator])
    for (const tied of match.tied) {
      // Two of one name are a name-collision: the broker has only one of them.
      if (!match.winner || tied.name === match.winner.name || equal(tied.definition, match.winner.definition)) continue;
      const [blamed, other] = isGenerated(tied) && !isGenerated(match.winner) ? [match.winner, tied] : [tied, match.winner];
      const known = found.get(blamed);
      if (known) known.objects.push(object);
      else found.set(blamed, { winner: other, objects: [object] });
    }
  for (const [policy, { winner, objects }] of found)
    yield {
      path: policy.origin,
      message: `Policies ${quote(winner.name)} and ${quote(policy.name)} both have priority ${policy.priority} for ${names(objects)}: which of them holds is not defined.`,
      value: policy.priority,
    };
}

export const policyRules: readonly Rule[] = [
  {
    code: "pattern-invalid",
    severity: "error",
    refused: true,
    title: "A regular expression that does not compile",
    why: "The broker refuses the policy or the permission.",
    remedy: "Correct it; a character with a meaning of its own is written with a backslash.",
    find: badPatterns(true),
  },
  {
    code: "pattern-too-long",
    severity: "error",
    refused: true,
    title: "A regular expression of more than 1024 bytes",
    why: "The broker refuses the policy or the permission, in the middle of an update.",
    remedy: "Divide the service, or give it `permissions` with an expression that covers its names by what they have in common.",
    find: tooLong,
  },
  {
    code: "pattern-unknown",
    severity: "warning",
    title: "A regular expression that Warren cannot evaluate",
    why: "The broker may take it, but no other check can say what it matches.",
    remedy: "Write it without possessive quantifiers, atomic groups, recursion and Unicode classes.",
    find: badPatterns(false),
  },
  {
    code: "policy-key-refused",
    severity: "error",
    refused: true,
    title: "A policy key that the broker does not take",
    why: "The broker refuses the whole policy.",
    remedy: "Correct the key, or leave it out.",
    find: refusedKeys,
  },
  {
    code: "policy-skipped",
    severity: "warning",
    title: "A policy that is skipped whole for some queues",
    why: "One key that a queue's type does not support is enough: none of the others holds there either, and the broker says nothing.",
    remedy: "Give the policy the queue types that support all of its keys.",
    find: skipped,
  },
  {
    code: "policy-key-ignored",
    severity: "warning",
    title: "A policy key that nothing uses",
    why: "It looks as if it had an effect.",
    remedy: "Leave it out, or apply the policy to what has it.",
    find: ignoredKeys,
  },
  {
    code: "policy-unused",
    severity: "warning",
    title: "A policy that matches nothing",
    why: "Patterns are regular expressions, not wildcards, and match anywhere in a name: a slip goes unseen.",
    remedy: "Correct the pattern or applyTo, or leave the policy out.",
    find: unused,
  },
  {
    code: "policy-shadowed",
    severity: "warning",
    title: "A policy that another one keeps from holding",
    why: "Only the policy with the highest priority holds; policies of users never merge. Those that Warren generates have priority 10.",
    remedy: "Write the settings at the queues themselves, use an operator policy, or change the priorities.",
    find: shadowed,
  },
  {
    code: "policy-replaces-settings",
    severity: "warning",
    title: "A policy that takes the place of what stands at a queue",
    why: "Only the policy with the highest priority holds, whole: settings that the queue has in the topology do not.",
    remedy: "Give the policy a priority below 10, write its settings at the queue, or use an operator policy.",
    find: replaced,
  },
  {
    code: "policy-tie",
    severity: "error",
    title: "Two policies of one priority for one object",
    why: "Which of them the broker takes is not defined, and may change with a restart.",
    remedy: "Give them different priorities, or patterns that do not overlap.",
    find: ties,
  },
];
