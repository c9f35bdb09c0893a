/** The schema of a topology for plain JavaScript and JSON, where no compiler looks: the words of model.ts, checked at run time. */
import { z } from "zod";
import type { UserTag } from "./model.js";
import {
  anything,
  boolean,
  duration,
  list,
  named,
  number,
  recognised,
  schema,
  secret,
  size,
  strict,
  text,
  type Hint,
} from "./schema-words.js";
import { SETTINGS, settingOfArgument, settingOfPolicyKey, VERSIONS, type QueueType, type Version } from "./settings.js";

/** Where a queue's word belongs that this type of queue does not have, or how the broker's name for it is written here. */
function queueHint(type: QueueType, isTemplate = false): Hint {
  return (key) => {
    const known = settingOfArgument(key) ?? settingOfPolicyKey(key);
    if (known) return `write \`${known.field}\``;
    const elsewhere = SETTINGS.find(({ field }) => field.split(".")[0] === key);
    if (elsewhere) return `only ${elsewhere.types.join(" and ")} queues have it: leave it out, or choose another type`;
    if (key === "durable" || key === "autoDelete") return `leave it out: a ${type} queue is always durable and never deletes itself`;
    if (key === "retry" && type === "stream") return "leave it out: consuming does not take a message out of a stream";
    if (key === "retry" && isTemplate) return "leave it out: the rungs of a ladder would have to come and go with the instances";
    return undefined;
  };
}

const headerValue = z.union([text, number, boolean]);
const headers = named(headerValue);
export const settingsMode = z.enum(["policy", "arguments"]);

const binding = strict("a binding", {
  key: text.exactOptional(),
  headers: headers.exactOptional(),
  match: z.enum(["all", "any", "all-with-x", "any-with-x"]).exactOptional(),
  arguments: anything.exactOptional(),
});
const keys = z.union([text, binding, list(z.union([text, binding]))]);
const sources = named(keys);

const exchangeCommon = {
  from: sources.exactOptional(),
  alternateExchange: text.exactOptional(),
  durable: boolean.exactOptional(),
  autoDelete: boolean.exactOptional(),
  internal: boolean.exactOptional(),
  arguments: anything.exactOptional(),
  settings: settingsMode.exactOptional(),
};
const PLAIN_EXCHANGES = ["direct", "fanout", "topic", "headers", "x-local-random"] as const;
const plainHint: Hint = (key) =>
  key === "hashHeader" || key === "hashProperty" ? "only exchanges of type x-consistent-hash have it" : undefined;
export const exchange = z.discriminatedUnion("type", [
  strict("an exchange", { type: z.enum(PLAIN_EXCHANGES), ...exchangeCommon }, plainHint),
  strict("a consistent hash exchange", {
    type: z.literal("x-consistent-hash"),
    ...exchangeCommon,
    hashHeader: text.exactOptional(),
    hashProperty: z.enum(["message_id", "correlation_id", "timestamp"]).exactOptional(),
  }),
]);

const strategy = z.enum(["at-most-once", "at-least-once"]);
const deadLetterTo = z.union([
  text,
  strict("a dead-letter target", { exchange: text, routingKey: text.exactOptional(), strategy: strategy.exactOptional() }),
  strict("a dead-letter target", { queue: text, strategy: strategy.exactOptional() }),
]);
const classicDeadLetterTo = z.union([
  text,
  strict("a classic queue's dead-letter target", { exchange: text, routingKey: text.exactOptional(), strategy: z.never().exactOptional() }),
  strict("a classic queue's dead-letter target", { queue: text, strategy: z.never().exactOptional() }),
]);

const queueCommon = {
  from: sources.exactOptional(),
  maxLengthBytes: size.exactOptional(),
  queueLeaderLocator: z.enum(["client-local", "balanced"]).exactOptional(),
  arguments: anything.exactOptional(),
  settings: settingsMode.exactOptional(),
};
const lettered = {
  ...queueCommon,
  messageTtl: duration.exactOptional(),
  expires: duration.exactOptional(),
  maxLength: number.exactOptional(),
  singleActiveConsumer: boolean.exactOptional(),
};
const retry = list(duration).exactOptional();
const classic = {
  type: z.literal("classic"),
  ...lettered,
  deadLetterTo: classicDeadLetterTo.exactOptional(),
  durable: boolean.exactOptional(),
  autoDelete: boolean.exactOptional(),
  maxPriority: number.exactOptional(),
  queueMode: z.enum(["default", "lazy"]).exactOptional(),
  queueVersion: z.literal(2).exactOptional(),
  overflow: z.enum(["drop-head", "reject-publish", "reject-publish-dlx"]).exactOptional(),
};
const quorum = {
  type: z.literal("quorum"),
  ...lettered,
  deadLetterTo: deadLetterTo.exactOptional(),
  deliveryLimit: number.exactOptional(),
  quorumInitialGroupSize: number.exactOptional(),
  targetGroupSize: number.exactOptional(),
  consumerTimeout: duration.exactOptional(),
  consumerDisconnectedTimeout: duration.exactOptional(),
  delayedRetry: strict("a delayed retry", {
    type: z.enum(["disabled", "all", "failed", "returned"]),
    min: duration,
    max: duration.exactOptional(),
  }).exactOptional(),
  overflow: z.enum(["drop-head", "reject-publish"]).exactOptional(),
};
const streamSettings = {
  ...queueCommon,
  maxAge: duration.exactOptional(),
  streamMaxSegmentSizeBytes: size.exactOptional(),
  streamFilterSizeBytes: size.exactOptional(),
  initialClusterSize: number.exactOptional(),
};
const stream = { type: z.literal("stream"), ...streamSettings };
const superStream = { type: z.literal("super-stream"), ...streamSettings, partitions: z.union([number, list(text)]) };

export const queue = z.discriminatedUnion("type", [
  strict("a classic queue", { ...classic, retry }, queueHint("classic")),
  strict("a quorum queue", { ...quorum, retry }, queueHint("quorum")),
  strict("a stream", stream, queueHint("stream")),
  strict("a super stream", superStream, queueHint("stream")),
]);
export const template = z.discriminatedUnion("type", [
  strict("a template of classic queues", { ...classic, name: text }, queueHint("classic", true)),
  strict("a template of quorum queues", { ...quorum, name: text }, queueHint("quorum", true)),
  strict("a template of streams", { ...stream, name: text }, queueHint("stream", true)),
]);

export const message = strict("a message", {
  to: z.union([text, strict("a message's target", { queue: text })]),
  key: text.exactOptional(),
  headers: headers.exactOptional(),
  schema: schema.exactOptional(),
  reply: schema.exactOptional(),
  persistent: boolean.exactOptional(),
  priority: number.exactOptional(),
  expiration: duration.exactOptional(),
  description: text.exactOptional(),
});

const permissions = strict("permissions", { configure: text, write: text, read: text });
const topicPermissions = named(strict("a topic permission", { write: text, read: text }));
const tags = list(recognised<UserTag | (string & {})>((value) => typeof value === "string", "a string"));
const userLimits = strict("a user's limits", { maxConnections: number.exactOptional(), maxChannels: number.exactOptional() });
const login = {
  tags: tags.exactOptional(),
  limits: userLimits.exactOptional(),
  password: secret.exactOptional(),
  passwordHash: text.exactOptional(),
};
const rights = { permissions: permissions.exactOptional(), topicPermissions: topicPermissions.exactOptional() };
export const user = strict("a user", { ...login, ...rights });

const replicas = strict("replicas", {
  min: number,
  max: number,
  perReplica: number.exactOptional(),
  cpu: number.exactOptional(),
});
const load = strict("a service's load", {
  rate: z.union([number, named(number)]).exactOptional(),
  peak: number.exactOptional(),
  day: list(number).exactOptional(),
  handler: strict("a handler's times", {
    mean: duration,
    p95: duration.exactOptional(),
    concurrency: number.exactOptional(),
  }).exactOptional(),
  latency: strict("a target", { p95: duration }).exactOptional(),
});
export const service = strict("a service", {
  publishes: list(text).exactOptional(),
  consumes: list(text).exactOptional(),
  instances: named(named(text)).exactOptional(),
  declares: list(text).exactOptional(),
  manages: list(text).exactOptional(),
  replicas: replicas.exactOptional(),
  load: load.exactOptional(),
  user: text.exactOptional(),
  tags: tags.exactOptional(),
  limits: userLimits.exactOptional(),
  password: secret.exactOptional(),
  permissions: strict("permissions", {
    configure: text.exactOptional(),
    write: text.exactOptional(),
    read: text.exactOptional(),
  }).exactOptional(),
  topicPermissions: topicPermissions.exactOptional(),
  description: text.exactOptional(),
});

const policyCommon = { pattern: text, priority: number.exactOptional(), definition: anything };
export const policy = strict("a policy", {
  ...policyCommon,
  applyTo: z.enum(["all", "exchanges", "queues", "classic_queues", "quorum_queues", "streams"]).exactOptional(),
});
export const operatorPolicy = strict("an operator policy", {
  ...policyCommon,
  applyTo: z.enum(["all", "queues", "classic_queues", "quorum_queues", "streams"]).exactOptional(),
});

const uri = z.union([text, secret, list(z.union([text, secret]))]);
const ackMode = z.enum(["on-confirm", "on-publish", "no-ack"]).exactOptional();
export const federationUpstream = strict("a federation upstream", {
  uri,
  exchange: text.exactOptional(),
  queue: text.exactOptional(),
  ackMode,
  prefetchCount: number.exactOptional(),
  reconnectDelay: number.exactOptional(),
  maxHops: number.exactOptional(),
  expires: duration.exactOptional(),
  messageTtl: duration.exactOptional(),
  trustUserId: boolean.exactOptional(),
  consumerTag: text.exactOptional(),
  queueType: z.enum(["classic", "quorum"]).exactOptional(),
  resourceCleanupMode: z.enum(["default", "never"]).exactOptional(),
  bindNowait: boolean.exactOptional(),
  channelUseMode: z.enum(["multiple", "single"]).exactOptional(),
});
const shovelEnd = { uri: uri.exactOptional(), queue: text.exactOptional(), exchange: text.exactOptional(), key: text.exactOptional() };
export const shovel = strict("a shovel", {
  from: strict("a shovel's source", {
    ...shovelEnd,
    deleteAfter: z.union([z.enum(["never", "queue-length"]), number]).exactOptional(),
    prefetchCount: number.exactOptional(),
  }),
  to: strict("a shovel's target", shovelEnd),
  ackMode,
  reconnectDelay: number.exactOptional(),
});
const parameter = strict("a parameter", { component: text, name: text, value: z.unknown() });

const vhostChangeable = {
  limits: strict("a vhost's limits", { maxConnections: number.exactOptional(), maxQueues: number.exactOptional() }).exactOptional(),
  deletionProtection: boolean.exactOptional(),
};
export const vhost = strict("a vhost", {
  name: text.exactOptional(),
  description: text.exactOptional(),
  tags: list(text).exactOptional(),
  defaultQueueType: z.enum(["classic", "quorum", "stream"]).exactOptional(),
  ...vhostChangeable,
});

export const sizes = strict("an environment's sizes", {
  queues: named(
    strict("an environment's sizes of a queue", {
      maxLength: number.exactOptional(),
      maxLengthBytes: size.exactOptional(),
      messageTtl: duration.exactOptional(),
      expires: duration.exactOptional(),
      maxAge: duration.exactOptional(),
      quorumInitialGroupSize: number.exactOptional(),
      targetGroupSize: number.exactOptional(),
      initialClusterSize: number.exactOptional(),
      retry,
    }),
  ).exactOptional(),
  services: named(
    strict("an environment's sizes of a service", {
      replicas: replicas.exactOptional(),
      load: load.exactOptional(),
      limits: userLimits.exactOptional(),
    }),
  ).exactOptional(),
  vhost: strict("an environment's sizes of a vhost", vhostChangeable).exactOptional(),
});

/** A topology: see `Topology` in model.ts for what each word means. */
export const topologySchema = strict("a topology", {
  name: text,
  description: text.exactOptional(),
  vhost: vhost.exactOptional(),
  brokerVersion: z.enum(VERSIONS as readonly [Version, ...Version[]]).exactOptional(),
  settings: settingsMode.exactOptional(),
  exchanges: named(exchange).exactOptional(),
  queues: named(queue).exactOptional(),
  templates: named(template).exactOptional(),
  messages: named(message).exactOptional(),
  services: named(service).exactOptional(),
  users: named(user).exactOptional(),
  policies: named(policy).exactOptional(),
  operatorPolicies: named(operatorPolicy).exactOptional(),
  federationUpstreams: named(federationUpstream).exactOptional(),
  shovels: named(shovel).exactOptional(),
  parameters: list(parameter).exactOptional(),
  environments: named(sizes).exactOptional(),
  silence: list(strict("a silence", { code: text, path: text.exactOptional(), reason: text })).exactOptional(),
});

/** What an installation says besides its topologies, which are read one by one, so that a finding names the topology. */
export const sharedSchema = strict("an installation", {
  topologies: list(z.unknown()),
  users: named(
    strict("a user of an installation", { ...login, vhosts: named(strict("rights in a vhost", rights)).exactOptional() }),
  ).exactOptional(),
  globalParameters: anything.exactOptional(),
});
