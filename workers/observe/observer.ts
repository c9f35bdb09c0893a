/** What a worker tells to whoever watches it: the interface, one that does nothing, and several in one. */

/** The two connections of a worker: an alarm of the broker blocks publishing, and must not block acks. */
export type Purpose = "publish" | "consume";

/** `lost` comes back by itself, `failed` does not (a topology that is missing, credentials that are refused), `closed` was asked for. */
export type ConnectionEvent = "connecting" | "open" | "blocked" | "unblocked" | "lost" | "closed" | "failed";

/**
 * What became of a delivery.
 * - `ack`: done. `reject`: `basic.reject` without requeue, the broker dead-letters it.
 * - `retry`: on its ladder, a rung of waiting before the queue gets it again.
 * - `park`: published to the dead-letter exchange by the worker, then acked: asked for, exhausted, malformed or invalid.
 * - `requeue`: given back, because the worker stops. `duplicate`: acked without its handler, the effect has happened before.
 * - `stale`: the channel was gone before the ack, so the broker delivers it again.
 */
export type OutcomeName = "ack" | "retry" | "reject" | "park" | "requeue" | "duplicate" | "stale";

export type DeadLetterReason = "invalid" | "malformed" | "exhausted" | "rejected" | "parked";

/** `cancelled` by the broker, `recovering` by itself, `stopped` as asked, `failed` for good. */
export type ConsumerEvent = "consuming" | "cancelled" | "recovering" | "stopped" | "failed";

/** What is known of one message beyond its kind. A delivery has this shape, and can be given as it is. */
export interface MessageFacts {
  readonly messageId?: string | undefined;
  readonly correlationId?: string | undefined;
  /** 1 for the first time, counted by the worker's own retries. */
  readonly attempt?: number | undefined;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  /** When publishing: the key, filled in. */
  readonly routingKey?: string | undefined;
  /** Of the body, encoded. */
  readonly bytes?: number | undefined;
}

/**
 * Gets every event of a worker, synchronously: it has to be cheap. Inside `all` it may throw without harm.
 * Seconds are fractions; bytes are those of the body as it travels.
 */
export interface Observer {
  /** `attempt` counts connecting since the last `open`; `downMs` comes with `open`: how long there was none. */
  connection(purpose: Purpose, state: ConnectionEvent, detail?: { reason?: string; attempt?: number; downMs?: number }): void;
  /** The outcome of a publish is known. `seconds`: from the call to the confirm. `error`: the code of a `PublishError`. */
  published(message: string, exchange: string, seconds: number, bytes: number, error?: string): void;
  /** Published once more, because its confirm was lost with a connection: the broker may have it twice. */
  republished(message: string): void;
  /** What waits for a connection now. */
  buffered(messages: number, bytes: number): void;
  /** A delivery came. `ageSeconds`: since its timestamp, where it has one. `nearTtl`: it has spent 80 % of the queue's TTL in it. */
  received(queue: string, bytes: number, redelivered: boolean, ageSeconds?: number, nearTtl?: boolean): void;
  /**
   * A delivery is settled. `seconds`: in the handler, 0 when it did not run. Called inside `traceProcess`, its span gets the outcome.
   */
  processed(queue: string, message: string, outcome: OutcomeName, seconds: number, reason?: string, facts?: MessageFacts): void;
  /** A message of this queue went to the dead letters. Comes beside `processed`, which counts it as `park` or `reject`. */
  deadLettered(queue: string, reason: DeadLetterReason, facts?: MessageFacts): void;
  /** Deliveries of this queue that are not settled now. */
  inFlight(queue: string, count: number): void;
  /** A request has its answer, or none. */
  requested(message: string, seconds: number, error?: string): void;
  consumer(queue: string, state: ConsumerEvent, reason?: string): void;
  /**
   * Runs `work`, which publishes, and returns what it returned (a promise as it is). A trace's context goes into `headers`, which
   * are changed.
   */
  tracePublish<T>(message: string, exchange: string, headers: Record<string, unknown>, work: () => T, facts?: MessageFacts): T;
  /** Runs `work`, which handles a delivery, inside the trace that its headers name; returns what it returned. */
  traceProcess<T>(queue: string, message: string, headers: Readonly<Record<string, unknown>>, work: () => T, facts?: MessageFacts): T;
}

/** Does nothing. Spread it into an observer that cares for some events only. */
export const silent: Observer = {
  connection: () => undefined,
  published: () => undefined,
  republished: () => undefined,
  buffered: () => undefined,
  received: () => undefined,
  processed: () => undefined,
  deadLettered: () => undefined,
  inFlight: () => undefined,
  requested: () => undefined,
  consumer: () => undefined,
  tracePublish: (_message, _exchange, _headers, work) => work(),
  traceProcess: (_queue, _message, _headers, work) => work(),
};
