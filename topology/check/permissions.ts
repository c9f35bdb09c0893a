/** Rules about permissions: wider than a service needs, narrower, or with a way to every queue. */
import type { PlannedPermission } from "../compile/plan.js";
import type { Installation, Service, Topology, UserTag } from "../model.js";
import { anyOf, DEFAULT_EXCHANGE_PERMISSION, escapeRegex, placeholders, serviceUser } from "../names.js";
import { entry } from "../entry.js";
import { path } from "../path.js";
import { permissionReasons } from "../permission-reasons.js";
import { servicePermissions } from "../permissions.js";
import { brokerRegex, permits } from "../regex.js";
import { BUILTIN_EXCHANGES, type Facts } from "./facts.js";
import { quote, several, type Fault, type Rule, type SharedFault } from "./rule.js";
import { suggest } from "./suggest.js";

const SIDES = ["configure", "write", "read"] as const;

/** Stands for every name that this topology does not have. */
const STRANGER = "zz-a-queue-of-somebody-else";

function withoutOverride({ permissions: _, ...service }: Service): Service {
  return service;
}

interface Overridden {
  readonly service: string;
  readonly given: PlannedPermission;
  /** What follows from what the service does. */
  readonly needed: PlannedPermission;
}

function overridden(facts: Facts): Overridden[] {
  const { topology, plan } = facts;
  const services = Object.entries(topology.services ?? {});
  if (!services.some(([, { permissions }]) => permissions)) return [];
  const plain: Topology = {
    ...topology,
    services: Object.fromEntries(services.map(([name, service]) => [name, withoutOverride(service)])),
  };
  const derived = new Map(servicePermissions(plain, plan).permissions.map((permission) => [permission.origin, permission]));
  return services.flatMap(([service, { permissions }]) => {
    const given = plan.permissions.find(({ origin }) => origin === `${path("services", service)}.permissions`);
    const needed = derived.get(path("services", service));
    return permissions && given && needed ? [{ service, given, needed }] : [];
  });
}

/** Names on which a right means something. */
function namesOf({ plan }: Facts): string[] {
  return [
    ...plan.queues.map(({ name }) => name),
    ...plan.exchanges.map(({ name }) => name),
    ...plan.templates.map(({ name }) => name),
    ...BUILTIN_EXCHANGES,
    DEFAULT_EXCHANGE_PERMISSION,
    STRANGER,
  ];
}

const shown = (name: string): string =>
  name === STRANGER ? "every other name" : name === DEFAULT_EXCHANGE_PERMISSION ? "the default exchange" : quote(name);

function* tooWide(facts: Facts): Iterable<Fault> {
  const names = namesOf(facts);
  for (const { service, given, needed } of overridden(facts))
    for (const side of SIDES) {
      if (entry(facts.topology.services, service)?.permissions?.[side] === undefined) continue;
      const more = names.filter((name) => permits(given[side], name) && !permits(needed[side], name));
      const [example] = more.includes(STRANGER) ? [STRANGER] : more;
      if (example === undefined) continue;
      yield {
        path: `${given.origin}.${side}`,
        message: `Service ${quote(service)} may ${side} ${shown(example)}, which nothing that it does needs.`,
        value: given[side],
        allowed: [needed[side]],
      };
    }
  for (const [name, { permissions, tags = [] }] of Object.entries(facts.topology.users ?? {})) {
    if (!permissions || tags.includes("administrator")) continue;
    for (const side of SIDES)
      if (permits(permissions[side], STRANGER))
        yield {
          path: `${path("users", name)}.permissions.${side}`,
          message: `User ${quote(name)} may ${side} every name, although not an administrator.`,
          value: permissions[side],
        };
  }
}

function* tooNarrow(facts: Facts): Iterable<Fault> {
  const names = namesOf(facts).filter((name) => name !== STRANGER);
  for (const { service, given, needed } of overridden(facts))
    for (const side of SIDES) {
      // What cannot be evaluated is reported as such.
      if (!("regex" in brokerRegex(given[side]))) continue;
      const missing = names.filter((name) => permits(needed[side], name) && !permits(given[side], name));
      if (missing.length === 0) continue;
      yield {
        path: `${given.origin}.${side}`,
        message: `Service ${quote(service)} needs to ${side} ${several(missing)}, and may not.`,
        value: given[side],
        allowed: [needed[side]],
      };
    }
  for (const [name, { topicPermissions, publishes = [] }] of Object.entries(facts.topology.services ?? {}))
    for (const { message, exchange, key } of facts.targets()) {
      const given = entry(topicPermissions, exchange)?.write;
      // Which words a publisher gives for a placeholder is not known.
      if (given === undefined || !publishes.includes(message) || facts.exchangeType(exchange) !== "topic" || placeholders(key).length > 0)
        continue;
      if (!("regex" in brokerRegex(given)) || permits(given, key)) continue;
      yield {
        path: `${path("services", name)}.${path("topicPermissions", exchange)}.write`,
        message: `Service ${quote(name)} publishes ${quote(message)} to ${quote(exchange)} with key ${quote(key)}, and may not.`,
        value: given,
        allowed: [anyOf([escapeRegex(key)])],
      };
    }
}

function* anyQueue({ topology, plan }: Facts): Iterable<Fault> {
  const rights = new Map(plan.permissions.map((permission) => [permission.user, permission.write]));
  for (const [name, service] of Object.entries(topology.services ?? {})) {
    const write = rights.get(service.user ?? serviceUser(topology.name, name)) ?? "";
    if (!permits(write, DEFAULT_EXCHANGE_PERMISSION)) continue;
    const why = permissionReasons(topology, name, write).find((reason) => reason.includes("the default exchange"));
    yield {
      path: path("services", name),
      message: `Service ${quote(name)} may write to the default exchange, and so to every queue of the vhost${why ? ` (${why.split(":")[0]})` : ""}.`,
      value: name,
    };
  }
}

function* wayOfPassword({ topology }: Facts): Iterable<Fault> {
  for (const [name, { password, passwordHash }] of Object.entries(topology.users ?? {}))
    if (password && passwordHash !== undefined)
      yield { path: `${path("users", name)}.passwordHash`, message: `User ${quote(name)} has a password and a hash of one.` };
}

/** Those that mean something to the broker (source: management and access control documentation). */
const TAGS: readonly string[] = ["administrator", "monitoring", "policymaker", "management", "impersonator"] satisfies UserTag[];

/** The broker knows it too: such users cannot be changed by HTTP (seen on 4.3.6), so nobody is told to write it. */
const PROTECTED = "protected";

function* unknownTagsOf(tagged: { readonly tags?: readonly string[] }, of: string, origin: string): Iterable<Fault> {
  for (const [index, tag] of (tagged.tags ?? []).entries())
    if (!TAGS.includes(tag) && tag !== PROTECTED)
      yield {
        path: `${origin}.${path("tags", index)}`,
        message: `${of} has the tag ${quote(tag)}, which RabbitMQ does not know.`,
        value: tag,
        ...suggest(tag, TAGS, "Leave it out, or silence this if something else reads it."),
      };
}

function* unknownTags({ topology }: Facts): Iterable<Fault> {
  for (const [name, user] of Object.entries(topology.users ?? {})) yield* unknownTagsOf(user, `User ${quote(name)}`, path("users", name));
  for (const [name, service] of Object.entries(topology.services ?? {}))
    yield* unknownTagsOf(service, `Service ${quote(name)}`, path("services", name));
}

function* unknownSharedTags({ users }: Installation): Iterable<SharedFault> {
  for (const [name, user] of Object.entries(users ?? {})) yield* unknownTagsOf(user, `User ${quote(name)}`, path("users", name));
}

export const permissionRules: readonly Rule[] = [
  {
    code: "permission-too-wide",
    severity: "warning",
    title: "Permissions wider than a service needs",
    why: "Whoever gets hold of its password, or a mistake in it, reaches what is none of its business.",
    remedy: "Leave the permissions out: Warren derives those that are needed.",
    find: tooWide,
  },
  {
    code: "permission-missing",
    severity: "error",
    title: "Permissions narrower than a service needs",
    why: "The broker closes its channel with 403 as soon as it does what the topology says it does.",
    remedy: "Leave the permissions out, or let them match what is named.",
    find: tooNarrow,
  },
  {
    code: "reaches-any-queue",
    severity: "warning",
    title: "A service that can write to every queue",
    why: "Direct replies, putting messages back and publishing straight to a queue go through the default exchange, and a right to it is a right to all queues.",
    remedy: "Let it publish through an exchange; where it has to reply or to put messages back, silence this with the reason.",
    find: anyQueue,
  },
  {
    code: "user-two-passwords",
    severity: "error",
    refused: true,
    title: "A user with a password and a hash",
    why: "Only one of them can hold.",
    remedy: "Leave one of them out.",
    find: wayOfPassword,
  },
  {
    code: "unknown-tag",
    severity: "warning",
    title: "A tag of a user that RabbitMQ does not know",
    why: "The broker takes any tag, and gives nothing for it: whoever was meant to be an administrator is none.",
    remedy: "Correct it, or leave it out.",
    find: unknownTags,
    findAcross: unknownSharedTags,
  },
];
