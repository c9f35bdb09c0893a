/** A plan and a live broker as the same flat list: one item per object, with its identity and its fields. */
import type { InstallationPlan, Plan, PlannedUser } from "../topology/compile/plan.js";
import { path } from "../topology/path.js";
import type { LiveInstallation, LiveUser, LiveVhost } from "./live.js";

export type ItemKind =
  | "vhost"
  | "exchange"
  | "queue"
  | "binding"
  | "policy"
  | "operator policy"
  | "user"
  | "permission"
  | "topic permission"
  | "parameter"
  | "global parameter";

export interface Item {
  readonly kind: ItemKind;
  /** None for what belongs to no vhost. */
  readonly vhost?: string;
  /** What people call it: a binding is `events -> events.neo4j (key "a.b")`. */
  readonly name: string;
  /** The same in both lists for the same object, and for no other. */
  readonly id: string;
  /** Where it stands in the topology; for a live item, where it would. */
  readonly path: string;
  /** By path: `durable`, `arguments["x-max-length"]`. */
  readonly fields: ReadonlyMap<string, unknown>;
  /** An object of which the plan states a part: fields that it does not state are the broker's. */
  readonly open: boolean;
}

type Source<T> = Omit<T, "origin"> & { readonly origin?: string };
type Entry = readonly [name: string, value: unknown];

const inside = (prefix: string, record: object | undefined): Entry[] =>
  Object.entries(record ?? {}).map(([key, value]) => [path(prefix, key), value] as const);

const stated = (entries: readonly Entry[]): Entry[] => entries.filter(([, value]) => value !== undefined);

/** JSON with sorted keys: the same text for equal values. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

/** The same for the same object, wherever it is read from, and for no other. */
export const itemId = (kind: ItemKind, vhost: string | undefined, ...identity: readonly unknown[]): string =>
  canonical([kind, vhost ?? null, ...identity]);

/** Of all limits of a vhost or a user, which are one resource. */
export const limitsId = (kind: "vhost" | "user", name: string): string => itemId(kind, undefined, name, "limits");

function item(
  kind: ItemKind,
  vhost: string | undefined,
  identity: readonly unknown[],
  where: string,
  fields: readonly Entry[],
  more: { name?: string; open?: true } = {},
): Item {
  return {
    kind,
    ...(vhost === undefined ? {} : { vhost }),
    name: more.name ?? identity.join("/"),
    id: itemId(kind, vhost, ...identity),
    path: where,
    fields: new Map(fields),
    open: more.open ?? false,
  };
}

/** Two bindings are one to the broker if these five are equal. */
export const bindingId = (
  vhost: string,
  binding: Pick<Source<LiveVhost["bindings"][number]>, "source" | "destinationType" | "destination" | "routingKey" | "arguments">,
): string => itemId("binding", vhost, ...bindingIdentity(binding));

const bindingIdentity = ({
  source,
  destinationType,
  destination,
  routingKey,
  arguments: args,
}: Parameters<typeof bindingId>[1]): readonly unknown[] => [source, destinationType, destination, routingKey, args];

interface Objects {
  readonly exchanges: readonly Source<LiveVhost["exchanges"][number]>[];
  readonly queues: readonly Source<LiveVhost["queues"][number]>[];
  readonly bindings: readonly Source<LiveVhost["bindings"][number]>[];
  readonly policies: readonly Source<LiveVhost["policies"][number]>[];
  readonly operatorPolicies: readonly Source<LiveVhost["operatorPolicies"][number]>[];
  readonly permissions: readonly Source<LiveVhost["permissions"][number]>[];
  readonly topicPermissions: readonly Source<LiveVhost["topicPermissions"][number]>[];
  readonly parameters: readonly Source<LiveVhost["parameters"][number]>[];
}

/** `events -> events.neo4j (key "a.b", x-match "all")` */
export function bindingName(binding: { source: string; destination: string; routingKey: string; arguments: object }): string {
  const details = [
    `key ${JSON.stringify(binding.routingKey)}`,
    ...Object.entries(binding.arguments).map(([key, value]) => `${key} ${JSON.stringify(value)}`),
  ];
  return `${binding.source} -> ${binding.destination} (${details.join(", ")})`;
}

function queueItem(vhost: string, { name, origin, type, durable, autoDelete, arguments: args }: Objects["queues"][number]): Item {
  // The type says it already, and some brokers leave it out of the arguments.
  const { "x-queue-type": _, ...others } = args;
  return item("queue", vhost, [name], origin ?? path("queues", name), [
    ...Object.entries({ type, durable, autoDelete }),
    ...inside("arguments", others),
  ]);
}

function objects(vhost: string, all: Objects): Item[] {
  return [
    ...all.exchanges.map(({ name, origin, type, durable, autoDelete, internal, arguments: args }) =>
      item("exchange", vhost, [name], origin ?? path("exchanges", name), [
        ...Object.entries({ type, durable, autoDelete, internal }),
        ...inside("arguments", args),
      ]),
    ),
    ...all.queues.map((queue) => queueItem(vhost, queue)),
    ...all.bindings.map((binding) =>
      item(
        "binding",
        vhost,
        bindingIdentity(binding),
        binding.origin ?? path(binding.destinationType === "queue" ? "queues" : "exchanges", binding.destination, "from", binding.source),
        [],
        { name: bindingName(binding) },
      ),
    ),
    ...(["policies", "operatorPolicies"] as const).flatMap((list) =>
      all[list].map(({ name, origin, pattern, applyTo, priority, definition }) =>
        item(list === "policies" ? "policy" : "operator policy", vhost, [name], origin ?? path(list, name), [
          ...Object.entries({ pattern, applyTo, priority }),
          ...inside("definition", definition),
        ]),
      ),
    ),
    ...all.permissions.map((permission) => permissionItem(vhost, permission)),
    ...all.topicPermissions.map((permission) => topicPermissionItem(vhost, permission)),
    ...all.parameters.map(({ component, name, value, origin }) =>
      item("parameter", vhost, [component, name], origin ?? path("parameters", `${component}/${name}`), valueFields(value)),
    ),
  ];
}

/** A parameter's value by its fields, or whole. */
const valueFields = (value: unknown): Entry[] =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !("secret" in value)
    ? inside("value", value)
    : [["value", value]];

const permissionItem = (vhost: string, { user, configure, write, read, origin }: Source<LiveVhost["permissions"][number]>): Item =>
  item("permission", vhost, [user], origin ?? path("users", user, "permissions"), Object.entries({ configure, write, read }));

const topicPermissionItem = (vhost: string, { user, exchange, write, read, origin }: Source<LiveVhost["topicPermissions"][number]>): Item =>
  item(
    "topic permission",
    vhost,
    [user, exchange],
    origin ?? path("users", user, "topicPermissions", exchange),
    Object.entries({ write, read }),
    {
      name: `${user} at ${exchange}`,
    },
  );

const userItem = ({ name, tags, limits, passwordHash, origin }: Source<PlannedUser | LiveUser>): Item =>
  item(
    "user",
    undefined,
    [name],
    origin ?? path("users", name),
    [
      ...stated([
        ["tags", [...tags].sort()],
        ["passwordHash", passwordHash],
      ]),
      ...inside("limits", limits),
    ],
    {
      open: true,
    },
  );

const globalParameterItem = ({ name, value, origin }: { readonly name: string; readonly value: unknown; readonly origin?: string }): Item =>
  item("global parameter", undefined, [name], origin ?? path("globalParameters", name), valueFields(value));

function vhostItem(vhost: Plan["vhost"] | LiveVhost["vhost"]): Item {
  const { name, description, tags, defaultQueueType, deletionProtection = false, limits } = vhost;
  return item(
    "vhost",
    undefined,
    [name],
    "vhost",
    [
      ...stated([
        ["description", description],
        ["tags", tags && [...tags].sort()],
        ["defaultQueueType", defaultQueueType],
        ["deletionProtection", deletionProtection],
      ]),
      ...inside("limits", limits),
    ],
    { open: true },
  );
}

export function plannedItems(plan: InstallationPlan): Item[] {
  return unique([
    ...plan.vhosts.flatMap((vhost) => [vhostItem(vhost.vhost), ...objects(vhost.vhost.name, vhost), ...vhost.users.map(userItem)]),
    ...plan.global.users.map(userItem),
    ...plan.global.permissions.map((permission) => permissionItem(permission.vhost, permission)),
    ...plan.global.topicPermissions.map((permission) => topicPermissionItem(permission.vhost, permission)),
    ...plan.global.parameters.map(globalParameterItem),
  ]);
}

export function liveItems(live: LiveInstallation): Item[] {
  return [
    ...live.vhosts.flatMap((vhost) => [vhostItem(vhost.vhost), ...objects(vhost.vhost.name, vhost)]),
    ...live.users.map(userItem),
    ...live.globalParameters.map(globalParameterItem),
  ];
}

/** The same object may be planned twice (a user in two vhosts, a binding given twice); the broker has it once. */
function unique(items: readonly Item[]): Item[] {
  return [...new Map(items.map((each) => [each.id, each])).values()];
}
