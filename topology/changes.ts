/** What an update does to what is there, field by field: one table, for previews, checks and the documentation. */
import type {
  GlobalPlan,
  Plan,
  PlannedBinding,
  PlannedExchange,
  PlannedOperatorPolicy,
  PlannedParameter,
  PlannedPermission,
  PlannedPolicy,
  PlannedQueue,
  PlannedTemplate,
  PlannedTopicPermission,
  PlannedUser,
} from "./compile/plan.js";
import { equal } from "./equal.js";
import { path } from "./path.js";
import { settingOfArgument } from "./settings.js";

/**
 * in place                     the object stays, and so does everything in it and around it, but for what `why` says
 * replace                      it is deleted and made again; messages that lie in queues stay
 * replace and lose messages    the messages in it are deleted with it
 */
export type Effect = "in place" | "replace" | "replace and lose messages";

/** The kinds of objects of a plan. */
export interface PlannedByKind {
  readonly vhost: Plan["vhost"];
  readonly exchange: PlannedExchange;
  readonly queue: PlannedQueue;
  readonly template: PlannedTemplate;
  readonly binding: PlannedBinding;
  readonly policy: PlannedPolicy;
  readonly "operator policy": PlannedOperatorPolicy;
  readonly user: PlannedUser;
  readonly permission: PlannedPermission;
  readonly "topic permission": PlannedTopicPermission;
  readonly parameter: PlannedParameter;
  readonly "global parameter": GlobalPlan["parameters"][number];
}

export type Kind = keyof PlannedByKind;

export interface Change {
  readonly kind: Kind;
  /** A field of the planned object, or one key in it: `definition["max-length"]`. A field stands for all its keys that have no row of their own. */
  readonly field: string;
  readonly effect: Effect;
  readonly why: string;
}

const rows = (kind: Kind, effect: Effect, fields: Readonly<Record<string, string>>): Change[] =>
  Object.entries(fields).map(([field, why]) => ({ kind, field, effect, why }));

const QUEUE_FIXED = "The broker fixes it when the queue is declared and refuses another value (406)";
const EXCHANGE_FIXED =
  "The broker fixes it when the exchange is declared and refuses another value (406). Its bindings go with it and are made again: what is published meanwhile is unroutable, or refused (404)";
const BINDING =
  "A binding is what it says, so another one is made first and this one deleted then: a message in between may come by both, never by none";
const ANOTHER = "Another name is another object: the new one is made, the old one deleted";

/** What messages in a queue meet when its policy changes was measured on 4.3.6, for classic and quorum queues. */
const policyRows = (kind: "policy" | "operator policy"): Change[] => [
  ...rows(kind, "replace", { name: `${ANOTHER}; in between the next policy holds` }),
  ...rows(kind, "in place", {
    pattern: "Queues and exchanges that it no longer matches fall to the next policy, or to none",
    applyTo: "Objects that it no longer applies to fall to the next policy, or to none",
    priority: "For each object the highest wins, whole",
    definition: "Holds for messages and deliveries from then on",
    'definition["max-length"]': "Messages above a smaller limit are dropped or dead-lettered at once",
    'definition["max-length-bytes"]': "Messages above a smaller limit are dropped or dead-lettered at once",
    'definition["message-ttl"]': "Only for messages that come from then on: those in the queue keep the time that they came with",
    'definition["expires"]': "A queue that nobody has used for a shorter time is deleted, with its messages",
    ...(kind === "policy"
      ? {
          'definition["max-age"]': "Segments of a stream that are older than a shorter time are deleted when its next segment begins",
          'definition["queue-leader-locator"]': "Only for queues that are declared from then on",
          'definition["initial-cluster-size"]': "Only for streams that are declared from then on",
        }
      : {}),
    'definition["delivery-limit"]': "Messages that have been delivered more often are dead-lettered at their next failure",
  }),
];

/** Kind by kind, the fields in the order of the plan. */
export const CHANGES: readonly Change[] = [
  ...rows("vhost", "replace and lose messages", {
    name: "Another name is another vhost: the old one is deleted with all its queues and exchanges",
  }),
  ...rows("vhost", "in place", {
    description: "A text",
    tags: "Texts",
    defaultQueueType: "Only for queues that are declared without a type from then on",
    limits: "Only for connections that are opened and queues that are declared from then on",
    deletionProtection: "The broker refuses to delete the vhost while it is on",
  }),
  ...rows("exchange", "replace", {
    name: `${ANOTHER}, and its bindings with it; who publishes to the old name gets a 404`,
    type: EXCHANGE_FIXED,
    durable: EXCHANGE_FIXED,
    autoDelete: EXCHANGE_FIXED,
    internal: EXCHANGE_FIXED,
    arguments: EXCHANGE_FIXED,
    'arguments["alternate-exchange"]': `${EXCHANGE_FIXED}. As a policy it changes in place`,
  }),
  ...rows("queue", "replace and lose messages", {
    name: "Another name is another queue: the old one is deleted with its messages",
    type: QUEUE_FIXED,
    durable: QUEUE_FIXED,
    autoDelete: QUEUE_FIXED,
    arguments: QUEUE_FIXED,
  }),
  ...rows("template", "in place", {
    name: "Queues of running instances stay until their instances leave, under permissions that no longer cover them",
    pattern: "Queues of running instances stay until their instances leave, under permissions that no longer cover them",
    type: "Queues of running instances stay as they are; declaring one again is refused (406) until it is deleted",
    durable: "Queues of running instances stay as they are; declaring one again is refused (406) until it is deleted",
    autoDelete: "Queues of running instances stay as they are; declaring one again is refused (406) until it is deleted",
    arguments: "Queues of running instances stay as they are; declaring one again is refused (406) until it is deleted",
    bindings: "Instances bind when they start; bindings of running ones stay",
  }),
  ...rows("binding", "replace", {
    source: BINDING,
    destination: BINDING,
    destinationType: BINDING,
    routingKey: BINDING,
    arguments: BINDING,
  }),
  ...policyRows("policy"),
  ...policyRows("operator policy"),
  ...rows("user", "replace", { name: `${ANOTHER}, and its permissions with it; its connections are closed` }),
  ...rows("user", "in place", {
    tags: "Holds for the management interface from the next request on",
    limits: "Only for connections and channels that are opened from then on",
    password: "Only for logging in: open connections stay",
    passwordHash: "Only for logging in: open connections stay",
  }),
  ...rows("permission", "replace", {
    user: "Permissions belong to a user: those of the new one are set, those of the old one cleared",
    vhost: "Permissions belong to a vhost: those in the new one are set, those in the old one cleared",
  }),
  ...rows("permission", "in place", {
    configure: "An open channel may keep a right that it has used until it is closed",
    write: "An open channel may keep a right that it has used until it is closed",
    read: "An open channel may keep a right that it has used until it is closed",
  }),
  ...rows("topic permission", "replace", {
    user: "Permissions belong to a user: those of the new one are set, those of the old one cleared",
    vhost: "Permissions belong to a vhost: those in the new one are set, those in the old one cleared",
    exchange: "Permissions belong to an exchange: those on the new one are set, those on the old one cleared",
  }),
  ...rows("topic permission", "in place", {
    write: "An open channel may keep a right that it has used until it is closed",
    read: "An open channel may keep a right that it has used until it is closed",
  }),
  ...rows("parameter", "replace", {
    component: "Another component is another parameter: the new one is set, the old one cleared",
    name: ANOTHER,
  }),
  ...rows("parameter", "in place", {
    value: "A shovel or federation link starts again with it; what it had not confirmed is delivered again",
  }),
  ...rows("global parameter", "replace", { name: ANOTHER }),
  ...rows("global parameter", "in place", { value: "Whoever reads it reads the new one from then on" }),
];

/** Fields of planned objects that the broker does not know. */
const OURS = new Set(["origin", "role", "generatedFor", "service", "template"]);

/** Fields that are dictionaries: each of their keys is a difference of its own. */
const DICTIONARIES = new Set(["arguments", "definition", "limits"]);

/** Fields whose values are, or may hold, secrets: that they differ is said, not how. */
const CONFIDENTIAL = new Set(["password", "passwordHash", "value"]);

export interface Difference {
  /** `durable`, `arguments["x-max-length"]`. */
  readonly field: string;
  /** Left out where there was none, and where it may be a secret. */
  readonly before?: unknown;
  readonly after?: unknown;
  readonly effect: Effect;
  readonly why: string;
}

const byField = new Map(CHANGES.map((change) => [`${change.kind} ${change.field}`, change]));

/** What changing a field does, by its most particular row. */
export function changeOf(kind: Kind, field: string, key?: string): Change | undefined {
  const particular = key === undefined ? undefined : byField.get(`${kind} ${path(field)}[${JSON.stringify(key)}]`);
  return particular ?? byField.get(`${kind} ${field}`);
}

function difference(kind: Kind, field: string, key: string | undefined, before: unknown, after: unknown): Difference | undefined {
  const change = changeOf(kind, field, key);
  if (!change || equal(before, after)) return undefined;
  const policy = kind === "queue" && key !== undefined ? settingOfArgument(key)?.policy : undefined;
  return {
    field: key === undefined ? field : `${field}[${JSON.stringify(key)}]`,
    ...(before === undefined || CONFIDENTIAL.has(field) ? {} : { before }),
    ...(after === undefined || CONFIDENTIAL.has(field) ? {} : { after }),
    effect: change.effect,
    why: policy === undefined ? change.why : `${change.why}. As key \`${policy}\` of a policy it changes in place`,
  };
}

/** The fields in which two planned objects differ, and what an update from one to the other does. */
export function effectOf<K extends Kind>(kind: K, before: PlannedByKind[K], after: PlannedByKind[K]): Difference[] {
  const [old, now] = [before, after] as unknown as Record<string, unknown>[];
  if (!old || !now) return [];
  const fields = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((field) => !OURS.has(field));
  return fields.flatMap((field) => {
    if (!DICTIONARIES.has(field)) return difference(kind, field, undefined, old[field], now[field]) ?? [];
    const [from, to] = [(old[field] ?? {}) as Record<string, unknown>, (now[field] ?? {}) as Record<string, unknown>];
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    // The type is told as a field already.
    return keys
      .filter((key) => !(key === "x-queue-type" && old["type"] !== now["type"]))
      .flatMap((key) => difference(kind, field, key, from[key], to[key]) ?? []);
  });
}

/** The gravest effect of several differences; none if there is no difference. */
export function worst(differences: readonly { readonly effect: Effect }[]): Effect | undefined {
  const gravity: readonly Effect[] = ["replace and lose messages", "replace", "in place"];
  return gravity.find((effect) => differences.some((each) => each.effect === effect));
}
