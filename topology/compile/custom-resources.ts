/** The plan as custom resources of RabbitMQ's messaging topology operator (`rabbitmq.com/v1beta1`), and what of it they cannot say. */
import type { Finding } from "../check/finding.js";
import { equal } from "../equal.js";
import { operatorLinks } from "./custom-resource-links.js";
import type { InstallationPlan, Plan, PlannedUser } from "./plan.js";
import { resourceName } from "./resource-names.js";

/** An object, as `kubectl apply` takes it. */
export interface CustomResource {
  readonly apiVersion: "rabbitmq.com/v1beta1";
  readonly kind:
    | "Vhost"
    | "User"
    | "Exchange"
    | "Policy"
    | "OperatorPolicy"
    | "Queue"
    | "Binding"
    | "Permission"
    | "TopicPermission"
    | "Federation"
    | "Shovel";
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A Secret that has to be there, with these keys: no value of it stands in an object. */
export interface NeededSecret {
  readonly name: string;
  readonly namespace?: string;
  readonly keys: readonly string[];
  /** `User contextiq.webhook`. */
  readonly of: string;
}

export interface CustomResourceOptions {
  /** A `RabbitmqCluster` by its name, or a Secret with `uri`, `username` and `password` of a broker's management. */
  readonly cluster: { readonly name: string; readonly namespace?: string } | { readonly connectionSecret: string };
  /** Where the objects are. @default none is written: the namespace of whoever applies them */
  readonly namespace?: string;
  /** The Secret of a user: keys `username` and `password`. @default the object's name with `-login` */
  readonly secretOf?: (user: PlannedUser, object: string) => string;
}

export interface CustomResources {
  /** What others refer to first. */
  readonly objects: readonly CustomResource[];
  readonly secrets: readonly NeededSecret[];
  /** Errors: what the broker will then lack. Warnings: what it will have otherwise. */
  readonly findings: readonly Finding[];
}

/** What the operator's CRD takes as tags of a user. */
const TAGS = ["management", "policymaker", "monitoring", "administrator"];

export const LABELS = { "app.kubernetes.io/managed-by": "warren" } as const;
/** Where in the topology an object comes from. */
export const ORIGIN = "warren/origin";
/** The RabbitMQ user that an object is or is for: its name stands in a Secret, and nowhere in a spec. */
export const USER = "warren/user";

type Kind = CustomResource["kind"];

/** What the builders of one run share. */
export interface Making {
  readonly add: (
    kind: Kind,
    words: readonly string[],
    topology: string,
    origin: string,
    spec: Readonly<Record<string, unknown>>,
    user?: string,
  ) => void;
  readonly need: (secret: NeededSecret) => void;
  readonly find: (finding: Omit<Finding, "code">) => void;
  readonly namespace: string | undefined;
}

/** What is left out says nothing; an empty list or object neither. */
export function said(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const empty = (value: unknown): boolean =>
    value === undefined || value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !empty(value)));
}

function vhost(
  { topology, vhost: { name, tags, defaultQueueType, description, limits, deletionProtection, origin } }: Plan,
  { add, find }: Making,
): void {
  add("Vhost", [name], topology, origin, said({ name, tags, defaultQueueType }));
  const lost = (field: string, value: unknown, severity: Finding["severity"]): void =>
    find({
      ...{ severity, topology, path: `${origin}.${field}`, value },
      message: `A Vhost resource has no ${field}.`,
      remedy: "Set it through the management API, or leave it out.",
    });
  if (description !== undefined) lost("description", description, "warning");
  if (limits && Object.keys(limits).length > 0) lost("limits", limits, "error");
  if (deletionProtection) lost("deletionProtection", deletionProtection, "error");
}

function exchanges({ topology, vhost: { name: vhostName }, exchanges: all }: Plan, { add, find }: Making): void {
  for (const { name, type, durable, autoDelete, internal, arguments: args, origin } of all) {
    add("Exchange", [vhostName, name], topology, origin, {
      name,
      vhost: vhostName,
      type,
      durable,
      autoDelete,
      ...said({ arguments: args }),
    });
    if (internal)
      find({
        ...{ severity: "warning", topology, path: `${origin}.internal`, value: true },
        message: `An Exchange resource cannot be internal: clients with the permission may publish to ${JSON.stringify(name)}.`,
        remedy: "See that nobody has write permission on it.",
      });
  }
}

function queues({ topology, vhost: { name: vhostName }, queues: all }: Plan, { add }: Making): void {
  for (const { name, type, durable, autoDelete, arguments: args, origin } of all)
    add("Queue", [vhostName, name], topology, origin, {
      ...{ name, vhost: vhostName, type, durable, autoDelete },
      // The operator refuses to delete what holds messages; the broker has no such word for streams.
      ...(type === "stream" ? {} : { deleteIfEmpty: true }),
      ...said({ arguments: args }),
    });
}

function bindings({ topology, vhost: { name: vhostName }, bindings: all }: Plan, { add }: Making): void {
  for (const { source, destination, destinationType, routingKey, arguments: args, origin } of all)
    add("Binding", [vhostName, source, destination, destinationType, routingKey, JSON.stringify(args)], topology, origin, {
      ...{ vhost: vhostName, source, destination, destinationType },
      ...said({ routingKey, arguments: args }),
    });
}

function policies({ topology, vhost: { name: vhostName }, policies: all, operatorPolicies }: Plan, { add, find }: Making): void {
  for (const { name, pattern, applyTo, priority, definition, origin } of all)
    add("Policy", [vhostName, name], topology, origin, { name, vhost: vhostName, pattern, applyTo, priority, definition });
  for (const { name, pattern, applyTo, priority, definition, origin } of operatorPolicies) {
    const narrowed = applyTo === "all" ? "queues" : applyTo;
    add("OperatorPolicy", [vhostName, name], topology, origin, {
      name,
      vhost: vhostName,
      pattern,
      applyTo: narrowed,
      priority,
      definition,
    });
    if (narrowed !== applyTo)
      find({
        ...{
          severity: "warning",
          topology,
          path: `${origin}.applyTo`,
          value: applyTo,
          allowed: ["queues", "classic_queues", "quorum_queues", "streams"],
        },
        message: `An OperatorPolicy resource cannot apply to all: ${JSON.stringify(name)} applies to queues.`,
        remedy: "Write queues: operator policies have no key for exchanges.",
      });
  }
}

function user(planned: PlannedUser, topology: string, options: CustomResourceOptions, { add, need, find, namespace }: Making): void {
  const { name, tags, limits, passwordHash, origin } = planned;
  const object = resourceName("User", name);
  const secret = options.secretOf?.(planned, object) ?? `${object}-login`;
  const known = said({ tags: tags.filter((tag) => TAGS.includes(tag)) });
  add("User", [name], topology, origin, { ...known, importCredentialsSecret: { name: secret } }, name);
  need({ name: secret, ...(namespace === undefined ? {} : { namespace }), keys: ["username", "password"], of: `User ${name}` });
  const others = tags.filter((tag) => !TAGS.includes(tag));
  if (others.length > 0)
    find({
      ...{ severity: "error", topology, path: `${origin}.tags`, value: others, allowed: TAGS },
      message: `A User resource cannot have the tags ${others.map((tag) => JSON.stringify(tag)).join(", ")}.`,
      remedy: "Give the user these tags through the management API, or leave them out.",
    });
  if (limits && Object.keys(limits).length > 0)
    find({
      ...{ severity: "error", topology, path: `${origin}.limits`, value: limits },
      message: `A User resource has no limits: user ${JSON.stringify(name)} may open as many connections and channels as it likes.`,
      remedy: "Set them through the management API.",
    });
  if (passwordHash !== undefined)
    find({
      ...{ severity: "error", topology, path: `${origin}.passwordHash` },
      message: `The operator declares every hash as SHA-512, and that of user ${JSON.stringify(name)} is what RabbitMQ exported, SHA-256 unless configured otherwise.`,
      remedy: "Give the user a password, in its Secret.",
    });
}

/** Every user once: those that several topologies name are the same one. */
function users(plan: InstallationPlan, options: CustomResourceOptions, making: Making): void {
  const seen = new Map<string, PlannedUser>();
  const all = [
    ...plan.global.users.map((each) => ({ each, topology: "" })),
    ...plan.vhosts.flatMap(({ topology, users: own }) => own.map((each) => ({ each, topology }))),
  ];
  for (const { each, topology } of all) {
    if (seen.has(each.name)) continue;
    seen.set(each.name, each);
    user(each, topology, options, making);
  }
}

function rights(plan: InstallationPlan, { add }: Making): void {
  const own = plan.vhosts.flatMap(({ topology, vhost: { name }, permissions, topicPermissions }) => ({
    topology,
    permissions: permissions.map((each) => ({ ...each, vhost: name })),
    topicPermissions: topicPermissions.map((each) => ({ ...each, vhost: name })),
  }));
  // By reference to the object, whose name the operator resolves once the user is there.
  const of = (name: string): object => ({ userReference: { name: resourceName("User", name) } });
  for (const { topology, permissions, topicPermissions } of [{ topology: "", ...plan.global }, ...own]) {
    for (const { user: name, vhost: vhostName, configure, write, read, origin } of permissions)
      add(
        "Permission",
        [vhostName, name],
        topology,
        origin,
        { ...of(name), vhost: vhostName, permissions: { configure, write, read } },
        name,
      );
    for (const { user: name, vhost: vhostName, exchange, write, read, origin } of topicPermissions)
      add(
        "TopicPermission",
        [vhostName, name, exchange],
        topology,
        origin,
        { ...of(name), vhost: vhostName, permissions: { exchange, write, read } },
        name,
      );
  }
}

/**
 * All objects for one broker. Pure and deterministic; secrets are named, never written. What the operator's resources cannot say is a finding with the
 * code `custom-resource`, and everything else of the same object is made.
 */
export function customResources(plan: InstallationPlan, options: CustomResourceOptions): CustomResources {
  const objects = new Map<string, CustomResource>();
  const secrets: NeededSecret[] = [];
  const findings: Finding[] = [];
  const { cluster, namespace } = options;
  const rabbitmqClusterReference = "connectionSecret" in cluster ? { connectionSecret: { name: cluster.connectionSecret } } : said(cluster);
  const making: Making = {
    namespace,
    add: (kind, words, topology, origin, spec, user) => {
      const name = resourceName(kind, ...words);
      const made: CustomResource = {
        apiVersion: "rabbitmq.com/v1beta1",
        kind,
        metadata: {
          name,
          ...(namespace === undefined ? {} : { namespace }),
          labels: LABELS,
          annotations: { [ORIGIN]: topology === "" ? origin : `${topology}: ${origin}`, ...(user === undefined ? {} : { [USER]: user }) },
        },
        spec: { ...spec, rabbitmqClusterReference },
      };
      const id = `${kind} ${name}`;
      const before = objects.get(id);
      if (before && !equal(before.spec, made.spec)) throw new Error(`Two different objects are called ${id}.`);
      if (!before) objects.set(id, made);
    },
    need: (secret) => void secrets.push(secret),
    find: (finding) => void findings.push({ code: "custom-resource", ...finding }),
  };
  plan.vhosts.forEach((each) => vhost(each, making));
  users(plan, options, making);
  for (const each of plan.vhosts) for (const build of [policies, exchanges, queues, bindings]) build(each, making);
  rights(plan, making);
  plan.vhosts.forEach((each) => operatorLinks(each, making));
  for (const { name, origin } of plan.global.parameters)
    making.find({
      ...{ severity: "error", topology: "", path: origin, value: name },
      message: `The operator has no resource for the global parameter ${JSON.stringify(name)}.`,
      remedy: "Set it through the management API.",
    });
  return { objects: [...objects.values()], secrets, findings };
}
