/** What becomes of each policy: for which objects it holds, loses to another, or is skipped. */
import type { PlannedOperatorPolicy, PlannedPolicy } from "../compile/plan.js";
import { matchPolicies, type PolicyMatch, type PolicyObject } from "../policies.js";
import { BUILTIN_EXCHANGES, type Facts } from "./facts.js";

export type AnyPolicy = PlannedPolicy | PlannedOperatorPolicy;

export interface Matched {
  readonly object: PolicyObject;
  readonly match: PolicyMatch<AnyPolicy>;
}

const memo = new WeakMap<Facts, { readonly user: readonly Matched[]; readonly operator: readonly Matched[] }>();

/** Every queue, template and exchange with the policies that match it. */
export function matched(facts: Facts): { readonly user: readonly Matched[]; readonly operator: readonly Matched[] } {
  const known = memo.get(facts);
  if (known) return known;
  const { plan } = facts;
  const queues: PolicyObject[] = [...plan.queues, ...plan.templates].map(({ name, type }) => ({ kind: "queue", name, type }));
  const exchanges: PolicyObject[] = [...plan.exchanges.map(({ name }) => name), ...BUILTIN_EXCHANGES].map((name) => ({
    kind: "exchange",
    name,
  }));
  const against = (policies: readonly AnyPolicy[]): Matched[] =>
    policies.length === 0 ? [] : [...queues, ...exchanges].map((object) => ({ object, match: matchPolicies(policies, object) }));
  const found = { user: against(plan.policies), operator: against(plan.operatorPolicies) };
  memo.set(facts, found);
  return found;
}

/** What becomes of each policy that matches something. */
export interface Fate {
  readonly wins: PolicyObject[];
  readonly loses: { readonly object: PolicyObject; readonly to: AnyPolicy }[];
  readonly skipped: { readonly object: PolicyObject; readonly keys: readonly string[] }[];
}

const fates = new WeakMap<Facts, ReadonlyMap<AnyPolicy, Fate>>();

/** By policy; one that matches nothing is not there. */
export function fatesOf(facts: Facts): ReadonlyMap<AnyPolicy, Fate> {
  const known = fates.get(facts);
  if (known) return known;
  const found = new Map<AnyPolicy, Fate>();
  const of = (policy: AnyPolicy): Fate => {
    const fate = found.get(policy) ?? { wins: [], loses: [], skipped: [] };
    found.set(policy, fate);
    return fate;
  };
  const { user, operator } = matched(facts);
  for (const { object, match } of [...user, ...operator]) {
    for (const policy of match.applicable)
      if (policy === match.winner) of(policy).wins.push(object);
      else if (match.winner) of(policy).loses.push({ object, to: match.winner });
    for (const { policy, keys } of match.skipped) of(policy).skipped.push({ object, keys });
  }
  fates.set(facts, found);
  return found;
}
