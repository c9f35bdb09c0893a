/** What the official provider (`@pulumi/rabbitmq` 3.3.8 over terraform-provider-rabbitmq 1.8.0) can do right, object by object. Pure. */
import type { Arguments, PlannedBinding, PlannedExchange, PlannedPermission } from "../topology/compile/plan.js";

/** Why an object goes through a resource of Warren's own. The texts are for documentation and messages. */
export const OWN_REASONS = {
  "at-sign": "the official provider keeps `name@vhost` as its id and splits it at every @ (source: rabbitmq/util.go, parseId)",
  slash: "the official provider keeps a binding's parts with slashes between them as its id (source: rabbitmq/resource_binding.go)",
  internal: "the official Exchange has no field for it",
  "typed-argument": "the official Exchange turns every argument into a text",
  "typed-value": "the official Policy turns every value into a text, and what looks like a whole number into a number",
  "topic-gap": "the official TopicPermissions takes all of a user away before it writes the new ones, and without any every key is free",
  "no-permission": "the official Permissions cannot be changed to three empty expressions",
} as const;

export type OwnReason = keyof typeof OWN_REASONS;

const at = (...names: readonly string[]): OwnReason | undefined => (names.some((name) => name.includes("@")) ? "at-sign" : undefined);

/** For queues, and every other object that is `name@vhost` to the official provider; `undefined`: it can be official. */
export const ownNamed = (vhost: string, name: string): OwnReason | undefined => at(vhost, name);

export function ownExchange(vhost: string, exchange: PlannedExchange): OwnReason | undefined {
  if (exchange.internal) return "internal";
  if (Object.values(exchange.arguments).some((value) => typeof value !== "string")) return "typed-argument";
  return at(vhost, exchange.name);
}

/** A vhost's slashes are escaped in a binding's id, those of the other parts are not. */
export function ownBinding(binding: PlannedBinding): OwnReason | undefined {
  return [binding.source, binding.destination, binding.routingKey].some((part) => part.includes("/")) ? "slash" : undefined;
}

/** Go's `strconv.ParseInt(text, 10, 64)` takes it: the official provider then sends a number. */
function becomesNumber(text: string): boolean {
  if (!/^[+-]?\d+$/.test(text)) return false;
  const value = BigInt(text.replace("+", ""));
  return value >= -(2n ** 63n) && value < 2n ** 63n;
}

/** A value of a policy as the official provider takes it, so that the broker gets it as it is; `undefined` if there is no such text. */
function officialValue(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === "string" && !becomesNumber(value) ? value : undefined;
}

/** A policy's definition in texts, as the official provider takes it; `undefined` if it would come to something else on the broker. */
export function officialDefinition(definition: Arguments): Record<string, string> | undefined {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(definition)) {
    const text = officialValue(value);
    // "ha-params" was taken apart at its commas; RabbitMQ 4 has no such key, and this is not the place to judge that.
    if (text === undefined || key === "ha-params") return undefined;
    texts[key] = text;
  }
  return Object.keys(texts).length === 0 ? undefined : texts;
}

export function ownPolicy(vhost: string, policy: { readonly name: string; readonly definition: Arguments }): OwnReason | undefined {
  return officialDefinition(policy.definition) === undefined ? "typed-value" : at(vhost, policy.name);
}

export function ownPermission(vhost: string, permission: Omit<PlannedPermission, "origin">): OwnReason | undefined {
  const { configure, write, read, user } = permission;
  return configure === "" && write === "" && read === "" ? "no-permission" : at(vhost, user);
}
