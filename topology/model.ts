/** The words of a topology: what may be written in one, as types. Plain data throughout, except that messages carry zod schemas. */
import type { z } from "zod";
import type { Duration, Size } from "./durations.js";
import type { QueueType, Version } from "./settings.js";

/*
 * topology    the objects of one vhost, and the services that use them
 * service     an application that publishes and consumes; has a RabbitMQ user of its own
 * message     a kind of message: where it is published, and the schema of its body
 * template    a queue of which every running instance of a service has its own
 * placeholder {word} in a key or a template's name: one word, filled in when publishing or by an instance
 * ladder      the queues in which a failed message waits before its queue gets it again
 */

/** Exchanges that every vhost has. */
export type BuiltinExchange = "amq.direct" | "amq.fanout" | "amq.headers" | "amq.match" | "amq.topic";

/** A value that must not stand in the code: the name under which the stack's configuration holds it (`warren:secrets`). */
export interface Secret {
  readonly secret: string;
}

export type HeaderValue = string | number | boolean;

export type HeaderMatch = "all" | "any" | "all-with-x" | "any-with-x";

/** One binding, where a plain key does not say enough. */
export interface Binding {
  /** Routing key, or pattern of a topic exchange, or weight at an `x-consistent-hash` exchange. @default "" */
  readonly key?: string;
  /** What a headers exchange compares. */
  readonly headers?: { readonly [name: string]: HeaderValue };
  /** Whether all headers have to match or one is enough; `-with-x` compares headers named `x-...` too. @default "all" */
  readonly match?: HeaderMatch;
  /** Further arguments of the binding, as the broker takes them. */
  readonly arguments?: { readonly [name: string]: unknown };
}

/** One or several keys, or bindings. */
export type Keys = string | Binding | readonly (string | Binding)[];

/** What feeds a queue or an exchange: by source exchange, the keys that bind it. */
export type Sources<X extends string = string> = { readonly [E in X | BuiltinExchange]?: Keys };

/** Settings as arguments at declaration, or in a generated policy, which can be changed while the queue stands. */
export type SettingsMode = "policy" | "arguments";

export type ExchangeType = "direct" | "fanout" | "topic" | "headers" | "x-consistent-hash" | "x-local-random";

interface ExchangeCommon<X extends string> {
  /** Exchanges whose messages come here too, and by which keys. */
  readonly from?: Sources<X>;
  /** Gets what no binding here matches. */
  readonly alternateExchange?: X | BuiltinExchange;
  /** Survives a restart of the broker. @default true */
  readonly durable?: boolean;
  /** Deleted with its last binding. @default false */
  readonly autoDelete?: boolean;
  /** Only other exchanges can publish to it. @default false */
  readonly internal?: boolean;
  /** Arguments that Warren has no field for, as the broker takes them. */
  readonly arguments?: { readonly [name: string]: unknown };
  /** @default the topology's */
  readonly settings?: SettingsMode;
}

interface PlainExchange<X extends string> extends ExchangeCommon<X> {
  readonly type: Exclude<ExchangeType, "x-consistent-hash">;
}

interface HashExchange<X extends string> extends ExchangeCommon<X> {
  readonly type: "x-consistent-hash";
  /** Hash this header. @default the routing key is hashed */
  readonly hashHeader?: string;
  /** Hash this property of the message. @default the routing key is hashed */
  readonly hashProperty?: "message_id" | "correlation_id" | "timestamp";
}

export type Exchange<X extends string = string> = PlainExchange<X> | HashExchange<X>;

/** Where dead letters go: an exchange (with their own key, or another), or straight to a queue. */
export type DeadLetterTo<X extends string = string, Q extends string = string, Strategy = DeadLetterStrategy> =
  | X
  | BuiltinExchange
  | {
      readonly exchange: X | BuiltinExchange;
      /** @default the message keeps its own key */
      readonly routingKey?: string;
      readonly strategy?: Strategy;
    }
  | { readonly queue: Q; readonly strategy?: Strategy };

/** `at-least-once` needs `overflow: "reject-publish"`; the broker falls back silently without. @default "at-most-once" */
export type DeadLetterStrategy = "at-most-once" | "at-least-once";

interface QueueCommon<X extends string> {
  /** Exchanges that feed this queue, and by which keys. */
  readonly from?: Sources<X>;
  readonly maxLengthBytes?: Size;
  /** Where the leader is placed when the queue is declared. @default "client-local" */
  readonly queueLeaderLocator?: "client-local" | "balanced";
  /** Arguments that Warren has no field for, as the broker takes them. A name that no type knows is accepted and ignored by the broker. */
  readonly arguments?: { readonly [name: string]: unknown };
  /** @default the topology's */
  readonly settings?: SettingsMode;
}

interface Lettered<X extends string, Q extends string, Strategy> extends QueueCommon<X> {
  /** A message older than this is dead-lettered, or dropped if there is nowhere. "0 ms" expires what no consumer takes at once. @default never */
  readonly messageTtl?: Duration;
  /** The queue itself is deleted when nobody has used it for so long. @default never */
  readonly expires?: Duration;
  readonly maxLength?: number;
  readonly deadLetterTo?: DeadLetterTo<X, Q, Strategy>;
  /** One consumer at a time, the next takes over when it goes. @default false */
  readonly singleActiveConsumer?: boolean;
  /**
   * Waiting times before a failed message is tried again, then it goes to `deadLetterTo`. Each is a rung: a queue `NAME.retry.N`
   * that returns its messages to this one alone. @default no retries
   */
  readonly retry?: readonly Duration[];
}

export interface ClassicQueue<X extends string = string, Q extends string = string> extends Lettered<X, Q, never> {
  readonly type: "classic";
  readonly durable?: boolean;
  readonly autoDelete?: boolean;
  /** Priorities 0 to this one; each costs memory and CPU, so few. @default none */
  readonly maxPriority?: number;
  /** Accepted and without effect since 3.12. */
  readonly queueMode?: "default" | "lazy";
  readonly queueVersion?: 2;
  /** @default "drop-head" */
  readonly overflow?: "drop-head" | "reject-publish" | "reject-publish-dlx";
}

export interface QuorumQueue<X extends string = string, Q extends string = string> extends Lettered<X, Q, DeadLetterStrategy> {
  readonly type: "quorum";
  /** Deliveries that may fail before the message is dead-lettered; -1 is no limit. @default 20 */
  readonly deliveryLimit?: number;
  /** Members when declared. @default 3, or as many nodes as there are */
  readonly quorumInitialGroupSize?: number;
  /** Members that the broker grows it to (a policy key only). */
  readonly targetGroupSize?: number;
  /** 4.3: how long a delivery may stay unacknowledged. @default 30 minutes */
  readonly consumerTimeout?: Duration;
  /** 4.3: how long messages of a consumer whose node is gone are held back. */
  readonly consumerDisconnectedTimeout?: Duration;
  /** 4.3: the queue itself holds a failed message back, for `min` times its deliveries, at most `max`. */
  readonly delayedRetry?: { readonly type: "disabled" | "all" | "failed" | "returned"; readonly min: Duration; readonly max?: Duration };
  /** @default "drop-head" */
  readonly overflow?: "drop-head" | "reject-publish";
}

interface StreamSettings<X extends string> extends QueueCommon<X> {
  /** Segments older than this are dropped; whole seconds. @default never */
  readonly maxAge?: Duration;
  readonly streamMaxSegmentSizeBytes?: Size;
  /** Bloom filter of a chunk, 16 to 255 bytes. */
  readonly streamFilterSizeBytes?: Size;
  /** Members when declared. */
  readonly initialClusterSize?: number;
}

export interface StreamQueue<X extends string = string> extends StreamSettings<X> {
  readonly type: "stream";
}

/** Several streams `NAME-0`, `NAME-1`, ... behind a direct exchange `NAME`. */
export interface SuperStream<X extends string = string> extends StreamSettings<X> {
  readonly type: "super-stream";
  /** How many, with keys "0", "1", ...; or the key of each. Fixed once made. */
  readonly partitions: number | readonly string[];
}

export type Queue<X extends string = string, Q extends string = string> =
  ClassicQueue<X, Q> | QuorumQueue<X, Q> | StreamQueue<X> | SuperStream<X>;

/** A queue of which every running instance declares its own. Placeholders in its name and keys are filled in by the instance. */
export type QueueTemplate<X extends string = string, Q extends string = string> = (
  Omit<ClassicQueue<X, Q>, "retry"> | Omit<QuorumQueue<X, Q>, "retry"> | StreamQueue<X>
) & {
  /** For example `"{serviceType}-{serviceId}"`. */
  readonly name: string;
};

export interface Message<X extends string = string, Q extends string = string> {
  /** The exchange it is published to; or a queue, through the default exchange. */
  readonly to: X | BuiltinExchange | { readonly queue: Q };
  /** Routing key; a placeholder (`"session.{event}"`) stands for one word that the publisher gives. @default "" */
  readonly key?: string;
  /** Headers that the publisher always sets, for headers exchanges. */
  readonly headers?: { readonly [name: string]: HeaderValue };
  /** Shape of its body. */
  readonly schema?: z.ZodType;
  /** It is a request, and this is the shape of the reply (direct reply-to). */
  readonly reply?: z.ZodType;
  /** Survives a restart of the broker. @default true */
  readonly persistent?: boolean;
  /** @default the queue's own (quorum: 4, classic: 0) */
  readonly priority?: number;
  /** Time after which nobody wants it any more. @default never */
  readonly expiration?: Duration;
  readonly description?: string;
}

/** Three regular expressions; `""` permits nothing. */
export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface TopicPermission {
  /** Routing keys it may publish with. */
  readonly write: string;
  /** Keys it may bind with. */
  readonly read: string;
}

export interface UserLimits {
  /** Connections at a time; -1 is no limit. */
  readonly maxConnections?: number;
  /** Channels at a time; -1 is no limit. */
  readonly maxChannels?: number;
}

export type UserTag = "administrator" | "monitoring" | "policymaker" | "management" | "impersonator";

/** A user that is no service: a person, a monitoring agent, an application that Warren knows nothing of. */
export interface User {
  readonly tags?: readonly (UserTag | (string & {}))[];
  readonly limits?: UserLimits;
  /** @default generated once, and kept as a secret output */
  readonly password?: Secret;
  /** The salted hash instead, as in exported definitions. */
  readonly passwordHash?: string;
  /** In this vhost. @default none */
  readonly permissions?: Permissions;
  /** By topic exchange, in this vhost. */
  readonly topicPermissions?: { readonly [exchange: string]: TopicPermission };
}

export interface Replicas {
  readonly min: number;
  readonly max: number;
  /** Messages (ready and unacknowledged) that one replica is meant to have before it. */
  readonly perReplica?: number;
  /** Percent of CPU that one replica is meant to use. */
  readonly cpu?: number;
}

/**
 * What a service has to do on an ordinary day, and how fast it has to be: what `warren size` computes replicas, prefetch and thresholds from.
 * Nothing of it reaches the broker.
 */
export interface Load<Q extends string = string> {
  /**
   * Messages a second, on average over the day: all its queues together, in equal parts, or by queue. Of a service that only has queues of its
   * instances: for one instance. @default 1, said to be assumed
   */
  readonly rate?: number | { readonly [K in Q]?: number };
  /** Messages a second at the busiest time, all queues together. @default twice the rate, said to be assumed; with `day`, what follows from it */
  readonly peak?: number;
  /**
   * The day's curve: numbers at equal distances from midnight to midnight, of which only the proportions count. With `rate` it has that mean,
   * with `peak` instead that highest value. @default one hill, highest at 14:00, with a quarter of the rate at night
   */
  readonly day?: readonly number[];
  /** How long handling one message takes; a log-normal distribution is made of it. @default 100 ms, said to be assumed */
  readonly handler?: {
    readonly mean: Duration;
    /** 95 of 100 take no longer. @default 3 times the mean, said to be assumed */
    readonly p95?: Duration;
    /** Messages that one replica handles at a time. @default 1 */
    readonly concurrency?: number;
  };
  /** 95 of 100 messages are handled so long after they came into the queue. @default 3 times the handler's p95, at least 10 seconds, said to be assumed */
  readonly latency?: { readonly p95: Duration };
}

export interface Service<X extends string = string, Q extends string = string, M extends string = string, T extends string = string> {
  /** Messages it publishes. */
  readonly publishes?: readonly M[];
  /** Queues it consumes from. */
  readonly consumes?: readonly Q[];
  /** Templates of which each of its instances has a queue, with the placeholders that are the same for all of them. */
  readonly instances?: [T] extends [never] ? never : { readonly [K in T]?: { readonly [placeholder: string]: string } };
  /** Objects that the application declares itself at start, with the same settings. */
  readonly declares?: readonly (Q | X)[];
  /** Queues it may look into, put back and purge without being their consumer (tools for dead letters). */
  readonly manages?: readonly Q[];
  readonly replicas?: Replicas;
  /** What it has to do, for `warren size`. */
  readonly load?: Load<Q>;
  /** Name of its RabbitMQ user. @default `TOPOLOGY.SERVICE` */
  readonly user?: string;
  readonly tags?: readonly (UserTag | (string & {}))[];
  readonly limits?: UserLimits;
  readonly password?: Secret;
  /** Instead of those that follow from what it publishes and consumes. */
  readonly permissions?: Partial<Permissions>;
  readonly topicPermissions?: { readonly [exchange: string]: TopicPermission };
  readonly description?: string;
}

export type PolicyApplyTo = "all" | "exchanges" | "queues" | "classic_queues" | "quorum_queues" | "streams";

export interface Policy {
  /** Regular expression over names; not anchored unless it says so. */
  readonly pattern: string;
  /** @default "all" */
  readonly applyTo?: PolicyApplyTo;
  /** The highest wins, whole. Those that Warren generates have 10. @default 0 */
  readonly priority?: number;
  /** As the broker takes it: `{ "max-length": 1000 }`. */
  readonly definition: { readonly [key: string]: unknown };
}

export interface OperatorPolicy extends Omit<Policy, "applyTo"> {
  /** @default "queues" */
  readonly applyTo?: Exclude<PolicyApplyTo, "exchanges">;
}

export interface FederationUpstream {
  readonly uri: string | Secret | readonly (string | Secret)[];
  readonly exchange?: string;
  readonly queue?: string;
  readonly ackMode?: "on-confirm" | "on-publish" | "no-ack";
  readonly prefetchCount?: number;
  readonly reconnectDelay?: number;
  readonly maxHops?: number;
  readonly expires?: Duration;
  readonly messageTtl?: Duration;
  readonly trustUserId?: boolean;
  readonly consumerTag?: string;
  /** Of the queue that the link makes at the upstream. @default "classic" */
  readonly queueType?: "classic" | "quorum";
  /** Whether that queue, and what binds it, go when the link does. @default "default": they go */
  readonly resourceCleanupMode?: "default" | "never";
  /** Whether the link's bindings at the upstream are made without waiting for the answer. @default false */
  readonly bindNowait?: boolean;
  /** @default "multiple" */
  readonly channelUseMode?: "multiple" | "single";
}

/** One end of a shovel. A queue or exchange of this topology needs no URI. */
export interface ShovelEnd {
  /** @default this broker and vhost */
  readonly uri?: string | Secret | readonly (string | Secret)[];
  readonly queue?: string;
  readonly exchange?: string;
  readonly key?: string;
}

export interface Shovel {
  readonly from: ShovelEnd & { readonly deleteAfter?: "never" | "queue-length" | number; readonly prefetchCount?: number };
  readonly to: ShovelEnd;
  /** @default "on-confirm" */
  readonly ackMode?: "on-confirm" | "on-publish" | "no-ack";
  readonly reconnectDelay?: number;
}

/** A runtime parameter that Warren has no words for. */
export interface Parameter {
  readonly component: string;
  readonly name: string;
  readonly value: unknown;
}

export interface Vhost {
  /** @default the topology's name */
  readonly name?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  /** For queues that a client declares without a type. @default the broker's, classic */
  readonly defaultQueueType?: QueueType;
  readonly limits?: { readonly maxConnections?: number; readonly maxQueues?: number };
  /** The broker refuses to delete the vhost while this is on (4.1). @default false */
  readonly deletionProtection?: boolean;
}

/** What an environment may change: sizes, never shapes. */
export interface Sizes<Q extends string = string, S extends string = string> {
  readonly queues?: {
    readonly [K in Q]?: {
      readonly maxLength?: number;
      readonly maxLengthBytes?: Size;
      readonly messageTtl?: Duration;
      readonly expires?: Duration;
      readonly maxAge?: Duration;
      readonly quorumInitialGroupSize?: number;
      readonly targetGroupSize?: number;
      readonly initialClusterSize?: number;
      /** As many rungs as the queue has. */
      readonly retry?: readonly Duration[];
    };
  };
  readonly services?: { readonly [K in S]?: { readonly replicas?: Replicas; readonly load?: Load<Q>; readonly limits?: UserLimits } };
  readonly vhost?: Pick<Vhost, "limits" | "deletionProtection">;
}

/** A finding that is known and accepted, with the reason. */
export interface Silence {
  /** The finding's code, as printed. */
  readonly code: string;
  /** Only at this path or below, as printed. @default everywhere */
  readonly path?: string;
  readonly reason: string;
}

/** All that a topology can say. `topology()` checks names while you write; this is the same with any names. */
export interface Topology {
  readonly name: string;
  readonly description?: string;
  readonly vhost?: Vhost;
  /** The oldest broker that it has to run on. @default "4.3" */
  readonly brokerVersion?: Version;
  /** @default "policy" */
  readonly settings?: SettingsMode;
  readonly exchanges?: { readonly [name: string]: Exchange };
  readonly queues?: { readonly [name: string]: Queue };
  readonly templates?: { readonly [name: string]: QueueTemplate };
  readonly messages?: { readonly [name: string]: Message };
  readonly services?: { readonly [name: string]: Service };
  readonly users?: { readonly [name: string]: User };
  readonly policies?: { readonly [name: string]: Policy };
  readonly operatorPolicies?: { readonly [name: string]: OperatorPolicy };
  readonly federationUpstreams?: { readonly [name: string]: FederationUpstream };
  readonly shovels?: { readonly [name: string]: Shovel };
  readonly parameters?: readonly Parameter[];
  /** Sizes by environment (stack): `{ prod: { queues: { orders: { maxLength: 1_000_000 } } } }`. */
  readonly environments?: { readonly [environment: string]: Sizes };
  readonly silence?: readonly Silence[];
}

/** Several topologies on one broker, with what they share. */
export interface Installation {
  readonly topologies: readonly Topology[];
  /** Users with rights in several vhosts, by vhost. */
  readonly users?: {
    readonly [name: string]: Omit<User, "permissions" | "topicPermissions"> & {
      readonly vhosts?: { readonly [vhost: string]: Pick<User, "permissions" | "topicPermissions"> };
    };
  };
  readonly globalParameters?: { readonly [name: string]: unknown };
}
