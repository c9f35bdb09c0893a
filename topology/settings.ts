/** Every setting of a queue in one table: its field, its argument, its policy keys, the queue types and values it takes. */

/** The queue types of RabbitMQ 4.x, and super streams, which are several streams behind one exchange. */
export type QueueType = "classic" | "quorum" | "stream";

export type Version = "4.0" | "4.1" | "4.2" | "4.3";

/** The broker versions that Warren knows, oldest first. */
export const VERSIONS: readonly Version[] = ["4.0", "4.1", "4.2", "4.3"];

/** How a value is written in a topology and what the broker takes for it. */
export type ValueKind = "duration" | "size" | "integer" | "boolean" | "max-age" | "text" | "choice";

export interface Setting {
  /** Where it stands in a queue of a topology; a dot for one inside (`deadLetterTo.exchange`). */
  readonly field: string;
  /** The argument at `queue.declare`; none for what only a policy can set. */
  readonly argument?: `x-${string}`;
  /** The key in a policy's definition; none for what only an argument can set. */
  readonly policy?: string;
  /** Whether an operator policy may set it too. */
  readonly operator?: true;
  readonly types: readonly QueueType[];
  readonly kind: ValueKind;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Choices that a type does not take although it knows the key. */
  readonly refused?: Partial<Record<QueueType, readonly string[]>>;
  /** The first broker version that knows it. */
  readonly since?: Version;
  /** The broker does not check this value when a queue is declared: a wrong one silently switches the feature off. */
  readonly unchecked?: true;
}

const ALL = ["classic", "quorum", "stream"] as const;
const NOT_STREAM = ["classic", "quorum"] as const;

/**
 * Sources: `rabbit_amqqueue`, `rabbit_quorum_queue`, `rabbit_stream_queue` and `rabbit_policies` of RabbitMQ 4.3,
 * and what a live 4.3.6 refused.
 */
export const SETTINGS: readonly Setting[] = [
  { field: "messageTtl", argument: "x-message-ttl", policy: "message-ttl", operator: true, types: NOT_STREAM, kind: "duration", min: 0 },
  { field: "expires", argument: "x-expires", policy: "expires", operator: true, types: NOT_STREAM, kind: "duration", min: 1 },
  { field: "maxLength", argument: "x-max-length", policy: "max-length", operator: true, types: NOT_STREAM, kind: "integer", min: 0 },
  { field: "maxLengthBytes", argument: "x-max-length-bytes", policy: "max-length-bytes", operator: true, types: ALL, kind: "size", min: 0 },
  {
    field: "overflow",
    argument: "x-overflow",
    policy: "overflow",
    operator: true,
    types: NOT_STREAM,
    kind: "choice",
    choices: ["drop-head", "reject-publish", "reject-publish-dlx"],
    refused: { quorum: ["reject-publish-dlx"] },
  },
  { field: "deadLetterTo.exchange", argument: "x-dead-letter-exchange", policy: "dead-letter-exchange", types: NOT_STREAM, kind: "text" },
  {
    field: "deadLetterTo.routingKey",
    argument: "x-dead-letter-routing-key",
    policy: "dead-letter-routing-key",
    types: NOT_STREAM,
    kind: "text",
  },
  {
    field: "deadLetterTo.strategy",
    argument: "x-dead-letter-strategy",
    policy: "dead-letter-strategy",
    types: ["quorum"],
    kind: "choice",
    choices: ["at-most-once", "at-least-once"],
  },
  { field: "singleActiveConsumer", argument: "x-single-active-consumer", types: NOT_STREAM, kind: "boolean" },
  { field: "maxPriority", argument: "x-max-priority", types: ["classic"], kind: "integer", min: 0, max: 255 },
  { field: "queueMode", argument: "x-queue-mode", policy: "queue-mode", types: ["classic"], kind: "choice", choices: ["default", "lazy"] },
  {
    field: "queueVersion",
    argument: "x-queue-version",
    policy: "queue-version",
    operator: true,
    types: ["classic"],
    kind: "integer",
    min: 2,
    max: 2,
  },
  {
    field: "queueLeaderLocator",
    argument: "x-queue-leader-locator",
    policy: "queue-leader-locator",
    types: ALL,
    kind: "choice",
    choices: ["client-local", "balanced"],
  },
  {
    field: "deliveryLimit",
    argument: "x-delivery-limit",
    policy: "delivery-limit",
    operator: true,
    types: ["quorum"],
    kind: "integer",
    min: -1,
    unchecked: true,
  },
  { field: "quorumInitialGroupSize", argument: "x-quorum-initial-group-size", types: ["quorum"], kind: "integer", min: 1 },
  { field: "targetGroupSize", policy: "target-group-size", operator: true, types: ["quorum"], kind: "integer", min: 1 },
  {
    field: "consumerTimeout",
    argument: "x-consumer-timeout",
    policy: "consumer-timeout",
    types: ["quorum"],
    kind: "duration",
    min: 0,
    since: "4.3",
  },
  {
    field: "consumerDisconnectedTimeout",
    argument: "x-consumer-disconnected-timeout",
    policy: "consumer-disconnected-timeout",
    types: ["quorum"],
    kind: "duration",
    min: 0,
    since: "4.3",
  },
  {
    field: "delayedRetry.type",
    argument: "x-delayed-retry-type",
    policy: "delayed-retry-type",
    operator: true,
    types: ["quorum"],
    kind: "choice",
    choices: ["disabled", "all", "failed", "returned"],
    since: "4.3",
    unchecked: true,
  },
  {
    field: "delayedRetry.min",
    argument: "x-delayed-retry-min",
    policy: "delayed-retry-min",
    operator: true,
    types: ["quorum"],
    kind: "duration",
    min: 1,
    since: "4.3",
    unchecked: true,
  },
  {
    field: "delayedRetry.max",
    argument: "x-delayed-retry-max",
    policy: "delayed-retry-max",
    operator: true,
    types: ["quorum"],
    kind: "duration",
    min: 1,
    since: "4.3",
    unchecked: true,
  },
  { field: "maxAge", argument: "x-max-age", policy: "max-age", types: ["stream"], kind: "max-age" },
  {
    field: "streamMaxSegmentSizeBytes",
    argument: "x-stream-max-segment-size-bytes",
    policy: "stream-max-segment-size-bytes",
    types: ["stream"],
    kind: "size",
    min: 0,
    max: 3_000_000_000,
  },
  {
    field: "streamFilterSizeBytes",
    argument: "x-stream-filter-size-bytes",
    policy: "stream-filter-size-bytes",
    types: ["stream"],
    kind: "size",
    min: 16,
    max: 255,
  },
  {
    field: "initialClusterSize",
    argument: "x-initial-cluster-size",
    policy: "initial-cluster-size",
    types: ["stream"],
    kind: "integer",
    min: 1,
  },
];

const byArgument = new Map(SETTINGS.flatMap((setting) => (setting.argument ? [[setting.argument as string, setting] as const] : [])));
const byPolicy = new Map(SETTINGS.flatMap((setting) => (setting.policy ? [[setting.policy, setting] as const] : [])));
const byField = new Map(SETTINGS.map((setting) => [setting.field, setting] as const));

export const settingOfArgument = (argument: string): Setting | undefined => byArgument.get(argument);
export const settingOfPolicyKey = (key: string): Setting | undefined => byPolicy.get(key);
export const settingOfField = (field: string): Setting | undefined => byField.get(field);

/** Policy keys that say from where to federate; a policy has one of them (source: `rabbit_federation_parameters:validate_policy`). */
export const FEDERATION_KEYS = ["federation-upstream", "federation-upstream-set", "federation-upstream-pattern"] as const;
/** Policy keys that are no queue setting: an exchange's alternate, and federation. */
export const OTHER_POLICY_KEYS = ["alternate-exchange", ...FEDERATION_KEYS] as const;
