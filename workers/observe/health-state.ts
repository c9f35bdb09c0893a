/** What `bus.health()` says, and how live and ready follow from the parts. */
import type { ConsumerEvent } from "./observer.js";

/** `unused`: this worker publishes, or consumes, nothing. */
export type ConnectionState = "unused" | "connecting" | "open" | "blocked" | "lost" | "closed" | "failed";

export interface ConsumerHealth {
  readonly queue: string;
  readonly state: ConsumerEvent;
  /** Milliseconds since the epoch; absent before the first delivery. */
  readonly lastMessageAt?: number;
  /** Deliveries that are not settled. */
  readonly inFlight: number;
  readonly prefetch: number;
}

export interface PublishingHealth {
  /** By an alarm of the broker. */
  readonly blocked: boolean;
  /** Messages that wait for a connection. */
  readonly buffered: number;
  /** Messages that were sent, and wait for their confirm. */
  readonly unconfirmed: number;
}

export interface HealthParts {
  readonly connections: { readonly publish: ConnectionState; readonly consume: ConnectionState };
  readonly consumers: readonly ConsumerHealth[];
  readonly publishing: PublishingHealth;
}

export interface Health extends HealthParts {
  /** False when only a restart can help: a connection or a consumer was given up. */
  readonly live: boolean;
  /** True when it publishes and consumes what it is meant to. */
  readonly ready: boolean;
  /** Why it is not ready (or not live), a sentence each. */
  readonly reasons: readonly string[];
}

/** Judges the parts. `stopping`: the bus is closing, so it takes nothing new. A consumer that was stopped as asked is no fault. */
export function assess(parts: HealthParts, stopping = false): Health {
  const reasons: string[] = [];
  if (stopping) reasons.push("stopping");
  for (const purpose of ["publish", "consume"] as const) {
    const state = parts.connections[purpose];
    if (state === "blocked") reasons.push(`the broker blocks the connection for ${VERB[purpose]} (an alarm for memory or disk)`);
    else if (state === "failed") reasons.push(`the connection for ${VERB[purpose]} was given up`);
    else if (state !== "open" && state !== "unused") reasons.push(`not connected for ${VERB[purpose]}: ${state}`);
  }
  if (parts.publishing.blocked && parts.connections.publish !== "blocked")
    reasons.push("the broker blocks publishing (an alarm for memory or disk)");
  for (const { queue, state } of parts.consumers) {
    if (state !== "consuming" && state !== "stopped") reasons.push(`the consumer of ${queue} is not consuming: ${state}`);
  }
  const { publish, consume } = parts.connections;
  const failed = publish === "failed" || consume === "failed" || parts.consumers.some(({ state }) => state === "failed");
  return { live: !failed, ready: reasons.length === 0, reasons, ...parts };
}

const VERB = { publish: "publishing", consume: "consuming" } as const;
