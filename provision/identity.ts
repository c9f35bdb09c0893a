/** The logical name of a resource, from what identifies its object on the broker. Another name would replace every user's resources. */
import { createHash } from "node:crypto";

/** Kinds of objects that belong to no vhost. */
export type GlobalKind =
  "vhost" | "user" | "user-limits" | "password" | "global-parameter" | "guard" | "consumers" | "ready" | "turn" | "member";

/** Kinds of objects inside a vhost. */
export type VhostKind =
  | "vhost-settings"
  | "vhost-limits"
  | "exchange"
  | "queue"
  | "binding"
  | "policy"
  | "operator-policy"
  | "permissions"
  | "topic-permissions"
  | "parameter";

/** Whatever would let two names read as one, or break Pulumi's own `::` between the parts of a URN. */
const escape = (part: string): string => part.replace(/[%/\s\p{Cc}]|:(?=:)/gu, (character) => encodeURIComponent(character));

/**
 * `globalName("user", "debias.api")` is `user/debias.api`: always two parts, so that a vhost called `user` cannot meet it.
 */
export function globalName(kind: GlobalKind, name: string): string {
  return `${kind}/${escape(name)}`;
}

/** `objectName("debias", "queue", "events.neo4j")` is `debias/queue/events.neo4j`: always three parts or more. */
export function objectName(vhost: string, kind: VhostKind, ...name: readonly [string, ...string[]]): string {
  return [vhost, kind, ...name].map(escape).join("/");
}

/** JSON with the keys of every object sorted, so that equal arguments give equal texts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(",")}}`;
}

export interface BindingIdentity {
  readonly source: string;
  readonly destination: string;
  readonly destinationType: "queue" | "exchange";
  readonly routingKey: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Two bindings are one to the broker if these five are equal. */
export function bindingName(vhost: string, binding: BindingIdentity): string {
  const parts = [binding.source, binding.destinationType, binding.destination, binding.routingKey] as const;
  const hash = createHash("sha256").update(canonical(binding.arguments)).digest("hex").slice(0, 12);
  return Object.keys(binding.arguments).length === 0
    ? objectName(vhost, "binding", ...parts)
    : objectName(vhost, "binding", ...parts, hash);
}
