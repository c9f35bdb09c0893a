/** The management API's own shapes, as far as Warren reads them (RabbitMQ 4.0 to 4.3). */
import { z } from "zod";

const Arguments = z.record(z.string(), z.unknown());

// An empty Erlang list may stand for an empty object.
const Empty = z.union([Arguments, z.array(z.never()).transform((): Record<string, unknown> => ({}))]);

/** Since 3.9 a list; a text with commas before, and still in imported files. */
const Tags = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean),
  ),
]);

const Limits = z.union([z.record(z.string(), z.number()), z.array(z.never()).transform((): Record<string, number> => ({}))]);

export const Overview = z.object({
  rabbitmq_version: z.string(),
  cluster_name: z.string().optional(),
  product_name: z.string().optional(),
  /** The one that answers. */
  node: z.string().optional(),
  exchange_types: z.array(z.object({ name: z.string() })).optional(),
  /** A protocol is `amqp`, `amqp/ssl`, `http`, ...; the port is the broker's own, which a container may publish as another. */
  listeners: z.array(z.object({ node: z.string(), protocol: z.string(), port: z.number(), ip_address: z.string().optional() })).optional(),
});
export type Overview = z.infer<typeof Overview>;

export const WireVhost = z.object({
  name: z.string(),
  description: z.string().optional(),
  tags: Tags.optional(),
  default_queue_type: z.string().optional(),
  protected_from_deletion: z.boolean().optional(),
  tracing: z.boolean().optional(),
  limits: Limits.optional(),
  metadata: z
    .object({
      description: z.string().optional(),
      tags: Tags.optional(),
      default_queue_type: z.string().optional(),
      protected_from_deletion: z.boolean().optional(),
    })
    .optional(),
});
export type WireVhost = z.infer<typeof WireVhost>;

export const WireExchange = z.object({
  name: z.string(),
  vhost: z.string().optional(),
  type: z.string(),
  durable: z.boolean(),
  auto_delete: z.boolean(),
  // Left out in exports, which hold no internal exchange.
  internal: z.boolean().default(false),
  arguments: Empty,
  policy: z.string().nullish(),
});
export type WireExchange = z.infer<typeof WireExchange>;

export const WireQueue = z.object({
  name: z.string(),
  vhost: z.string().optional(),
  type: z.string().optional(),
  durable: z.boolean(),
  auto_delete: z.boolean(),
  exclusive: z.boolean().nullish(),
  arguments: Empty,
  policy: z.string().nullish(),
  operator_policy: z.string().nullish(),
  /** What policy and operator policy come to; not in exports. */
  effective_policy_definition: Empty.nullish(),
  /** Where it runs; its leader, if it has several members. */
  node: z.string().optional(),
});
export type WireQueue = z.infer<typeof WireQueue>;

export const WireCounts = z.object({
  name: z.string(),
  vhost: z.string(),
  type: z.string().optional(),
  exclusive: z.boolean().nullish(),
  messages: z.number().optional(),
  messages_ready: z.number().optional(),
  messages_unacknowledged: z.number().optional(),
});
export type WireCounts = z.infer<typeof WireCounts>;

export const WireBytes = z.object({ name: z.string(), vhost: z.string(), message_bytes_ready: z.number().optional() });
export type WireBytes = z.infer<typeof WireBytes>;

export const WireBinding = z.object({
  source: z.string(),
  vhost: z.string().optional(),
  destination: z.string(),
  destination_type: z.enum(["queue", "exchange"]),
  routing_key: z.string(),
  arguments: Empty,
  /** How the API calls this binding among those of the same two objects. Read back, never computed. */
  properties_key: z.string().optional(),
});
export type WireBinding = z.infer<typeof WireBinding>;

export const WirePolicy = z.object({
  name: z.string(),
  vhost: z.string().optional(),
  pattern: z.string(),
  "apply-to": z.string().default("all"),
  priority: z.number().default(0),
  definition: Empty,
});
export type WirePolicy = z.infer<typeof WirePolicy>;

/** An operator policy in an export: the value of a parameter of component `operator_policy`. */
export const OperatorPolicyValue = WirePolicy.omit({ name: true, vhost: true });

export const WireUser = z.object({
  name: z.string(),
  password_hash: z.string().optional(),
  hashing_algorithm: z.string().optional(),
  tags: Tags,
  limits: Limits.optional(),
});
export type WireUser = z.infer<typeof WireUser>;

export const WirePermission = z.object({
  user: z.string(),
  vhost: z.string(),
  configure: z.string(),
  write: z.string(),
  read: z.string(),
});
export type WirePermission = z.infer<typeof WirePermission>;

export const WireTopicPermission = z.object({
  user: z.string(),
  vhost: z.string(),
  exchange: z.string(),
  write: z.string(),
  read: z.string(),
});
export type WireTopicPermission = z.infer<typeof WireTopicPermission>;

export const WireParameter = z.object({ component: z.string(), vhost: z.string().optional(), name: z.string(), value: z.unknown() });
export type WireParameter = z.infer<typeof WireParameter>;

export const WireGlobalParameter = z.object({ name: z.string(), value: z.unknown() });
export type WireGlobalParameter = z.infer<typeof WireGlobalParameter>;

export const WireConnection = z.object({ name: z.string(), user: z.string().optional() });
export type WireConnection = z.infer<typeof WireConnection>;

export const WireLimits = z.array(z.object({ value: Limits }));

/** `GET /api/definitions`: of the whole broker. Holds password hashes, and credentials in the URIs of shovels and upstreams. */
export const WireDefinitions = z.object({
  rabbitmq_version: z.string(),
  vhosts: z.array(WireVhost),
  users: z.array(WireUser),
  permissions: z.array(WirePermission),
  topic_permissions: z.array(WireTopicPermission),
  parameters: z.array(WireParameter),
  global_parameters: z.array(WireGlobalParameter),
  policies: z.array(WirePolicy),
  exchanges: z.array(WireExchange),
  queues: z.array(WireQueue),
  bindings: z.array(WireBinding),
});
export type WireDefinitions = z.infer<typeof WireDefinitions>;

/** `GET /api/definitions/{vhost}`: its objects, without their vhost; no users, no permissions. */
export const WireVhostDefinitions = z.object({
  rabbitmq_version: z.string(),
  description: z.string().optional(),
  metadata: WireVhost.shape.metadata,
  limits: Limits.optional(),
  parameters: z.array(WireParameter),
  policies: z.array(WirePolicy),
  exchanges: z.array(WireExchange),
  queues: z.array(WireQueue),
  bindings: z.array(WireBinding),
});
export type WireVhostDefinitions = z.infer<typeof WireVhostDefinitions>;

export const WireConsumer = z.object({
  consumer_tag: z.string(),
  queue: z.object({ vhost: z.string(), name: z.string() }),
  exclusive: z.boolean().optional(),
  /** 0: it is given all that there is. */
  prefetch_count: z.number().optional(),
  /** From the statistics: empty for a consumer of the last moments. */
  channel_details: z
    .union([z.object({ user: z.string().optional() }), z.array(z.never()).transform((): { user?: string } => ({}))])
    .optional(),
});
export type WireConsumer = z.infer<typeof WireConsumer>;

/** All but name and state come from statistics: a node that is down, or has just started, has none. */
export const WireNode = z.object({
  name: z.string(),
  running: z.boolean(),
  /** In maintenance: it serves no clients and leads no queues. */
  being_drained: z.boolean().optional(),
  mem_alarm: z.boolean().optional(),
  disk_free_alarm: z.boolean().optional(),
  /** Nodes that it takes itself to be cut off from. */
  partitions: z.array(z.string()).optional(),
});
export type WireNode = z.infer<typeof WireNode>;

/** The timestamp is the publisher's, in seconds; of classic queues alone, and none where nothing is ready or the publisher gave none. */
export const WireHead = z.object({ name: z.string(), head_message_timestamp: z.union([z.number(), z.literal("")]).nullish() });
export type WireHead = z.infer<typeof WireHead>;

/** Messages a second. */
const Rate = z.object({ rate: z.number() }).optional();

/** A queue's numbers, out of statistics that are up to 10 s old. What has never happened is left out. */
export const WireTraffic = z.object({
  name: z.string(),
  type: z.string().optional(),
  state: z.string().optional(),
  messages: z.number().optional(),
  messages_unacknowledged: z.number().optional(),
  consumers: z.number().optional(),
  message_stats: z
    .object({
      publish_details: Rate,
      deliver_get_details: Rate,
      ack: z.number().optional(),
      get_no_ack: z.number().optional(),
      deliver_no_ack: z.number().optional(),
    })
    .optional(),
});
export type WireTraffic = z.infer<typeof WireTraffic>;

export const WireExchangeTraffic = z.object({
  name: z.string(),
  message_stats: z.object({ publish_in_details: Rate, publish_out_details: Rate }).optional(),
});
export type WireExchangeTraffic = z.infer<typeof WireExchangeTraffic>;

/** What came to a queue from one exchange. */
const WireIncoming = z.object({
  /** "" is the default one. */
  exchange: z.object({ name: z.string() }),
  stats: z.union([z.object({ publish: z.number().optional() }), z.array(z.never()).transform((): { publish?: number } => ({}))]),
});
/** What came to a queue; without either where the statistics are off. */
export const WireIncomingOf = z.object({
  name: z.string(),
  /** Empty unless the broker's `rates_mode` is `detailed`. */
  incoming: z.array(WireIncoming).optional(),
  message_stats: z.object({ publish: z.number().optional() }).optional(),
});
export type WireIncomingOf = z.infer<typeof WireIncomingOf>;

/** What was published to an exchange. */
export const WirePublished = z.object({
  name: z.string(),
  message_stats: z.object({ publish_in: z.number().optional() }).optional(),
});
export type WirePublished = z.infer<typeof WirePublished>;

export const WireFeatureFlag = z.object({ name: z.string(), state: z.string(), stability: z.string() });
export type WireFeatureFlag = z.infer<typeof WireFeatureFlag>;

export const WirePlacement = z.object({
  vhost: z.string(),
  name: z.string(),
  type: z.string(),
  node: z.string().nullish(),
  /** Of quorum queues and streams, as the rest. */
  leader: z.string().nullish(),
  members: z.array(z.string()).optional(),
  online: z.array(z.string()).optional(),
  arguments: Empty,
});
export type WirePlacement = z.infer<typeof WirePlacement>;

export const Whoami = z.object({ name: z.string(), tags: z.array(z.string()) });
export type Whoami = z.infer<typeof Whoami>;
