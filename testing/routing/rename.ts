/** Gives the objects of a plan other names, so that many networks stand in one vhost. */
import type { Plan } from "../../topology/compile/plan.js";

const NAME = /\b[eq]\d\b/g;

/** The value with another name in place of each e0, q0, ...: in keys, patterns and arguments too. */
export function renamed<T>(value: T, prefix: string): T {
  if (typeof value === "string") return value.replace(NAME, (name) => prefix + name) as T;
  if (Array.isArray(value)) return value.map((entry: unknown) => renamed(entry, prefix)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, renamed(entry as unknown, prefix)])) as T;
}

/** Several plans in one vhost; each has its policies' names for itself. */
export function together(plans: readonly Plan[], vhost: string): Plan | undefined {
  const [first] = plans;
  if (!first) return undefined;
  const all = <T>(of: (plan: Plan) => readonly T[]): T[] => plans.flatMap(of);
  const named = <T extends { readonly name: string }>(of: (plan: Plan) => readonly T[]): T[] =>
    plans.flatMap((plan, index) => of(plan).map((entry) => ({ ...entry, name: `${index} ${entry.name}` })));
  return {
    ...first,
    vhost: { name: vhost, origin: "" },
    exchanges: all((plan) => plan.exchanges),
    queues: all((plan) => plan.queues),
    bindings: all((plan) => plan.bindings),
    policies: named((plan) => plan.policies),
    operatorPolicies: named((plan) => plan.operatorPolicies),
  };
}
