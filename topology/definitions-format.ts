/** RabbitMQ's definitions JSON: what `GET /api/definitions` exports, of a broker or of one vhost, and `POST` takes back. */
import { z } from "zod";
import { recognised } from "./schema-words.js";

// Objects are not strict: brokers and plugins add keys, and every version has some of its own.
const optional = { text: z.string().exactOptional(), boolean: z.boolean().exactOptional(), number: z.number().exactOptional() };
const record = z.record(z.string(), z.unknown());
/** An empty Erlang list may stand for an empty object. */
const argumentsOf = recognised<{ readonly [name: string]: unknown } | readonly []>(
  (value) => typeof value === "object" && value !== null && (!Array.isArray(value) || value.length === 0),
  "an object",
).exactOptional();
const tags = z.union([z.string(), z.array(z.string())]);
const list = <Item extends z.ZodType>(item: Item) => z.array(item).exactOptional();

const vhost = z.object({
  name: z.string(),
  description: optional.text,
  tags: tags.exactOptional(),
  default_queue_type: optional.text,
  limits: argumentsOf,
  /** The broker reads the default queue type and the deletion protection only here. [4.3.6, measured] */
  metadata: z
    .object({
      description: optional.text,
      tags: tags.exactOptional(),
      default_queue_type: optional.text,
      protected_from_deletion: optional.boolean,
    })
    .exactOptional(),
});
const user = z.object({
  name: z.string(),
  password_hash: optional.text,
  hashing_algorithm: optional.text,
  tags: tags.exactOptional(),
  limits: argumentsOf,
});
const permission = z.object({ user: z.string(), vhost: optional.text, configure: z.string(), write: z.string(), read: z.string() });
const topicPermission = z.object({
  user: z.string(),
  vhost: optional.text,
  exchange: z.string(),
  write: z.string(),
  read: z.string(),
});
const parameter = z.object({ vhost: optional.text, component: z.string(), name: z.string(), value: z.unknown() });
const globalParameter = z.object({ name: z.string(), value: z.unknown() });
const policy = z.object({
  vhost: optional.text,
  name: z.string(),
  pattern: z.string(),
  "apply-to": z.enum(["all", "exchanges", "queues", "classic_queues", "quorum_queues", "streams"]).exactOptional(),
  priority: optional.number,
  definition: record,
});
const queue = z.object({
  name: z.string(),
  vhost: optional.text,
  type: optional.text,
  durable: optional.boolean,
  auto_delete: optional.boolean,
  arguments: argumentsOf,
});
const exchange = z.object({
  name: z.string(),
  vhost: optional.text,
  type: z.enum(["direct", "fanout", "topic", "headers", "x-consistent-hash", "x-local-random"]),
  durable: optional.boolean,
  auto_delete: optional.boolean,
  /** Taken at import, never exported: an internal exchange is not in an export at all. [4.3.6, measured] */
  internal: optional.boolean,
  arguments: argumentsOf,
});
const binding = z.object({
  source: z.string(),
  vhost: optional.text,
  destination: z.string(),
  destination_type: z.enum(["queue", "exchange"]),
  routing_key: optional.text,
  arguments: argumentsOf,
});

export const definitionsSchema = z.object({
  rabbit_version: optional.text,
  rabbitmq_version: optional.text,
  /** In the export of one vhost: its name, and what else would stand in `vhosts`. */
  original_vhost_name: optional.text,
  description: optional.text,
  default_queue_type: optional.text,
  metadata: vhost.shape.metadata,
  limits: argumentsOf,
  vhosts: list(vhost),
  users: list(user),
  permissions: list(permission),
  topic_permissions: list(topicPermission),
  parameters: list(parameter),
  global_parameters: list(globalParameter),
  policies: list(policy),
  queues: list(queue),
  exchanges: list(exchange),
  bindings: list(binding),
});

/** Definitions as read; what Warren does not know is left out. */
export type Definitions = z.output<typeof definitionsSchema>;
type Entry<Key extends keyof Definitions> = NonNullable<Definitions[Key]> extends readonly (infer Item)[] ? Item : never;
export type VhostDefinition = Entry<"vhosts">;
export type UserDefinition = Entry<"users">;
export type ParameterDefinition = Entry<"parameters">;
export type PolicyDefinition = Entry<"policies">;
export type QueueDefinition = Entry<"queues">;
export type ExchangeDefinition = Entry<"exchanges">;
export type BindingDefinition = Entry<"bindings">;

/** Keys by which an object is known to be definitions rather than a topology. */
const DEFINITIONS_ONLY = [
  "rabbit_version",
  "rabbitmq_version",
  "rabbitmq_definition_format",
  "vhosts",
  "permissions",
  "topic_permissions",
  "global_parameters",
  "bindings",
] as const;

/** Whether an object is definitions: by a key that only they have, or by a list of queues, exchanges, policies or users where a topology has names. */
export function looksLikeDefinitions(value: object): boolean {
  if (DEFINITIONS_ONLY.some((key) => Object.hasOwn(value, key))) return true;
  const fields = value as { readonly [key: string]: unknown };
  return ["queues", "exchanges", "policies", "users"].some((key) => Array.isArray(fields[key]));
}

/** The lists whose objects belong to a vhost. */
export const IN_VHOST = ["permissions", "topic_permissions", "parameters", "policies", "queues", "exchanges", "bindings"] as const;

/** Whether it is the export of one vhost: no `vhosts`, and no object says to which vhost it belongs. */
export function isOneVhost(definitions: Definitions): boolean {
  return definitions.vhosts === undefined && IN_VHOST.every((key) => (definitions[key] ?? []).every((entry) => entry.vhost === undefined));
}
