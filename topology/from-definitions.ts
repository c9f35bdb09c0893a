/** RabbitMQ's definitions as an installation: one topology per vhost, with what is there as arguments, and the users of all. */
import {
  isOneVhost,
  type BindingDefinition,
  type Definitions,
  type ExchangeDefinition,
  type PolicyDefinition,
  type UserDefinition,
  type VhostDefinition,
} from "./definitions-format.js";
import { parametersFrom } from "./from-definitions-parameters.js";
import { queueFrom, rawArguments, sourcesFrom, superStreamFrom } from "./from-definitions-queues.js";
import type { Exchange, Installation, Policy, Queue, Topology, User, UserLimits, Vhost } from "./model.js";
import { VERSIONS, type Version } from "./settings.js";

/** Global parameters that a broker makes for itself. */
const BROKERS_OWN = new Set(["cluster_name", "cluster_tags", "internal_cluster_id", "imported_definition_hash_value"]);

const byName = <Item extends { readonly name: string }>(items: readonly Item[]): Item[] =>
  [...items].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
const isReserved = (name: string): boolean => name.startsWith("amq.");
const tagsOf = (tags: string | readonly string[] | undefined): string[] =>
  (typeof tags === "string" ? tags.split(",") : [...(tags ?? [])]).map((tag) => tag.trim()).filter((tag) => tag !== "");
/** A dictionary, or nothing where it would be empty. */
const entries = <Key extends string, Value>(
  key: Key,
  items: readonly (readonly [string, Value])[],
): { [K in Key]?: Record<string, Value> } =>
  items.length === 0 ? {} : ({ [key]: Object.fromEntries(items) } as { [K in Key]: Record<string, Value> });

function grouped<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

/** What belongs to one vhost. */
interface Part {
  readonly vhost: VhostDefinition;
  readonly definitions: Definitions;
}

function parts(definitions: Definitions, label: string): Part[] {
  if (isOneVhost(definitions)) {
    const { description, default_queue_type, metadata, limits } = definitions;
    const own = Object.entries({ description, default_queue_type, metadata, limits }).filter(([, value]) => value !== undefined);
    return [{ vhost: { name: definitions.original_vhost_name ?? label, ...Object.fromEntries(own) }, definitions }];
  }
  const vhosts = new Map((definitions.vhosts ?? []).map((vhost) => [vhost.name, vhost]));
  const within = new Map<string, { [K in keyof Definitions]: unknown[] }>();
  for (const key of ["parameters", "policies", "queues", "exchanges", "bindings"] as const) {
    for (const entry of definitions[key] ?? []) {
      const name = entry.vhost ?? "";
      const own = within.get(name) ?? {};
      within.set(name, own);
      (own[key] ??= []).push(entry);
    }
  }
  const names = new Set([...vhosts.keys(), ...within.keys(), ...(definitions.permissions ?? []).map((entry) => entry.vhost ?? "")]);
  return [...names]
    .sort()
    .map((name) => ({ vhost: vhosts.get(name) ?? { name }, definitions: (within.get(name) ?? {}) as unknown as Definitions }));
}

function vhostFrom(definition: VhostDefinition, limitsParameter: Vhost["limits"]): Vhost {
  const { metadata } = definition;
  const description = metadata?.description ?? definition.description;
  const tags = tagsOf(metadata?.tags ?? definition.tags);
  const type = metadata?.default_queue_type ?? definition.default_queue_type;
  const given = rawArguments(definition.limits);
  const { "max-connections": maxConnections, "max-queues": maxQueues } = given;
  const limits: Vhost["limits"] = limitsParameter ?? {
    ...(typeof maxConnections === "number" ? { maxConnections } : {}),
    ...(typeof maxQueues === "number" ? { maxQueues } : {}),
  };
  return {
    ...(description ? { description } : {}),
    ...(tags.length > 0 ? { tags } : {}),
    ...(type === "classic" || type === "quorum" || type === "stream" ? { defaultQueueType: type } : {}),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
    ...(metadata?.protected_from_deletion === true ? { deletionProtection: true } : {}),
  };
}

function exchangeFrom(definition: ExchangeDefinition): Exchange {
  const { "alternate-exchange": alternate, "hash-header": header, "hash-property": property, ...rest } = rawArguments(definition.arguments);
  const hashes = definition.type === "x-consistent-hash";
  const hashHeader = hashes && typeof header === "string" ? header : undefined;
  const hashProperty =
    hashes && (property === "message_id" || property === "correlation_id" || property === "timestamp") ? property : undefined;
  const raw = {
    ...rest,
    ...(alternate === undefined || typeof alternate === "string" ? {} : { "alternate-exchange": alternate }),
    ...(header === undefined || hashHeader !== undefined ? {} : { "hash-header": header }),
    ...(property === undefined || hashProperty !== undefined ? {} : { "hash-property": property }),
  };
  return {
    type: definition.type,
    ...(definition.durable === false ? { durable: false } : {}),
    ...(definition.auto_delete === true ? { autoDelete: true } : {}),
    ...(definition.internal === true ? { internal: true } : {}),
    ...(typeof alternate === "string" ? { alternateExchange: alternate } : {}),
    ...(hashHeader === undefined ? {} : { hashHeader }),
    ...(hashProperty === undefined ? {} : { hashProperty }),
    ...(Object.keys(raw).length > 0 ? { arguments: raw } : {}),
  };
}

function policyFrom(definition: PolicyDefinition): Policy {
  const { pattern, priority = 0, definition: keys } = definition;
  const applyTo = definition["apply-to"] ?? "all";
  return { pattern, ...(applyTo === "all" ? {} : { applyTo }), ...(priority === 0 ? {} : { priority }), definition: keys };
}

const feeds = ({ destination_type: type, destination }: BindingDefinition): string => `${type} ${destination}`;

function topologyFrom({ vhost, definitions }: Part, version: Version | undefined): Topology {
  const { limits, ...parameters } = parametersFrom(byName(definitions.parameters ?? []), vhost.name);
  const own = vhostFrom(vhost, limits);
  const queues = new Map(byName(definitions.queues ?? []).flatMap((queue) => (isReserved(queue.name) ? [] : [[queue.name, queue]])));
  const exchanges = byName(definitions.exchanges ?? []).filter(({ name }) => name !== "" && !isReserved(name));
  const headersExchanges = new Set([
    "amq.headers",
    "amq.match",
    ...exchanges.flatMap(({ type, name }) => (type === "headers" ? [name] : [])),
  ]);
  const sources = new Set(exchanges.map(({ name }) => name));
  // The default exchange's bindings are the broker's own; an exchange that is not there is one that exports leave out.
  const bindings = (definitions.bindings ?? []).filter(({ source }) => source !== "" && (isReserved(source) || sources.has(source)));
  const feeding = grouped(bindings, feeds);
  const fed = grouped(bindings, ({ source }) => source);
  const feedingQueues = new Map([...feeding].flatMap(([to, from]) => (to.startsWith("queue ") ? [[to.slice("queue ".length), from]] : [])));
  const superStreams = exchanges.flatMap(
    (exchange) => superStreamFrom(exchange, fed.get(exchange.name) ?? [], queues, feedingQueues) ?? [],
  );
  const inSuperStreams = new Set(superStreams.flatMap(({ partitions }) => partitions));
  const superNames = new Set(superStreams.map(({ name }) => name));
  const names = new Set(queues.keys());
  const from = (kind: "queue" | "exchange", name: string) => sourcesFrom(feeding.get(`${kind} ${name}`) ?? [], headersExchanges);
  const allQueues: [string, Queue][] = [
    ...superStreams.map(({ name, queue }): [string, Queue] => [name, { ...queue, ...from("exchange", name) }]),
    ...[...queues.values()]
      .filter(({ name }) => !inSuperStreams.has(name))
      .map((queue): [string, Queue] => [queue.name, { ...queueFrom(queue, own.defaultQueueType, names), ...from("queue", queue.name) }]),
  ];
  const allExchanges = exchanges
    .filter(({ name }) => !superNames.has(name))
    .map((exchange) => [exchange.name, { ...exchangeFrom(exchange), ...from("exchange", exchange.name) }] as const);
  return {
    name: vhost.name,
    ...(Object.keys(own).length > 0 ? { vhost: own } : {}),
    ...(version ? { brokerVersion: version } : {}),
    settings: "arguments",
    ...entries("exchanges", allExchanges),
    ...entries("queues", allQueues),
    ...entries(
      "policies",
      byName(definitions.policies ?? []).map((policy) => [policy.name, policyFrom(policy)]),
    ),
    ...parameters,
  };
}

function userLimits(definition: UserDefinition): UserLimits | undefined {
  const { "max-connections": maxConnections, "max-channels": maxChannels } = rawArguments(definition.limits);
  const limits = {
    ...(typeof maxConnections === "number" ? { maxConnections } : {}),
    ...(typeof maxChannels === "number" ? { maxChannels } : {}),
  };
  return Object.keys(limits).length > 0 ? limits : undefined;
}

/** An empty hash, of a user that logs in by other means, has no algorithm. */
const isSha256 = ({ password_hash: hash, hashing_algorithm: algorithm = "rabbit_password_hashing_sha256" }: UserDefinition): boolean =>
  hash === "" || algorithm === "rabbit_password_hashing_sha256";

type SharedUser = NonNullable<Installation["users"]>[string];

function userFrom(definition: UserDefinition, definitions: Definitions): SharedUser {
  const limits = userLimits(definition);
  const tags = tagsOf(definition.tags);
  const rights = new Map<
    string,
    { permissions?: User["permissions"] & object; topicPermissions?: [string, { write: string; read: string }][] }
  >();
  const rightsIn = (vhost = "") => rights.get(vhost) ?? rights.set(vhost, {}).get(vhost) ?? {};
  for (const { user, vhost, configure, write, read } of definitions.permissions ?? [])
    if (user === definition.name) rightsIn(vhost).permissions = { configure, write, read };
  for (const { user, vhost, exchange, write, read } of definitions.topic_permissions ?? [])
    if (user === definition.name) (rightsIn(vhost).topicPermissions ??= []).push([exchange, { write, read }]);
  return {
    ...(tags.length > 0 ? { tags } : {}),
    ...(limits ? { limits } : {}),
    ...(definition.password_hash === undefined || !isSha256(definition) ? {} : { passwordHash: definition.password_hash }),
    ...entries(
      "vhosts",
      [...rights]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([vhost, { permissions, topicPermissions }]) => [
          vhost,
          {
            ...(permissions ? { permissions } : {}),
            ...(topicPermissions ? { topicPermissions: Object.fromEntries(topicPermissions) } : {}),
          },
        ]),
    ),
  };
}

/** The broker's version as a topology writes it; none for those that Warren does not know. */
function versionOf({ rabbitmq_version, rabbit_version }: Definitions): Version | undefined {
  const text = rabbitmq_version ?? rabbit_version ?? "";
  return VERSIONS.find((version) => text === version || text.startsWith(`${version}.`));
}

/**
 * The installation that definitions describe: compiled, it gives the same definitions again. What it cannot say is told by `leftOut`.
 * @param label the vhost's name, where the export of one vhost does not tell it (before 4.0)
 */
export function fromDefinitions(definitions: Definitions, label = "/"): Installation {
  const version = versionOf(definitions);
  const globals = byName(definitions.global_parameters ?? []).filter(({ name }) => !BROKERS_OWN.has(name));
  return {
    topologies: parts(definitions, label).map((part) => topologyFrom(part, version)),
    ...entries(
      "users",
      byName(definitions.users ?? []).map((user) => [user.name, userFrom(user, definitions)]),
    ),
    ...entries(
      "globalParameters",
      globals.map(({ name, value }) => [name, value]),
    ),
  };
}
