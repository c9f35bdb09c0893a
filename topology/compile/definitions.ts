/** The definitions that a broker imports (`POST /api/definitions`), from the plan of an installation. */
import type { Definitions } from "../definitions-format.js";
import type { InstallationPlan, Origin, PlannedUser } from "./plan.js";

/** Something of a plan that definitions cannot hold, and why. */
export interface LeftOut {
  readonly kind: "user" | "permission" | "topic permission" | "parameter" | "global parameter" | "template";
  readonly name: string;
  /** None for what belongs to no vhost. */
  readonly vhost?: string;
  readonly reason: string;
  readonly origin: Origin;
}

/** Whether a secret stands somewhere in a value, by the name under which the configuration holds it. */
export function hasSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (!Array.isArray(value)) {
    const keys = Object.keys(value);
    if (keys.length === 1 && typeof (value as { secret?: unknown }).secret === "string") return true;
  }
  return Object.values(value).some(hasSecret);
}

const defined = <Fields extends object>(fields: Fields): { [K in keyof Fields]: Exclude<Fields[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

/** In one order, whatever the order in the topology: definitions can then be compared as text. */
function sorted<Item>(items: readonly Item[], key: (item: Item) => readonly unknown[]): Item[] {
  return items
    .map((item) => [JSON.stringify(key(item)), item] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, item]) => item);
}

interface PlacedUser {
  readonly user: PlannedUser;
  readonly vhost?: string;
}

/** Every user once: those that several topologies name are the same one. */
function users(plan: InstallationPlan): { readonly complete: Map<string, PlacedUser>; readonly incomplete: Map<string, PlacedUser> } {
  const all: PlacedUser[] = [
    ...plan.global.users.map((user) => ({ user })),
    ...plan.vhosts.flatMap(({ vhost, users: own }) => own.map((user) => ({ user, vhost: vhost.name }))),
  ];
  const complete = new Map<string, PlacedUser>();
  const incomplete = new Map<string, PlacedUser>();
  for (const placed of all)
    if (placed.user.passwordHash !== undefined && !complete.has(placed.user.name)) complete.set(placed.user.name, placed);
  for (const placed of all)
    if (!complete.has(placed.user.name) && !incomplete.has(placed.user.name)) incomplete.set(placed.user.name, placed);
  return { complete, incomplete };
}

const permissions = (plan: InstallationPlan) => [
  ...plan.global.permissions,
  ...plan.vhosts.flatMap(({ vhost, permissions: own }) => own.map((permission) => ({ ...permission, vhost: vhost.name }))),
];
const topicPermissions = (plan: InstallationPlan) => [
  ...plan.global.topicPermissions,
  ...plan.vhosts.flatMap(({ vhost, topicPermissions: own }) => own.map((permission) => ({ ...permission, vhost: vhost.name }))),
];

function vhostDefinitions(plan: InstallationPlan): NonNullable<Definitions["vhosts"]> {
  return plan.vhosts.map(({ vhost }) => {
    // Only here does the broker read the default queue type and the protection; at the top level it ignores them. [4.3.6, measured]
    const metadata = defined({
      description: vhost.description || undefined,
      tags: vhost.tags?.length ? [...vhost.tags] : undefined,
      default_queue_type: vhost.defaultQueueType,
      protected_from_deletion: vhost.deletionProtection || undefined,
    });
    return { name: vhost.name, ...(Object.keys(metadata).length > 0 ? { metadata } : {}) };
  });
}

function parameterDefinitions({ vhosts }: InstallationPlan): NonNullable<Definitions["parameters"]> {
  return vhosts.flatMap(({ vhost: { name: vhost, limits }, operatorPolicies, parameters }) => [
    ...(limits && Object.keys(limits).length > 0
      ? [
          {
            vhost,
            component: "vhost-limits",
            name: "limits",
            value: defined({ "max-connections": limits.maxConnections, "max-queues": limits.maxQueues }),
          },
        ]
      : []),
    ...operatorPolicies.map(({ name, pattern, applyTo, priority, definition }) => ({
      vhost,
      component: "operator_policy",
      name,
      value: { pattern, "apply-to": applyTo, priority, definition },
    })),
    ...parameters.filter(({ value }) => !hasSecret(value)).map(({ component, name, value }) => ({ vhost, component, name, value })),
  ]);
}

/**
 * What the broker has to import to hold what the plan says, every list in one order. No secret is resolved and no password invented:
 * what needs one is left out, and told by `leftOutOfDefinitions`.
 */
export function definitions(plan: InstallationPlan): Definitions {
  const { complete } = users(plan);
  const inVhosts = <Item, Result>(
    items: (of: InstallationPlan["vhosts"][number]) => readonly Item[],
    as: (item: Item, vhost: string) => Result,
  ) => plan.vhosts.flatMap((of) => items(of).map((item) => as(item, of.vhost.name)));
  return {
    vhosts: sorted(vhostDefinitions(plan), ({ name }) => [name]),
    users: sorted(
      [...complete.values()].map(({ user: { name, passwordHash, tags, limits } }) => ({
        name,
        password_hash: passwordHash ?? "",
        hashing_algorithm: "rabbit_password_hashing_sha256",
        tags: [...tags],
        limits: defined({ "max-connections": limits?.maxConnections, "max-channels": limits?.maxChannels }),
      })),
      ({ name }) => [name],
    ),
    permissions: sorted(
      permissions(plan)
        .filter(({ user }) => complete.has(user))
        .map(({ user, vhost, configure, write, read }) => ({ user, vhost, configure, write, read })),
      ({ vhost, user }) => [vhost, user],
    ),
    topic_permissions: sorted(
      topicPermissions(plan)
        .filter(({ user }) => complete.has(user))
        .map(({ user, vhost, exchange, write, read }) => ({ user, vhost, exchange, write, read })),
      ({ vhost, user, exchange }) => [vhost, user, exchange],
    ),
    parameters: sorted(parameterDefinitions(plan), ({ vhost, component, name }) => [vhost, component, name]),
    global_parameters: sorted(
      plan.global.parameters.filter(({ value }) => !hasSecret(value)).map(({ name, value }) => ({ name, value })),
      ({ name }) => [name],
    ),
    policies: sorted(
      inVhosts(
        ({ policies }) => policies,
        ({ name, pattern, applyTo, priority, definition }, vhost) => ({ vhost, name, pattern, "apply-to": applyTo, priority, definition }),
      ),
      ({ vhost, name }) => [vhost, name],
    ),
    exchanges: sorted(
      inVhosts(
        ({ exchanges }) => exchanges,
        ({ name, type, durable, autoDelete, internal, arguments: given }, vhost) => ({
          name,
          vhost,
          type,
          durable,
          auto_delete: autoDelete,
          internal,
          arguments: given,
        }),
      ),
      ({ vhost, name }) => [vhost, name],
    ),
    queues: sorted(
      inVhosts(
        ({ queues }) => queues,
        ({ name, durable, autoDelete, arguments: given }, vhost) => ({ name, vhost, durable, auto_delete: autoDelete, arguments: given }),
      ),
      ({ vhost, name }) => [vhost, name],
    ),
    bindings: sorted(
      inVhosts(
        ({ bindings }) => bindings,
        ({ source, destination, destinationType, routingKey, arguments: given }, vhost) => ({
          source,
          vhost,
          destination,
          destination_type: destinationType,
          routing_key: routingKey,
          arguments: given,
        }),
      ),
      ({ vhost, source, destination_type: type, destination, routing_key: key, arguments: given }) => [
        vhost,
        source,
        type,
        destination,
        key,
        Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1)),
      ],
    ),
  };
}

/** What `definitions` leaves out, each with its reason. */
export function leftOutOfDefinitions(plan: InstallationPlan): LeftOut[] {
  const { incomplete } = users(plan);
  const noUser = "its user is left out, and the broker refuses permissions of a user that it does not know";
  const unresolved = (value: unknown): boolean => hasSecret(value);
  const secret = "it needs a secret, which stands in the stack's configuration only";
  return [
    ...[...incomplete.values()].map(({ user, vhost }) => ({
      kind: "user" as const,
      name: user.name,
      ...(vhost === undefined ? {} : { vhost }),
      reason: "definitions take a user with its password's hash, and the plan has none",
      origin: user.origin,
    })),
    ...permissions(plan).flatMap(({ user, vhost, origin }) =>
      incomplete.has(user) ? [{ kind: "permission" as const, name: user, vhost, reason: noUser, origin }] : [],
    ),
    ...topicPermissions(plan).flatMap(({ user, exchange, vhost, origin }) =>
      incomplete.has(user) ? [{ kind: "topic permission" as const, name: `${user} on ${exchange}`, vhost, reason: noUser, origin }] : [],
    ),
    ...plan.vhosts.flatMap(({ vhost, parameters, templates }) => [
      ...parameters.flatMap(({ component, name, value, origin }) =>
        unresolved(value) ? [{ kind: "parameter" as const, name: `${component} ${name}`, vhost: vhost.name, reason: secret, origin }] : [],
      ),
      ...templates.map(({ name, origin }) => ({
        kind: "template" as const,
        name,
        vhost: vhost.name,
        reason: "its queues are declared by the instances; only its policy and permissions are part of definitions",
        origin,
      })),
    ]),
    ...plan.global.parameters.flatMap(({ name, value, origin }) =>
      unresolved(value) ? [{ kind: "global parameter" as const, name, reason: secret, origin }] : [],
    ),
  ];
}
