/** Where in a topology a setting of a queue is written: in its own field, among its raw arguments, or in a policy. */
import type { PlannedPolicy } from "../compile/plan.js";
import { path } from "../path.js";
import type { SettingSource } from "../policies.js";
import { settingOfPolicyKey, settingOfArgument } from "../settings.js";
import type { AnyQueue, Facts } from "./facts.js";

/** A field below an origin; `deadLetterTo` may be written in three ways. */
function fieldPath(facts: Facts, origin: string, field: string): string {
  const definition = facts.definitions.get(origin) as { readonly deadLetterTo?: unknown } | undefined;
  const [outer = "", inner] = field.split(".");
  if (!definition) return origin;
  if (inner === undefined) return `${origin}.${outer}`;
  if (outer === "deadLetterTo") {
    const to = definition.deadLetterTo;
    if (typeof to !== "object" || to === null) return `${origin}.deadLetterTo`;
    if ("queue" in to && inner !== "strategy") return `${origin}.deadLetterTo.queue`;
  }
  return `${origin}.${outer}.${inner}`;
}

/** The path of an argument of a queue, with its `x-`. */
export function argumentPath(facts: Facts, queue: AnyQueue, argument: string): string {
  const origin = facts.pathOf(queue);
  const definition = facts.definitions.get(origin);
  const setting = settingOfArgument(argument);
  if (!setting || (definition?.arguments && Object.hasOwn(definition.arguments, argument)))
    return `${origin}.${path("arguments", argument)}`;
  return fieldPath(facts, origin, setting.field);
}

/** The path of a key of a policy: at the queue for which Warren generated it, or in the policy as it is written. */
export function policyKeyPath(facts: Facts, policy: Pick<PlannedPolicy, "origin" | "generatedFor">, key: string): string {
  if (policy.generatedFor === undefined) return `${policy.origin}.${path("definition", key)}`;
  const setting = settingOfPolicyKey(key);
  return setting ? fieldPath(facts, policy.origin, setting.field) : policy.origin;
}

/** The path of a setting that holds for a queue. */
export function settingPath(facts: Facts, queue: AnyQueue, key: string): string {
  const source: SettingSource | undefined = facts.settings(queue).get(key)?.source;
  if (!source) return facts.pathOf(queue);
  if (source.kind === "argument") return argumentPath(facts, queue, `x-${key}`);
  const policy = (source.kind === "policy" ? facts.policyNamed() : facts.operatorPolicyNamed()).get(source.name);
  return policy ? policyKeyPath(facts, policy, key) : facts.pathOf(queue);
}
