/** What the rules ask about one topology, worked out once: its plan, its routes, who consumes what, what feeds what. */
import { compile } from "../compile/compile.js";
import type { Plan, PlannedExchange, PlannedQueue, PlannedTemplate } from "../compile/plan.js";
import { forEnvironment } from "../environments.js";
import type { Installation, Queue, QueueTemplate, Topology } from "../model.js";
import { entry } from "../entry.js";
import { path } from "../path.js";
import { target } from "../permissions.js";
import { alternateExchange, effectiveSettings, type EffectiveSettings } from "../policies.js";
import { permits } from "../regex.js";
import { BUILTIN, router, type MessageHeaders, type Router } from "../routing.js";
import { VERSIONS, type Version } from "../settings.js";

const BUILTIN_TYPES: ReadonlyMap<string, string> = new Map(BUILTIN.map(({ name, type }) => [name, type]));

export const BUILTIN_EXCHANGES: readonly string[] = [...BUILTIN_TYPES.keys()];

export type AnyQueue = PlannedQueue | PlannedTemplate;

/** Where a kind of message is published. */
export interface Target {
  readonly message: string;
  readonly exchange: string;
  readonly key: string;
  readonly headers: MessageHeaders;
  /** Names of queues, and of templates with their placeholders; none if the exchange is not there. */
  readonly reached: readonly string[];
}

export interface DeadLetters {
  readonly exchange: string;
  readonly routingKey?: string;
  readonly atLeastOnce: boolean;
}

export interface FactsOptions {
  readonly environment?: string | undefined;
  /** The broker to check for. @default the topology's */
  readonly brokerVersion?: Version | undefined;
  /** Users of all topologies: they may publish and consume, too. */
  readonly users?: Installation["users"] | undefined;
}

/** A value that is worked out when it is first asked for. */
function lazy<Value>(make: () => Value): () => Value {
  let known: { readonly value: Value } | undefined;
  return () => (known ??= { value: make() }).value;
}

function pushTo<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

export class Facts {
  /** As it is written. */
  readonly source: Topology;
  /** As the environment has it. */
  readonly topology: Topology;
  readonly plan: Plan;
  readonly version: Version;
  readonly environment: string | undefined;
  readonly queues: ReadonlyMap<string, PlannedQueue>;
  readonly exchanges: ReadonlyMap<string, PlannedExchange>;
  /** By their names with placeholders. */
  readonly templates: ReadonlyMap<string, PlannedTemplate>;
  /** By path: what a planned queue or template was written as. */
  readonly definitions: ReadonlyMap<string, Queue | QueueTemplate>;
  /** Without services (as in a broker's definitions) nothing is known of who publishes and consumes. */
  readonly knowsServices: boolean;
  readonly knowsMessages: boolean;
  readonly routes: Router;
  private readonly options: FactsOptions;
  private readonly settled = new Map<AnyQueue, EffectiveSettings>();
  private readonly reached = new Map<string, readonly string[]>();
  private readonly known = new Map<string, ReadonlySet<string>>();

  constructor(source: Topology, options: FactsOptions = {}) {
    this.options = options;
    this.source = source;
    this.environment = options.environment;
    this.topology = forEnvironment(source, options.environment);
    this.plan = compile(source, options.environment);
    this.version = options.brokerVersion ?? this.plan.brokerVersion;
    this.queues = new Map(this.plan.queues.map((queue) => [queue.name, queue]));
    this.exchanges = new Map(this.plan.exchanges.map((exchange) => [exchange.name, exchange]));
    this.templates = new Map(this.plan.templates.map((template) => [template.name, template]));
    this.definitions = new Map([
      ...Object.entries(this.topology.queues ?? {}).map(([name, queue]) => [path("queues", name), queue] as const),
      ...Object.entries(this.topology.templates ?? {}).map(([name, template]) => [path("templates", name), template] as const),
    ]);
    this.knowsServices = Object.keys(this.topology.services ?? {}).length > 0;
    this.knowsMessages = Object.keys(this.topology.messages ?? {}).length > 0;
    this.routes = router(this.plan);
  }

  /** Whether the broker has what came with a version. */
  has(since: Version | undefined): boolean {
    return since === undefined || VERSIONS.indexOf(this.version) >= VERSIONS.indexOf(since);
  }

  /** Queues and templates that somebody wrote: no rungs, and one partition for all of a super stream. */
  readonly written = lazy((): readonly AnyQueue[] => [
    ...this.plan.queues.filter(({ role }) => role.kind === "queue" || (role.kind === "partition" && role.order === 0)),
    ...this.plan.templates,
  ]);

  /** The path under which a queue or template is written. */
  pathOf(queue: AnyQueue): string {
    return "role" in queue && queue.role.kind === "partition" ? path("queues", queue.role.of) : queue.origin;
  }

  /** How a queue or template is called in messages. */
  title(queue: AnyQueue): string {
    if ("template" in queue) return `Template ${JSON.stringify(queue.template)}`;
    return queue.role.kind === "partition" ? `Super stream ${JSON.stringify(queue.role.of)}` : `Queue ${JSON.stringify(queue.name)}`;
  }

  settings(queue: AnyQueue): EffectiveSettings {
    let known = this.settled.get(queue);
    if (!known) this.settled.set(queue, (known = effectiveSettings(this.plan, queue)));
    return known;
  }

  readonly policyNamed = lazy(() => new Map(this.plan.policies.map((policy) => [policy.name, policy])));
  readonly operatorPolicyNamed = lazy(() => new Map(this.plan.operatorPolicies.map((policy) => [policy.name, policy])));

  /** Whether an exchange is there; the default one and those of the broker are. */
  hasExchange(name: string): boolean {
    return name === "" || name.startsWith("amq.") || this.exchanges.has(name);
  }

  /** What a message with this key may reach; each `{placeholder}` may become any word. */
  reach(exchange: string, key: string, headers: MessageHeaders = {}): readonly string[] {
    const id = JSON.stringify([exchange, key, headers]);
    let known = this.reached.get(id);
    if (!known) this.reached.set(id, (known = this.routes.reach(exchange, key, headers)));
    return known;
  }

  readonly targets = lazy((): readonly Target[] =>
    Object.entries(this.topology.messages ?? {}).map(([message, definition]) => {
      const { exchange, key } = target(this.topology, definition);
      const headers = definition.headers ?? {};
      return { message, exchange, key, headers, reached: this.reach(exchange, key, headers) };
    }),
  );

  /** Kinds of messages by the queue or template that they reach. */
  readonly messagesInto = lazy((): ReadonlyMap<string, readonly Target[]> => {
    const into = new Map<string, Target[]>();
    for (const one of this.targets()) for (const name of one.reached) pushTo(into, name, one);
    return into;
  });

  private byQueue(side: "consumes" | "manages"): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, string[]>();
    for (const [service, definition] of Object.entries(this.topology.services ?? {}))
      for (const queue of definition[side] ?? []) pushTo(found, queue, service);
    return found;
  }

  /** Services by the queue that they consume. */
  readonly consumers = lazy(() => this.byQueue("consumes"));
  readonly managers = lazy(() => this.byQueue("manages"));

  /** Bindings by destination queue: source and key. */
  readonly bindingsInto = lazy((): ReadonlyMap<string, readonly { source: string; routingKey: string }[]> => {
    const into = new Map<string, { source: string; routingKey: string }[]>();
    for (const binding of this.plan.bindings) if (binding.destinationType === "queue") pushTo(into, binding.destination, binding);
    for (const { name, bindings } of this.plan.templates) for (const binding of bindings) pushTo(into, name, binding);
    return into;
  });

  /** By source exchange: the keys that are bound there. */
  readonly keysAt = lazy((): ReadonlyMap<string, readonly string[]> => {
    const keys = new Map<string, string[]>();
    for (const { source, routingKey } of this.plan.bindings) pushTo(keys, source, routingKey);
    for (const { bindings } of this.plan.templates) for (const { source, routingKey } of bindings) pushTo(keys, source, routingKey);
    return keys;
  });

  exchangeType(name: string): string | undefined {
    return this.exchanges.get(name)?.type ?? BUILTIN_TYPES.get(name);
  }

  /** The alternate of an exchange. */
  alternate(name: string): string | undefined {
    const exchange = this.exchanges.get(name);
    const to = exchange && alternateExchange(this.plan, exchange)?.value;
    return typeof to === "string" ? to : undefined;
  }

  deadLetters(queue: AnyQueue): DeadLetters | undefined {
    const settings = this.settings(queue);
    const exchange = settings.get("dead-letter-exchange")?.value;
    if (typeof exchange !== "string") return undefined;
    const routingKey = settings.get("dead-letter-routing-key")?.value;
    const atLeastOnce =
      settings.get("dead-letter-strategy")?.value === "at-least-once" && settings.get("overflow")?.value === "reject-publish";
    return { exchange, atLeastOnce, ...(typeof routingKey === "string" ? { routingKey } : {}) };
  }

  /**
   * The keys that messages have when they leave a queue as dead letters; `undefined` among them for keys that cannot be known.
   * A message that has been through the ladder, or was published straight to the queue, has the queue's name.
   */
  keysIn(queue: AnyQueue): readonly { readonly key: string | undefined; readonly headers?: MessageHeaders }[] {
    const messages = this.messagesInto().get(queue.name) ?? [];
    const definition = this.definitions.get(queue.origin);
    const returned = definition && "retry" in definition && definition.retry?.length ? [{ key: queue.name }] : [];
    if (messages.length > 0) return [...messages, ...returned];
    const bound = (this.bindingsInto().get(queue.name) ?? []).map(({ source, routingKey }) => {
      const type = this.exchangeType(source);
      if (type === "direct") return { key: routingKey };
      if (type !== "topic" || routingKey.split(".").includes("#")) return { key: undefined };
      return { key: routingKey.replaceAll("*", "{word}") };
    });
    return [...bound, ...returned];
  }

  /** Every queue and template behind an exchange, whatever the key. */
  behind(exchange: string): ReadonlySet<string> {
    let known = this.known.get(exchange);
    if (!known) this.known.set(exchange, (known = this.walkFrom(exchange)));
    return known;
  }

  private walkFrom(exchange: string): ReadonlySet<string> {
    const { queues, exchanges } = this.edges();
    const seen = new Set([exchange]);
    const found = new Set<string>();
    for (const one of seen) {
      for (const queue of queues.get(one) ?? []) found.add(queue);
      for (const next of exchanges.get(one) ?? []) seen.add(next);
    }
    return found;
  }

  private readonly edges = lazy(() => {
    const queues = new Map<string, string[]>();
    const exchanges = new Map<string, string[]>();
    for (const { source, destination, destinationType } of this.plan.bindings)
      pushTo(destinationType === "queue" ? queues : exchanges, source, destination);
    for (const { name, bindings } of this.plan.templates) for (const { source } of bindings) pushTo(queues, source, name);
    for (const { name } of this.plan.exchanges) {
      const to = this.alternate(name);
      if (to !== undefined) pushTo(exchanges, name, to);
    }
    return { queues, exchanges };
  });

  /** Where the dead letters of each queue may come: names of queues and templates, by name of queue or template. */
  readonly deadLetterTargets = lazy((): ReadonlyMap<string, ReadonlySet<string>> => {
    const found = new Map<string, ReadonlySet<string>>();
    for (const queue of [...this.plan.queues, ...this.plan.templates]) {
      const dead = this.deadLetters(queue);
      if (!dead) continue;
      const keys = dead.routingKey === undefined ? this.keysIn(queue) : [{ key: dead.routingKey }];
      const reached = new Set<string>();
      for (const { key, headers } of keys as readonly { key: string | undefined; headers?: MessageHeaders }[])
        for (const name of key === undefined ? this.behind(dead.exchange) : this.reach(dead.exchange, key, headers)) reached.add(name);
      found.set(queue.name, reached);
    }
    return found;
  });

  /** Queues and templates that are the target of somebody's dead letters. */
  readonly getsDeadLetters = lazy(
    (): ReadonlySet<string> => new Set([...this.deadLetterTargets().values()].flatMap((names) => [...names])),
  );

  /** Whether a user who is no service of this topology has a right to a name. */
  foreign(side: "read" | "write", name: string): boolean {
    return this.foreignRights()[side].some((pattern) => permits(pattern, name));
  }

  private readonly foreignRights = lazy(() => {
    const own = Object.values(this.topology.users ?? {}).flatMap(({ permissions }) => permissions ?? []);
    const overridden = Object.values(this.topology.services ?? {}).flatMap(({ permissions }) => permissions ?? []);
    const shared = Object.values(this.options.users ?? {}).flatMap(({ vhosts }) => entry(vhosts, this.plan.vhost.name)?.permissions ?? []);
    const side = (name: "read" | "write"): string[] => [
      ...new Set([...own, ...overridden, ...shared].flatMap((rights) => (rights[name] ? [rights[name]] : []))),
    ];
    return { read: side("read"), write: side("write") };
  });
}
