/** What can become of a message in a queue, as plain data. */
import type { Path, Route } from "../routing.js";
import type { QueueType } from "../settings.js";
import type { Death } from "./x-death.js";

/** Why the broker takes a message out of a queue, in its own words (`x-death`). */
export type Reason = "expired" | "rejected" | "maxlen" | "delivery_limit";

/**
 * Where a message arrives on its further way, and what happens there without anybody's doing:
 * `rests`    it stays until somebody consumes it
 * `expires`  it leaves again after `after`
 * `overflows` it leaves again at once, for the queue holds nothing
 * `returns`  it is back in a queue where it was: a round without end, unless a consumer ends it
 * `cycle`    it does not arrive: the broker drops what came round to a queue without a rejection on the way
 */
export interface Stop {
  readonly queue: string;
  readonly then: "rests" | "expires" | "overflows" | "returns" | "cycle";
  /** The template, if the queue is an instance's. */
  readonly instanceOf?: string;
  /** Whether it gets there depends on a choice, or on an instance being there. */
  readonly uncertain?: true;
  /** Milliseconds. */
  readonly after?: number;
  readonly next?: Departure;
}

/** Why nobody gets a message. */
export type Loss = "no-dead-letter-exchange" | "exchange-missing" | "unroutable" | "cycle" | "internal-exchange" | "full";

/**
 * How a message leaves a queue:
 * `dead-lettered`  the broker publishes it to `exchange`, and at least one queue gets it
 * `published`      the worker does
 * `dropped`        it is gone, `because`
 * `kept`           it stays in the queue, `because` nobody gets it and the strategy is at-least-once
 * `refused`        the broker does not take it from the worker, `because`
 */
export interface Departure {
  readonly effect: "dead-lettered" | "published" | "dropped" | "kept" | "refused";
  readonly because?: Loss;
  readonly exchange?: string;
  readonly keys?: readonly string[];
  readonly strategy?: "at-most-once" | "at-least-once";
  /** Of a dead letter: the `x-death` header that it has from here on, the latest death first. */
  readonly deaths?: readonly Death[];
  /** It may be that no queue gets it. */
  readonly mayBeLost?: true;
  readonly stops?: readonly Stop[];
}

export interface Overflow {
  readonly maxLength?: number;
  /** Bytes. */
  readonly maxLengthBytes?: number;
  readonly mode: "drop-head" | "reject-publish" | "reject-publish-dlx";
  /**
   * Messages that it holds at most, if their number is limited. A quorum queue with `reject-publish` takes one more than `maxLength` from
   * a client that waits for every confirm, more from others, and dead letters without end [4.3.6, measured].
   */
  readonly holds?: number;
  /** What leaves: the oldest message, or the new one, which the publisher gets back as a negative confirm. */
  readonly message: "oldest" | "new";
  /** None if the new message is refused and nothing else happens. */
  readonly departure?: Departure;
}

export interface DeliveryLimit {
  /** -1: it is delivered again without end. */
  readonly limit: number;
  /** Failed deliveries until it leaves. */
  readonly deliveries?: number;
  /** What counts as one, beside a crash or a lost connection. `basic.nack` does not from 4.3 on. */
  readonly counts: readonly ("reject" | "nack")[];
  readonly departure?: Departure;
}

/** What the queue itself does with a message that is returned to it. Milliseconds. */
export interface DelayedRetry {
  readonly type: string;
  readonly min?: number;
  readonly max?: number;
}

/** The ladder: on failure n the worker publishes the message to `exchange` with key n. */
export interface Retries {
  readonly exchange: string;
  /** By failure, from the first. */
  readonly rungs: readonly Departure[];
  /** After the failure that follows the last rung. */
  readonly exhausted: Departure;
}

/** One queue that gets the message, and all that can become of it there. */
export interface Fate {
  readonly queue: string;
  readonly type: QueueType;
  /** The template, if the queue is an instance's. */
  readonly instanceOf?: string;
  /** Whether it gets the message however choices fall, and whichever instances are there. */
  readonly certain: boolean;
  readonly paths: readonly Path[];
  /** In effect, each with where it comes from: `policy "orders"`. Values as the broker has them: milliseconds, bytes. */
  readonly settings: readonly { readonly key: string; readonly value: unknown; readonly source: string }[];
  /** None if it never expires. */
  readonly expired?: { readonly after: number; readonly departure: Departure };
  /** Rejected without requeue. None for streams, which keep every message. */
  readonly rejected?: Departure;
  /** None for a queue without a limit. */
  readonly overflow?: Overflow;
  /** Quorum queues. */
  readonly deliveryLimit?: DeliveryLimit;
  readonly delayedRetry?: DelayedRetry;
  readonly retries?: Retries;
  /** Streams: what a message is kept for at most. `maxAge` as the broker has it: `7D`. */
  readonly retention?: { readonly maxAge?: string; readonly maxLengthBytes?: number };
}

export interface Explanation extends Route {
  readonly version: 1;
  readonly topology: string;
  readonly exchange: string;
  readonly key: string;
  readonly headers: { readonly [name: string]: unknown };
  /** One for each of `queues`, then one for each of `instances`. */
  readonly fates: readonly Fate[];
}
