/** The least permissions of each service, from what it publishes, consumes, declares and manages. */
import { deadLetter } from "./compile/queue-settings.js";
import type { Plan, PlannedPermission, PlannedTopicPermission } from "./compile/plan.js";
import type { Message, Queue, QueueTemplate, Service, Sources, Topology } from "./model.js";
import { anyOf, DEFAULT_EXCHANGE_PERMISSION, escapeRegex, fill, placeholderRegex, retryExchange, serviceUser } from "./names.js";
import { entry } from "./entry.js";
import { path } from "./path.js";
import { router } from "./routing.js";

/** A regular expression for keys, or anything: with "anything" no topic permission is needed, for the broker allows all without one. */
type KeyRights = Set<string> | "anything";

/** What a service may do, gathered. Each entry is a regular expression without anchors. */
class Rights {
  readonly configure = new Set<string>();
  readonly write = new Set<string>();
  readonly read = new Set<string>();
  /** By topic exchange. */
  readonly topics = new Map<string, { write: KeyRights; read: KeyRights }>();

  constructor(private readonly topicExchanges: ReadonlySet<string>) {}

  private topic(exchange: string, side: "write" | "read", keys: readonly string[] | undefined): void {
    if (!this.topicExchanges.has(exchange)) return;
    const rights = this.topics.get(exchange) ?? { write: new Set<string>(), read: new Set<string>() };
    this.topics.set(exchange, rights);
    const known = rights[side];
    if (keys === undefined || known === "anything") rights[side] = "anything";
    else keys.forEach((key) => known.add(key));
  }

  /** Publishes to an exchange, with these keys (with placeholders) or any. */
  publish(exchange: string, keys?: readonly string[]): void {
    this.write.add(escapeRegex(exchange === "" ? DEFAULT_EXCHANGE_PERMISSION : exchange));
    this.topic(
      exchange,
      "write",
      keys?.map((key) => placeholderRegex(key)),
    );
  }

  /** Binds something to an exchange, with these keys. */
  bindTo(exchange: string, keys: readonly string[]): void {
    this.read.add(escapeRegex(exchange));
    this.topic(
      exchange,
      "read",
      keys.map((key) => placeholderRegex(key)),
    );
  }
}

const keysOf = (sources: Sources | undefined): [exchange: string, keys: string[]][] =>
  Object.entries(sources ?? {}).map(([exchange, keys]) => [
    exchange,
    (Array.isArray(keys) ? (keys as readonly unknown[]) : [keys]).map((key) =>
      typeof key === "string" ? key : ((key as { key?: string } | undefined)?.key ?? ""),
    ),
  ]);

/** The exchange that a message is published to, and the key. A super stream is reached through its exchange, a queue through the default one. */
export function target(topology: Topology, message: Message): { exchange: string; key: string } {
  if (typeof message.to === "string") return { exchange: message.to, key: message.key ?? "" };
  const queue = message.to.queue;
  return entry(topology.queues, queue)?.type === "super-stream"
    ? { exchange: queue, key: message.key ?? "" }
    : { exchange: "", key: queue };
}

/** Declaring with a dead-letter exchange as an argument asks for more than configure (source: access control documentation). */
function declare(rights: Rights, name: string, definition: Queue | QueueTemplate, topology: Topology): void {
  rights.configure.add(name);
  const asArguments = (definition.settings ?? topology.settings) === "arguments";
  const dead = asArguments && "deadLetterTo" in definition ? deadLetter(definition.deadLetterTo) : undefined;
  if (dead) {
    rights.read.add(name);
    rights.publish(dead.exchange);
  }
  // queue.bind asks for write on the queue and read on the exchange.
  if (definition.from && Object.keys(definition.from).length > 0) rights.write.add(name);
  keysOf(definition.from).forEach(([exchange, keys]) => rights.bindTo(exchange, keys));
}

/** The worker itself publishes to the dead letters what is malformed, or failed for the last time. */
function letters(rights: Rights, definition: Queue | QueueTemplate): void {
  const dead = "deadLetterTo" in definition ? deadLetter(definition.deadLetterTo) : undefined;
  if (dead) rights.publish(dead.exchange, dead.routingKey === undefined ? undefined : [dead.routingKey]);
}

function consume(rights: Rights, name: string, definition: Queue | undefined): void {
  if (definition?.type === "super-stream") {
    rights.read.add(`${escapeRegex(name)}-.+`);
    return;
  }
  rights.read.add(escapeRegex(name));
  if (!definition || definition.type === "stream") return;
  if (definition.retry?.length)
    rights.publish(
      retryExchange(name),
      definition.retry.map((_, index) => String(index + 1)),
    );
  letters(rights, definition);
}

function rightsOf(topology: Topology, service: Service, topicExchanges: ReadonlySet<string>, requested: ReadonlySet<string>): Rights {
  const rights = new Rights(topicExchanges);
  for (const name of service.publishes ?? []) {
    const message = entry(topology.messages, name);
    if (!message) continue;
    const { exchange, key } = target(topology, message);
    rights.publish(exchange, [key]);
  }
  for (const name of [...(service.consumes ?? []), ...(service.manages ?? [])]) consume(rights, name, entry(topology.queues, name));
  // Putting a dead letter back into its queue alone goes through the default exchange.
  if (service.manages?.length) rights.publish("");
  for (const [name, values] of Object.entries(service.instances ?? {})) {
    const template = entry(topology.templates, name);
    if (!template || !values) continue;
    const filled = Object.entries(template.from ?? {}).map(([exchange, keys]) => [
      exchange,
      keysOf({ [exchange]: keys }).flatMap(([, inner]) => inner.map((key) => fill(key, values))),
    ]);
    const pattern = placeholderRegex(fill(template.name, values));
    declare(rights, pattern, { ...template, from: Object.fromEntries(filled) as Sources }, topology);
    rights.read.add(pattern);
    letters(rights, template);
  }
  for (const name of service.declares ?? []) {
    const queue = entry(topology.queues, name);
    const exchange = entry(topology.exchanges, name);
    if (queue) declare(rights, escapeRegex(name), queue, topology);
    if (exchange) {
      rights.configure.add(escapeRegex(name));
      if (exchange.from && Object.keys(exchange.from).length > 0) rights.write.add(escapeRegex(name));
      keysOf(exchange.from).forEach(([source, keys]) => rights.bindTo(source, keys));
      // An alternate exchange as argument asks for read on the exchange and write on the alternate.
      if (exchange.alternateExchange !== undefined && (exchange.settings ?? topology.settings) === "arguments") {
        rights.read.add(escapeRegex(name));
        rights.write.add(escapeRegex(exchange.alternateExchange));
      }
    }
  }
  if (repliesTo(topology, service, requested)) rights.publish("");
  return rights;
}

/** Queues, and names of templates, that requests reach. */
function queuesOfRequests(topology: Topology, plan: Plan): ReadonlySet<string> {
  const requests = Object.values(topology.messages ?? {}).filter((message) => message.reply !== undefined);
  if (requests.length === 0) return new Set();
  const routes = router(plan);
  return new Set(
    requests.flatMap((message) => {
      const { exchange, key } = target(topology, message);
      return routes.reach(exchange, key, message.headers);
    }),
  );
}

/** Whether requests reach a service: then it replies through the default exchange, with which it can reach any queue. */
function repliesTo(topology: Topology, service: Service, requested: ReadonlySet<string>): boolean {
  const own = [
    ...(service.consumes ?? []),
    ...Object.keys(service.instances ?? {}).map((name) => entry(topology.templates, name)?.name ?? ""),
  ];
  return own.some((queue) => requested.has(queue));
}

function topicPermission(keys: KeyRights): string {
  return keys === "anything" ? ".*" : anyOf([...keys]);
}

/** Permissions and topic permissions of every service; an override in the topology stands instead of what was derived. */
export function servicePermissions(
  topology: Topology,
  plan: Plan,
): { permissions: PlannedPermission[]; topicPermissions: PlannedTopicPermission[] } {
  const requested = queuesOfRequests(topology, plan);
  const topicExchanges = new Set(["amq.topic", ...plan.exchanges.filter(({ type }) => type === "topic").map(({ name }) => name)]);
  const permissions: PlannedPermission[] = [];
  const topicPermissions: PlannedTopicPermission[] = [];
  for (const [name, service] of Object.entries(topology.services ?? {})) {
    const user = service.user ?? serviceUser(topology.name, name);
    const rights = rightsOf(topology, service, topicExchanges, requested);
    const origin = path("services", name);
    permissions.push({
      user,
      configure: anyOf([...rights.configure]),
      write: anyOf([...rights.write]),
      read: anyOf([...rights.read]),
      ...service.permissions,
      origin: service.permissions ? `${origin}.permissions` : origin,
    });
    const topics = service.topicPermissions
      ? Object.entries(service.topicPermissions)
      : [...rights.topics]
          .filter(([, { write, read }]) => write !== "anything" || read !== "anything")
          .map(([exchange, { write, read }]) => [exchange, { write: topicPermission(write), read: topicPermission(read) }] as const);
    topicPermissions.push(
      ...topics.map(([exchange, permission]) => ({
        user,
        exchange,
        ...permission,
        origin: service.topicPermissions ? `${origin}.${path("topicPermissions", exchange)}` : origin,
      })),
    );
  }
  return { permissions, topicPermissions };
}
