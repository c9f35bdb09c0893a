/** The policy that the broker applies to each queue and exchange, and the settings it comes to, are those that the topology computes. */
import { equal } from "../../topology/equal.js";
import type { Plan, PlannedExchange, PlannedOperatorPolicy, PlannedPolicy, PlannedQueue } from "../../topology/compile/plan.js";
import { effectiveSettings, matchPolicies, sourceText, type PolicyMatch } from "../../topology/policies.js";
import { settingOfPolicyKey } from "../../topology/settings.js";
import { Broken, type Case, type Note, type Probe } from "../probe.js";

type AnyMatch = Pick<PolicyMatch<PlannedPolicy | PlannedOperatorPolicy>, "winner" | "tied">;

const named = (name: string | undefined): string => (name === undefined ? "none" : JSON.stringify(name));

/** What is wrong with the policy that holds; of several with the same priority any may. */
function policyFault(kind: string, { winner, tied }: AnyMatch, live: string | null | undefined): string[] {
  const held = live === "" || live === null ? undefined : live;
  const right = winner === undefined ? held === undefined : [winner, ...tied].some(({ name }) => name === held);
  return right ? [] : [`the ${kind} that holds is ${named(held)}, computed is ${named(winner?.name)}`];
}

function report(what: string, faults: readonly string[]): void {
  if (faults.length > 0) throw new Broken(faults.map((fault) => `${what}: ${fault}`).join("\n"));
}

function queueCase(plan: Plan, queue: PlannedQueue): Case {
  const what = `queue ${JSON.stringify(queue.name)}`;
  return {
    name: what,
    run: async ({ management, vhost }, note) => {
      const live = await management.getQueue(vhost, queue.name);
      if (!live) throw new Broken(`${what} does not exist`);
      const object = { kind: "queue", name: queue.name, type: queue.type } as const;
      const definition = live.effective_policy_definition ?? {};
      note(
        "read",
        `policy ${named(live.policy ?? undefined)}, operator policy ${named(live.operator_policy ?? undefined)}: ${JSON.stringify(definition)}`,
      );
      const matches = { policy: matchPolicies(plan.policies, object), operator: matchPolicies(plan.operatorPolicies, object) };
      const tied = matches.policy.tied.length + matches.operator.tied.length > 0;
      report(what, [
        ...policyFault("policy", matches.policy, live.policy),
        ...policyFault("operator policy", matches.operator, live.operator_policy),
        // Of policies with the same priority it is not defined which holds, so neither is what they come to.
        ...(tied ? [] : settingFaults(plan, queue, definition)),
        ...(equal(live.arguments, queue.arguments)
          ? []
          : [`arguments are ${JSON.stringify(live.arguments)}, declared are ${JSON.stringify(queue.arguments)}`]),
      ]);
    },
  };
}

/** Of what both policies come to, key by key; keys that the type does not use have no effect. */
function settingFaults(plan: Plan, queue: PlannedQueue, live: Readonly<Record<string, unknown>>): string[] {
  const computed = effectiveSettings(plan, { ...queue, arguments: {} });
  const used = (key: string): boolean => settingOfPolicyKey(key)?.types.includes(queue.type) ?? false;
  const keys = new Set([...computed.keys(), ...Object.keys(live).filter(used)]);
  return [...keys].flatMap((key) => {
    const setting = computed.get(key);
    if (equal(live[key], setting?.value)) return [];
    const from = setting === undefined ? "" : ` (${sourceText(setting.source)})`;
    return [`${key} by policy is ${text(live[key])}, computed is ${text(setting?.value)}${from}`];
  });
}

const text = (value: unknown): string => (value === undefined ? "not set" : JSON.stringify(value));

function exchangeCase(plan: Plan, { name, arguments: args }: PlannedExchange): Case {
  const what = `exchange ${JSON.stringify(name)}`;
  return {
    name: what,
    run: async ({ management, vhost }, note: Note) => {
      const live = await management.getExchange(vhost, name);
      if (!live) throw new Broken(`${what} does not exist`);
      note("read", `policy ${named(live.policy ?? undefined)}`);
      report(what, [
        ...policyFault("policy", matchPolicies(plan.policies, { kind: "exchange", name }), live.policy),
        ...(equal(live.arguments, args) ? [] : [`arguments are ${JSON.stringify(live.arguments)}, declared are ${JSON.stringify(args)}`]),
      ]);
    },
  };
}

export const policies: Probe = {
  name: "policies",
  promise: "On every queue and exchange the policy holds that the topology computes, and it comes to the computed settings.",
  level: "core",
  profile: "read-only",
  cases: (plan) => [
    ...plan.queues.map((queue) => queueCase(plan, queue)),
    ...plan.exchanges.map((exchange) => exchangeCase(plan, exchange)),
  ],
};
