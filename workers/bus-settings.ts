/** What a bus is told when it is made. */
import type { CodecOptions } from "./codec/index.js";
import type { Backoff } from "./connection/backoff.js";
import type { Link } from "./connection/link.js";
import type { GuardOptions } from "./publish/guards.js";
import type { PublisherLimits } from "./publish/publisher.js";

export interface BusSettings extends GuardOptions, CodecOptions {
  readonly service: string;
  readonly prefetch: number;
  /** Milliseconds; 0 is none. */
  readonly handlerTimeout: number;
  readonly publisher: PublisherLimits;
  readonly maxBodyBytes: number;
  readonly backoff: Backoff;
  /** Milliseconds. */
  readonly missingFor: number;
  /** Milliseconds to drain in `close`. */
  readonly drainDeadline: number;
}

export interface Links {
  readonly publish: Link;
  /** Opened with the first consumer: acks must go on while an alarm stops publishers. */
  readonly consume: () => Promise<Link>;
  readonly opened: () => Link | undefined;
}
