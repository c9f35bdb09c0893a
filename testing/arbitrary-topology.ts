/** Random topologies that a broker takes: every kind of queue and exchange, bindings, policies, dead letters, ladders, services. */
import fc from "fast-check";
import type { Duration } from "../topology/durations.js";
import { duration, size } from "../topology/durations.js";
import type {
  Binding,
  DeadLetterTo,
  Exchange,
  ExchangeType,
  Installation,
  Keys,
  Message,
  OperatorPolicy,
  Policy,
  Queue,
  QueueTemplate,
  Service,
  Shovel,
  Sources,
  Topology,
  User,
  Vhost,
} from "../topology/model.js";

export interface ArbitraryOptions {
  /** Whether exchanges may be internal, which the broker does not export. @default true */
  readonly internal?: boolean;
  /**
   * Whether there may be shovels. Imported with their queues, they start first and declare a queue that is not there yet, as a classic
   * one without arguments. [4.3.6, measured] @default true
   */
  readonly shovels?: boolean;
  /** What every name begins with, so that several can stand on one broker. @default "" */
  readonly prefix?: string;
}

type Fields<T> = { [K in keyof T]: fc.Arbitrary<T[K]> };

/** A record whose optional fields are there or not. */
const some = <T extends object>(fields: Fields<T>): fc.Arbitrary<Partial<T>> =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<Partial<T>>;

/** Neither "-" nor "r": so no name is that of a partition or a rung of another. Some mean something in a regular expression. */
const letters = fc.constantFrom(..."abcdet_.+($ä");
const word = fc.string({ unit: fc.constantFrom(..."abcde"), minLength: 1, maxLength: 3 });
const nameOf = (first: string) => fc.string({ unit: letters, maxLength: 5 }).map((rest) => `${first}${rest}`);
const names = (first: string, maxLength: number) => fc.uniqueArray(nameOf(first), { maxLength });
const byName = <Value>(keys: readonly string[], value: (name: string, index: number) => fc.Arbitrary<Value>) =>
  fc.tuple(...keys.map(value)).map((values) => Object.fromEntries(keys.map((key, index) => [key, values[index] as Value])));

const time = (min = 1): fc.Arbitrary<Duration> => fc.integer({ min, max: 10_000_000 }).map(duration);
const wholeSeconds = fc.integer({ min: 1, max: 10_000_000 }).map((seconds) => duration(seconds * 1000));
const bytes = (min: number, max: number) => fc.integer({ min, max }).map(size);
const natural = fc.nat({ max: 1_000_000 });
const settings = fc.constantFrom("policy" as const, "arguments" as const);

const topicPattern = fc
  .tuple(fc.array(fc.oneof(word, fc.constant("*")), { maxLength: 3 }), fc.boolean())
  .map(([words, open]) => [...words, ...(open || words.length === 0 ? ["#"] : [])].join("."));
const plainKey = fc.array(word, { maxLength: 3 }).map((words) => words.join("."));
const headersBinding: fc.Arbitrary<Binding> = fc.record(
  {
    headers: fc.dictionary(word, fc.oneof(word, fc.integer({ min: -9, max: 9 }), fc.boolean()), {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    }),
    match: fc.constantFrom("all", "any", "all-with-x", "any-with-x"),
  },
  { requiredKeys: ["headers"], noNullPrototype: true },
);

const BUILTIN = { "amq.direct": "direct", "amq.fanout": "fanout", "amq.headers": "headers", "amq.topic": "topic" } as const;
type TypeOf = ReadonlyMap<string, ExchangeType>;

function keysFor(type: ExchangeType | undefined): fc.Arbitrary<Keys> {
  if (type === "headers") return headersBinding;
  // It takes no other key. [4.3.6, measured]
  if (type === "x-local-random") return fc.constant("");
  if (type === "x-consistent-hash") return fc.integer({ min: 1, max: 9 }).map(String);
  if (type === "topic") return fc.oneof(topicPattern, fc.uniqueArray(topicPattern, { minLength: 2, maxLength: 3 }));
  return fc.oneof(
    plainKey,
    fc.uniqueArray(plainKey, { minLength: 2, maxLength: 3 }),
    plainKey.map((key) => ({ key })),
  );
}

/** `from`: some of the exchanges, each with keys that its type takes. A local random exchange feeds classic queues only. [4.3.6, measured] */
function sourcesOf(exchanges: readonly string[], types: TypeOf, to: "classic" | "other"): fc.Arbitrary<Sources> {
  const feeding = exchanges.filter((name) => to === "classic" || types.get(name) !== "x-local-random");
  const candidates = [...feeding, ...Object.keys(BUILTIN)];
  const typeOf = (name: string) => types.get(name) ?? BUILTIN[name as keyof typeof BUILTIN];
  return fc.subarray(candidates, { maxLength: 2 }).chain((chosen) => byName(chosen, (name) => keysFor(typeOf(name))));
}

const EXCHANGE_TYPES = ["direct", "fanout", "topic", "headers", "x-consistent-hash", "x-local-random"] as const;

/** An exchange is fed only by those before it, so nothing goes in a circle. */
function exchange(before: readonly string[], type: ExchangeType, types: TypeOf, internal: boolean): fc.Arbitrary<Exchange> {
  return some({
    from: sourcesOf(before, types, "other"),
    alternateExchange: fc.constantFrom("amq.fanout", ...before),
    durable: fc.boolean(),
    internal: internal ? fc.boolean() : fc.constant(false),
    settings,
    ...(type === "x-consistent-hash" ? { hashHeader: word } : {}),
  }).map((fields) => ({ type, ...fields }));
}

function deadLetterTo<Strategy extends "at-most-once" | "at-least-once">(
  exchanges: readonly string[],
  queues: readonly string[],
  strategy: fc.Arbitrary<Strategy> | undefined,
): fc.Arbitrary<DeadLetterTo<string, string, Strategy>> {
  const target = fc.constantFrom("amq.fanout", ...exchanges);
  const more = strategy ? { strategy } : {};
  return fc.oneof(
    target,
    fc.record({ exchange: target, routingKey: plainKey, ...more }, { requiredKeys: ["exchange"], noNullPrototype: true }),
    ...(queues.length > 0
      ? [fc.record({ queue: fc.constantFrom(...queues), ...more }, { requiredKeys: ["queue"], noNullPrototype: true })]
      : []),
  ) as fc.Arbitrary<DeadLetterTo<string, string, Strategy>>;
}

const QUEUE_TYPES = ["classic", "quorum", "stream", "super-stream"] as const;
type Kind = (typeof QUEUE_TYPES)[number];

interface Names {
  readonly exchanges: readonly string[];
  readonly queues: readonly string[];
  readonly kinds: ReadonlyMap<string, Kind>;
  /** A queue with exactly this name is there; of a super stream it is not. */
  readonly single: readonly string[];
  readonly types: TypeOf;
}

const common = ({ exchanges, types }: Names) => ({
  from: sourcesOf(exchanges, types, "other"),
  maxLengthBytes: bytes(0, 5_000_000_000),
  queueLeaderLocator: fc.constantFrom("client-local", "balanced"),
  settings,
});
const lettered = (of: Names) => ({
  ...common(of),
  messageTtl: time(0),
  expires: time(60_000),
  maxLength: natural,
  singleActiveConsumer: fc.boolean(),
});
const retry = fc.array(time(), { minLength: 1, maxLength: 3 });

const classic = (of: Names) =>
  some({
    ...lettered(of),
    from: sourcesOf(of.exchanges, of.types, "classic"),
    deadLetterTo: deadLetterTo(of.exchanges, of.single, undefined),
    durable: fc.constant(true),
    maxPriority: fc.integer({ min: 1, max: 10 }),
    queueMode: fc.constantFrom("default", "lazy"),
    queueVersion: fc.constant(2),
    overflow: fc.constantFrom("drop-head", "reject-publish", "reject-publish-dlx"),
  }).map((fields) => ({ type: "classic", ...fields }));

const quorum = (of: Names) =>
  fc
    .tuple(
      some({
        ...lettered(of),
        deliveryLimit: fc.integer({ min: -1, max: 50 }),
        quorumInitialGroupSize: fc.integer({ min: 1, max: 5 }),
        targetGroupSize: fc.integer({ min: 1, max: 5 }),
        consumerTimeout: time(60_000),
        consumerDisconnectedTimeout: time(60_000),
        delayedRetry: fc.record(
          { type: fc.constantFrom("disabled", "all", "failed", "returned"), min: time(), max: time(10_000_000) },
          { requiredKeys: ["type", "min"], noNullPrototype: true },
        ),
      }),
      fc.oneof(
        some({
          deadLetterTo: deadLetterTo(of.exchanges, of.single, fc.constant("at-most-once")),
          overflow: fc.constantFrom("drop-head", "reject-publish"),
        }),
        deadLetterTo(of.exchanges, of.single, fc.constant("at-least-once")).map((to) => ({ deadLetterTo: to, overflow: "reject-publish" })),
      ),
    )
    .map(([fields, letters]) => ({ type: "quorum", ...fields, ...letters }));

const streamFields = (of: Names) =>
  some({
    ...common(of),
    maxAge: wholeSeconds,
    streamMaxSegmentSizeBytes: bytes(1_000_000, 3_000_000_000),
    streamFilterSizeBytes: bytes(16, 255),
    initialClusterSize: fc.integer({ min: 1, max: 3 }),
  });
const stream = (of: Names) => streamFields(of).map((fields) => ({ type: "stream", ...fields }));
const superStream = (of: Names) =>
  fc
    .tuple(streamFields(of), fc.oneof(fc.integer({ min: 1, max: 4 }), fc.uniqueArray(word, { minLength: 1, maxLength: 3 })))
    .map(([fields, partitions]) => ({ type: "super-stream", partitions, ...fields }));

const withRetry = (queue: fc.Arbitrary<object>) =>
  fc.tuple(queue, fc.option(retry, { nil: undefined })).map(([fields, rungs]) => (rungs ? { ...fields, retry: rungs } : fields));

const ofKind = {
  classic: (of: Names) => withRetry(classic(of)),
  quorum: (of: Names) => withRetry(quorum(of)),
  stream,
  "super-stream": superStream,
};
const queue = (name: string, of: Names): fc.Arbitrary<Queue> => ofKind[of.kinds.get(name) ?? "quorum"](of) as fc.Arbitrary<Queue>;

const template = (name: string, of: Names): fc.Arbitrary<QueueTemplate> =>
  fc.oneof(classic(of), quorum(of), stream(of)).map((fields) => ({ ...fields, name: `${name}-{instance}` }) as QueueTemplate);

function message({ exchanges, single: queues, types }: Names): fc.Arbitrary<Message> {
  const key = fc.oneof(
    plainKey,
    word.map((first) => `${first}.{event}`),
  );
  const toExchange = fc
    .constantFrom("amq.topic", ...exchanges)
    .chain((to): fc.Arbitrary<Message> =>
      types.get(to) === "headers" ? headersBinding.map(({ headers = {} }) => ({ to, headers })) : key.map((text) => ({ to, key: text })),
    );
  return queues.length === 0
    ? toExchange
    : fc.oneof(
        toExchange,
        fc.constantFrom(...queues).map((name) => ({ to: { queue: name } })),
      );
}

function service(of: Names, messages: readonly string[]): fc.Arbitrary<Service> {
  return some<Service>({
    publishes: fc.subarray([...messages]),
    consumes: fc.subarray([...of.queues]),
    declares: fc.subarray([...of.queues, ...of.exchanges]),
    manages: fc.subarray([...of.single]),
    replicas: fc.record({
      min: fc.integer({ min: 0, max: 2 }),
      max: fc.integer({ min: 3, max: 9 }),
      perReplica: fc.integer({ min: 1, max: 99 }),
    }),
  });
}

const applyTo = fc.constantFrom("queues" as const, "classic_queues" as const, "quorum_queues" as const, "streams" as const);
const policyKeys = some({ "max-length": natural, "message-ttl": natural, overflow: fc.constantFrom("drop-head", "reject-publish") }).map(
  (keys) => (Object.keys(keys).length > 0 ? keys : { "max-length": 1 }),
);
const priority = fc.integer({ min: 0, max: 20 });
const pattern = word.map((text) => `^${text}`);
const policy: fc.Arbitrary<Policy> = fc.record(
  { pattern, definition: policyKeys, priority, applyTo: applyTo.filter((to) => to !== "streams") },
  { requiredKeys: ["pattern", "definition", "applyTo"], noNullPrototype: true },
);
const operatorPolicy: fc.Arbitrary<OperatorPolicy> = policy as fc.Arbitrary<OperatorPolicy>;

const hash = fc.constantFrom("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", "tXyEsuIDYbwkYA26bifmArNdn4kw+abOgSY5TSDPeV3Y2wjT", "");
const login = {
  passwordHash: hash,
  tags: fc.subarray(["management", "monitoring", "policymaker"] as const),
  limits: some({ maxConnections: fc.integer({ min: -1, max: 99 }), maxChannels: fc.integer({ min: -1, max: 99 }) }),
};
const rights = {
  permissions: fc.record({ configure: pattern, write: pattern, read: fc.constantFrom("", ".*") }, { noNullPrototype: true }),
  topicPermissions: fc.record(
    { "amq.topic": fc.record({ write: pattern, read: pattern }, { noNullPrototype: true }) },
    { noNullPrototype: true },
  ),
};
const user: fc.Arbitrary<User> = fc.record({ ...login, ...rights }, { requiredKeys: ["passwordHash"], noNullPrototype: true });

const vhost: fc.Arbitrary<Vhost> = some({
  description: word,
  tags: fc.uniqueArray(word, { maxLength: 2 }),
  defaultQueueType: fc.constantFrom("classic", "quorum", "stream"),
  limits: some({ maxConnections: fc.integer({ min: 0, max: 999 }), maxQueues: fc.integer({ min: 500, max: 999 }) }),
});

const upstream = fc.record(
  {
    uri: fc.constantFrom("amqp://localhost", "amqp:///other"),
    exchange: word,
    ackMode: fc.constantFrom("on-confirm" as const, "on-publish" as const, "no-ack" as const),
    prefetchCount: fc.integer({ min: 1, max: 1000 }),
    maxHops: fc.integer({ min: 1, max: 5 }),
    expires: time(60_000),
    messageTtl: time(),
    trustUserId: fc.boolean(),
    queueType: fc.constantFrom("classic" as const, "quorum" as const),
    resourceCleanupMode: fc.constantFrom("default" as const, "never" as const),
    bindNowait: fc.boolean(),
    channelUseMode: fc.constantFrom("multiple" as const, "single" as const),
  },
  { requiredKeys: ["uri"], noNullPrototype: true },
);
const shovel = (queues: readonly string[]): fc.Arbitrary<Shovel> =>
  fc.record({
    from: fc.record(
      { queue: fc.constantFrom(...queues), prefetchCount: fc.integer({ min: 1, max: 99 }) },
      { requiredKeys: ["queue"], noNullPrototype: true },
    ),
    to: fc.record({ exchange: fc.constant("amq.fanout"), key: word }, { requiredKeys: ["exchange"], noNullPrototype: true }),
  });

function within(name: string, of: Names, { internal = true, shovels = true, prefix = "" }: ArbitraryOptions): fc.Arbitrary<Topology> {
  // A shovel from a stream would have to say where it begins.
  const shovelled = (shovels ? of.single : []).filter((key) => of.kinds.get(key) !== "stream");
  const people = names(`${prefix}u`, 2).chain((keys) => byName(keys, () => user));
  const messages = names("m", 3).chain((keys) => byName(keys, () => message(of)));
  return messages.chain((kinds) =>
    fc
      .record({
        queues: byName(of.queues, (key) => queue(key, of)),
        exchanges: byName(of.exchanges, (key, index) =>
          exchange(of.exchanges.slice(0, index), of.types.get(key) ?? "direct", of.types, internal),
        ),
        templates: names("t", 1).chain((keys) => byName(keys, (key) => template(key, of))),
        services: names("s", 2).chain((keys) => byName(keys, () => service(of, Object.keys(kinds)))),
        optional: some({
          settings,
          vhost,
          policies: names("p", 2).chain((keys) => byName(keys, () => policy)),
          operatorPolicies: names("o", 1).chain((keys) => byName(keys, () => operatorPolicy)),
          federationUpstreams: names("f", 1).chain((keys) => byName(keys, () => upstream)),
          ...(shovelled.length > 0 ? { shovels: names("h", 1).chain((keys) => byName(keys, () => shovel(shovelled))) } : {}),
          users: people,
        }),
      })
      .map(({ optional, ...objects }) => ({ name, messages: kinds, ...objects, ...optional })),
  );
}

const types = <Type>(of: readonly Type[], keys: readonly string[]): fc.Arbitrary<ReadonlyMap<string, Type>> =>
  byName(keys, () => fc.constantFrom(...of)).map((chosen) => new Map(Object.entries(chosen)));

function named(name: string, options: ArbitraryOptions): fc.Arbitrary<Topology> {
  return fc
    .tuple(names("x", 4), names("q", 4))
    .chain(([exchanges, queues]) =>
      fc.tuple(fc.constant({ exchanges, queues }), types(EXCHANGE_TYPES, exchanges), types(QUEUE_TYPES, queues)),
    )
    .chain(([both, ofExchanges, kinds]) => {
      const single = both.queues.filter((key) => kinds.get(key) !== "super-stream");
      return within(name, { ...both, types: ofExchanges, kinds, single }, options);
    });
}

/**
 * Topologies whose every name is declared and every value one that the broker takes. `check` may still have warnings for them:
 * queues that nobody consumes, keys that no binding matches.
 */
export function arbitraryTopology(options: ArbitraryOptions = {}): fc.Arbitrary<Topology> {
  return nameOf(`${options.prefix ?? ""}v`).chain((name) => named(name, options));
}

/** One to three topologies, each with a vhost of its own, and what they share. */
export function arbitraryInstallation(options: ArbitraryOptions = {}): fc.Arbitrary<Installation> {
  const prefix = options.prefix ?? "";
  return fc.uniqueArray(nameOf(`${prefix}v`), { minLength: 1, maxLength: 3 }).chain((vhosts) => {
    const shared = fc.record(
      { ...login, vhosts: fc.subarray(vhosts).chain((chosen) => byName(chosen, () => some(rights))) },
      { requiredKeys: ["passwordHash"], noNullPrototype: true },
    );
    return fc.record({
      topologies: fc.tuple(...vhosts.map((name, index) => named(name, { ...options, prefix: `${prefix}${index}` }))),
      users: names(`${prefix}g`, 2).chain((keys) => byName(keys, () => shared)),
      globalParameters: names(`${prefix}k`, 1).chain((keys) =>
        byName(keys, () => fc.oneof(word, fc.record({ a: natural }, { noNullPrototype: true }))),
      ),
    });
  });
}
