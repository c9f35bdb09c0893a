/** Policies written by hand, which are for more queues than one: only an update brings them, and until then a new queue is without. Pure. */
import type { LiveVhost } from "../broker/live.js";
import type { Plan, PlannedOperatorPolicy, PlannedPolicy, PlannedQueue } from "../topology/compile/plan.js";
import { equal } from "../topology/equal.js";
import { winner } from "../topology/policies.js";

export interface LaterPolicy {
  readonly kind: "policy" | "operator policy";
  readonly name: string;
}

type Content = Pick<PlannedPolicy | PlannedOperatorPolicy, "pattern" | "applyTo" | "priority" | "definition">;
const contentOf = ({ pattern, applyTo, priority, definition }: Content): Content => ({ pattern, applyTo, priority, definition });

/** Those that hold for the queue as it is to be, and are not on the broker, or otherwise. */
export function laterPolicies(
  { policies, operatorPolicies }: Pick<Plan, "policies" | "operatorPolicies">,
  { name, type }: PlannedQueue,
  live: Pick<LiveVhost, "policies" | "operatorPolicies"> | undefined,
): LaterPolicy[] {
  const object = { kind: "queue", name, type } as const;
  const [policy, operatorPolicy] = [winner(policies, object), winner(operatorPolicies, object)];
  const isThere = (wanted: Content & { readonly name: string }, there: readonly (Content & { readonly name: string })[] = []): boolean =>
    there.some((one) => one.name === wanted.name && equal(contentOf(one), contentOf(wanted)));
  return [
    ...(policy && policy.generatedFor === undefined && !isThere(policy, live?.policies)
      ? [{ kind: "policy" as const, name: policy.name }]
      : []),
    ...(operatorPolicy && !isThere(operatorPolicy, live?.operatorPolicies)
      ? [{ kind: "operator policy" as const, name: operatorPolicy.name }]
      : []),
  ];
}
