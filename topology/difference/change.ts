/** What a change between two topologies means for messages, as plain data. */
import type { MessageHeaders } from "../routing.js";

/**
 * loss       messages are lost that were not before: no queue gets them, publishing them is refused, or they lie in what is deleted
 * breaking   somebody gets less than before: a queue no longer gets messages, a right is gone, retries are fewer
 * notice     it is otherwise than before, and nobody has less: another copy, another time, another right
 */
export type Severity = "loss" | "breaking" | "notice";

/** The gravest first. */
export const SEVERITIES: readonly Severity[] = ["loss", "breaking", "notice"];

/** In this order changes of one severity are told. */
export const KINDS = [
  "vhost-removed",
  "vhost-renamed",
  "vhost-added",
  "exchange-removed",
  "exchange-internal",
  "exchange-replaced",
  "route",
  "exchange-public",
  "exchange-added",
  "hash",
  "queue-removed",
  "queue-replaced",
  "queue-renamed",
  "queue-bindings",
  "queue-added",
  "dead-letters",
  "expiry",
  "retry",
  "overflow",
  "delivery-limit",
  "delayed-retry",
  "retention",
  "priority",
  "consumers",
  "queue-expiry",
  "message-removed",
  "message-changed",
  "message-added",
  "service-removed",
  "service-added",
  "user-removed",
  "user-tags",
  "user-added",
  "right-lost",
  "right-gained",
  "right-changed",
  "link-removed",
  "link-changed",
  "link-added",
] as const;

/**
 * `route` is one difference of queues at one exchange; `hash` other shares of an exchange that hands a message to one of several;
 * `queue-renamed` and `queue-bindings` are of templates; `link` is a shovel, a federation upstream, or another runtime parameter.
 */
export type ChangeKind = (typeof KINDS)[number];

/** A message that a client could publish. */
export interface Example {
  readonly key: string;
  /** Left out where none are needed. */
  readonly headers?: MessageHeaders;
}

/** The queues that a message reaches. */
export interface Reached {
  /** It gets there, or may: a hash may choose another. */
  readonly queues: readonly string[];
  /** Those that get it however choices fall. */
  readonly certain: readonly string[];
  /** Templates whose instances' queues may get it. */
  readonly templates: readonly string[];
  /** It may be that nobody gets it. */
  readonly mayBeLost: boolean;
}

export interface Change {
  readonly kind: ChangeKind;
  readonly severity: Severity;
  /** `null` for what belongs to no vhost. */
  readonly vhost: string | null;
  /** `""` is the default exchange. */
  readonly exchange?: string;
  /** Or the name of a template, with its placeholders. */
  readonly queue?: string;
  readonly user?: string;
  readonly message?: string;
  /** `route`: the difference shows at this message exactly as said. */
  readonly example?: Example;
  /** `route`: how many further classes of keys and headers differ in the same way. */
  readonly alike?: number;
  /** Declared messages that are among those concerned. */
  readonly messages?: readonly string[];
  /** A `Reached` for `route`; else plain data, `null` where there was or is nothing. */
  readonly before: unknown;
  readonly after: unknown;
  /** One sentence, without a full stop. */
  readonly text: string;
}

/** A question that has no exact answer. */
export interface Unknown {
  readonly vhost: string | null;
  readonly exchange?: string;
  readonly user?: string;
  readonly reason: string;
  readonly text: string;
}

export interface Difference {
  readonly version: 1;
  /** The gravest first. Empty: for messages both are the same. */
  readonly changes: readonly Change[];
  readonly unknown: readonly Unknown[];
}
