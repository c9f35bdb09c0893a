/** Which policy the broker applies to a queue or an exchange, and which settings a queue has in the end. */
import type {
  Arguments,
  Plan,
  PlannedExchange,
  PlannedOperatorPolicy,
  PlannedPolicy,
  PlannedQueue,
  PlannedTemplate,
} from "./compile/plan.js";
import type { PolicyApplyTo } from "./model.js";
import { exactNames, matches } from "./regex.js";
import { settingOfArgument, settingOfPolicyKey, type QueueType } from "./settings.js";

/** What a policy may apply to. */
export type PolicyObject =
  { readonly kind: "queue"; readonly name: string; readonly type: QueueType } | { readonly kind: "exchange"; readonly name: string };

/**
 * Policy keys for which the broker skips a policy whole, by queue type. A key that a type does not use and that is missing here is
 * ignored alone. Source: `unsupported_policies` of `rabbit_classic_queue`, `rabbit_quorum_queue` and `rabbit_stream_queue` in 4.3.6.
 */
const SKIPPED_FOR: Readonly<Record<QueueType, ReadonlySet<string>>> = {
  classic: new Set([
    "max-age",
    "stream-max-segment-size-bytes",
    "initial-cluster-size",
    "delivery-limit",
    "dead-letter-strategy",
    "max-in-memory-length",
    "max-in-memory-bytes",
    "target-group-size",
  ]),
  quorum: new Set([
    "max-priority",
    "queue-mode",
    "queue-master-locator",
    "max-age",
    "stream-max-segment-size-bytes",
    "initial-cluster-size",
  ]),
  stream: new Set([
    "expires",
    "message-ttl",
    "dead-letter-exchange",
    "dead-letter-routing-key",
    "max-length",
    "max-in-memory-length",
    "max-in-memory-bytes",
    "max-priority",
    "overflow",
    "queue-mode",
    "delivery-limit",
    "queue-master-locator",
    "dead-letter-strategy",
    "target-group-size",
  ]),
};

type AnyPolicy = PlannedPolicy | PlannedOperatorPolicy;

/** How a policy stands to one object. */
export interface PolicyMatch<P extends AnyPolicy> {
  /** The one that holds. With a tie the broker's choice is not defined; here it is the first in the topology. */
  readonly winner: P | undefined;
  /** Others with the winner's priority: it is undefined which of them holds. */
  readonly tied: readonly P[];
  /** All that could hold, the highest priority first. */
  readonly applicable: readonly P[];
  /** Those that match name and kind, and are skipped because of these keys. */
  readonly skipped: readonly { readonly policy: P; readonly keys: readonly string[] }[];
}

/** The keys because of which the broker skips a policy for this type of queue. */
export function skippedKeys(definition: Arguments, type: QueueType): string[] {
  return Object.keys(definition).filter((key) => SKIPPED_FOR[type].has(key));
}

const QUEUE_TYPES: Partial<Record<PolicyApplyTo, QueueType>> = { classic_queues: "classic", quorum_queues: "quorum", streams: "stream" };

/** Source: `rabbit_policy:matches_type` and `matches_queue_type`. */
function appliesTo(applyTo: PolicyApplyTo, object: PolicyObject): boolean {
  if (applyTo === "all") return true;
  if (object.kind === "exchange") return applyTo === "exchanges";
  return applyTo === "queues" || QUEUE_TYPES[applyTo] === object.type;
}

/** Policies prepared for many look-ups: those for exact names in a map, the others in a list. */
class PolicyIndex<P extends AnyPolicy> {
  private readonly exact = new Map<string, { policy: P; order: number }[]>();
  private readonly other: { policy: P; order: number }[] = [];

  constructor(policies: readonly P[]) {
    policies.forEach((policy, order) => {
      const names = exactNames(policy.pattern);
      if (!names) this.other.push({ policy, order });
      for (const name of new Set(names)) {
        const known = this.exact.get(name);
        if (known) known.push({ policy, order });
        else this.exact.set(name, [{ policy, order }]);
      }
    });
  }

  match(object: PolicyObject): PolicyMatch<P> {
    const skipped: { policy: P; keys: string[] }[] = [];
    const found = [...(this.exact.get(object.name) ?? []), ...this.other.filter(({ policy }) => matches(policy.pattern, object.name))]
      .filter(({ policy }) => {
        if (!appliesTo(policy.applyTo, object)) return false;
        const keys = object.kind === "queue" ? skippedKeys(policy.definition, object.type) : [];
        if (keys.length > 0) skipped.push({ policy, keys });
        return keys.length === 0;
      })
      .sort((a, b) => b.policy.priority - a.policy.priority || a.order - b.order)
      .map(({ policy }) => policy);
    const [winner, ...others] = found;
    return { winner, tied: others.filter(({ priority }) => priority === winner?.priority), applicable: found, skipped };
  }
}

const indexes = new WeakMap<readonly AnyPolicy[], PolicyIndex<AnyPolicy>>();

/** How all policies (or operator policies) of a plan stand to one object. */
export function matchPolicies<P extends AnyPolicy>(policies: readonly P[], object: PolicyObject): PolicyMatch<P> {
  let index = indexes.get(policies) as PolicyIndex<P> | undefined;
  if (!index) {
    index = new PolicyIndex(policies);
    indexes.set(policies, index);
  }
  return index.match(object);
}

/**
 * The policy (or operator policy) that the broker applies: of those that match name, kind and queue type and have no key that this
 * type refuses, the one with the highest priority. Source: `rabbit_policy:match_all` of 4.3.6; inapplicable policies are left out
 * before priorities are compared, so the next lower one holds then.
 */
export function winner<P extends AnyPolicy>(policies: readonly P[], object: PolicyObject): P | undefined {
  return matchPolicies(policies, object).winner;
}

/** Where a setting's value comes from. */
export type SettingSource = { readonly kind: "argument" } | { readonly kind: "policy" | "operator policy"; readonly name: string };

export interface SourcedValue {
  /** As the broker takes it: milliseconds, bytes. */
  readonly value: unknown;
  readonly source: SettingSource;
}

export interface EffectiveSetting extends SourcedValue {
  /** The policy key, which is the argument without `x-`. */
  readonly key: string;
  /** Other values that were given and do not hold. */
  readonly overruled: readonly SourcedValue[];
}

/** By policy key; the order is that of appearance. */
export type EffectiveSettings = ReadonlyMap<string, EffectiveSetting>;

type Winner = "first" | "second";
type Merge = (first: unknown, second: unknown) => Winner;

const firstWins: Merge = () => "first";
const secondWins: Merge = () => "second";
const smaller: Merge = (first, second) => (Number(second) < Number(first) ? "second" : "first");
const larger: Merge = (first, second) => (Number(second) > Number(first) ? "second" : "first");
/** Without a limit on one side, the other's counts. Source: `rabbit_quorum_queue:resolve_delivery_limit`. */
const deliveryLimit: Merge = (first, second) => (Number(first) < 0 || Number(second) < 0 ? larger(first, second) : smaller(first, second));

/** Policy (first) with operator policy (second). Source: `merge_policy_value` of `rabbit_policies` and `rabbit_quorum_queue`. */
const WITH_OPERATOR: Readonly<Record<string, Merge>> = {
  "message-ttl": smaller,
  "max-length": smaller,
  "max-length-bytes": smaller,
  expires: smaller,
  "delivery-limit": deliveryLimit,
  "target-group-size": larger,
  "delayed-retry-min": larger,
  "delayed-retry-max": smaller,
};

const SMALLER_OF_BOTH = { expires: smaller, "message-ttl": smaller, "max-length": smaller, "max-length-bytes": smaller } as const;

/**
 * Argument (first) with what the policies say (second); the argument wins where nothing stands here. Source: `args_policy_lookup`
 * in `rabbit_amqqueue_process` (classic), `rabbit_quorum_queue`, `rabbit_stream_queue`, `rabbit_queue_type`, `rabbit_queue_location`.
 */
const WITH_ARGUMENT: Readonly<Record<QueueType, Readonly<Record<string, Merge>>>> = {
  classic: { ...SMALLER_OF_BOTH, "queue-leader-locator": secondWins },
  quorum: {
    ...SMALLER_OF_BOTH,
    overflow: secondWins,
    "queue-leader-locator": secondWins,
    "delivery-limit": deliveryLimit,
    "consumer-timeout": smaller,
    "consumer-disconnected-timeout": smaller,
    "delayed-retry-type": secondWins,
    "delayed-retry-min": smaller,
    "delayed-retry-max": smaller,
  },
  stream: {
    "max-length-bytes": secondWins,
    "max-age": secondWins,
    "stream-max-segment-size-bytes": secondWins,
    "stream-filter-size-bytes": secondWins,
    "initial-cluster-size": secondWins,
    "queue-leader-locator": secondWins,
  },
};

function add(settings: Map<string, EffectiveSetting>, key: string, given: SourcedValue, merge: Merge): void {
  const known = settings.get(key);
  if (!known) {
    settings.set(key, { key, ...given, overruled: [] });
    return;
  }
  const { overruled, value, source } = known;
  const [holds, loses] = merge(value, given.value) === "first" ? [{ value, source }, given] : [given, { value, source }];
  settings.set(key, { key, ...holds, overruled: [...overruled, loses] });
}

/** What a queue's arguments, its policy and its operator policy come to, key by key. Keys that its type does not use are left out. */
export function effectiveSettings(
  plan: Pick<Plan, "policies" | "operatorPolicies">,
  queue: Pick<PlannedQueue | PlannedTemplate, "name" | "type" | "arguments">,
): EffectiveSettings {
  const object: PolicyObject = { kind: "queue", name: queue.name, type: queue.type };
  const merged = new Map<string, EffectiveSetting>();
  const used = (key: string): boolean => settingOfPolicyKey(key)?.types.includes(queue.type) ?? false;
  const policy = winner(plan.policies, object);
  for (const [key, value] of Object.entries(policy?.definition ?? {})) {
    if (policy && used(key)) add(merged, key, { value, source: { kind: "policy", name: policy.name } }, firstWins);
  }
  const operator = winner(plan.operatorPolicies, object);
  for (const [key, value] of Object.entries(operator?.definition ?? {})) {
    if (operator && used(key)) {
      add(merged, key, { value, source: { kind: "operator policy", name: operator.name } }, WITH_OPERATOR[key] ?? secondWins);
    }
  }
  for (const [argument, value] of Object.entries(queue.arguments)) {
    if (!settingOfArgument(argument)?.types.includes(queue.type)) continue;
    const key = argument.slice("x-".length);
    const policies = WITH_ARGUMENT[queue.type][key] ?? firstWins;
    // The argument is the first of the pair by the broker's rules, but comes last here.
    add(merged, key, { value, source: { kind: "argument" } }, (known, given) => (policies(given, known) === "first" ? "second" : "first"));
  }
  return merged;
}

/** An exchange's alternate: the argument wins over policies. Source: `rabbit_policy:get_arg`. */
export function alternateExchange(
  plan: Pick<Plan, "policies">,
  exchange: Pick<PlannedExchange, "name" | "arguments">,
): SourcedValue | undefined {
  const argument = exchange.arguments["alternate-exchange"];
  if (argument !== undefined) return { value: argument, source: { kind: "argument" } };
  const policy = winner(plan.policies, { kind: "exchange", name: exchange.name });
  const value = policy?.definition["alternate-exchange"];
  return policy && value !== undefined ? { value, source: { kind: "policy", name: policy.name } } : undefined;
}

/** A source in words: `argument`, `policy "orders"`. */
export function sourceText(source: SettingSource): string {
  return source.kind === "argument" ? "argument" : `${source.kind} ${JSON.stringify(source.name)}`;
}
