/** What a consumer is made of, and what may be said of one. */
import type { Channel, ConsumeMessage } from "amqplib";
import type { Backoff } from "../connection/backoff.js";
import type { Link } from "../connection/link.js";
import type { WorkerError } from "../errors.js";
import type { Observer } from "../observe/observer.js";
import type { OnceStore } from "../once/store.js";
import type { Publisher } from "../publish/publisher.js";
import type { DeliveryImpl } from "./delivery.js";
import type { Identified } from "./identify.js";
import type { WayOut } from "./way-out.js";

export interface ConsumerOptions<Tx = never, Body = unknown> {
  /** Unacknowledged deliveries at a time. @default the bus's `prefetch`, 100 */
  readonly prefetch?: number;
  /** Handlers that run at a time; of a stream one, for its order. @default `prefetch` */
  readonly concurrency?: number;
  /** Deliveries with the same key are handled one after the other, in their order. */
  readonly orderBy?: (body: Body) => string;
  /** Milliseconds for one handling; then it counts as failed, and its signal is aborted. @default the bus's `handlerTimeout`, none */
  readonly timeout?: number;
  /** Remembers what was handled, so that a duplicate has no second effect. */
  readonly once?: OnceStore<Tx>;
  /** The broker forgets a message as soon as it is sent: what fails or is cut off is lost. @default false */
  readonly noAck?: boolean;
  /** The broker prefers consumers with a higher one. */
  readonly priority?: number;
  /** Nobody else may consume. @default false */
  readonly exclusive?: boolean;
  /** Of a stream: where to begin. After a loss it goes on behind what was handled. @default "next" */
  readonly offset?: "first" | "last" | "next" | number | Date;
}

export interface ConsumerSetup<Tx> {
  readonly link: Link;
  readonly publisher: Publisher;
  readonly observer: Observer;
  readonly queue: string;
  /** Its queue is a stream: nothing is taken out, and nothing can be given back. */
  readonly stream: boolean;
  /** The queue's message TTL, if it has one. */
  readonly ttlSeconds?: number;
  readonly wayOut: WayOut;
  readonly identify: (message: ConsumeMessage, body: Buffer) => Identified;
  readonly decode: (message: ConsumeMessage) => Buffer | Promise<Buffer>;
  readonly handler: (delivery: DeliveryImpl<Tx>) => unknown;
  /** Before consuming, every time: an instance's queue is declared here. */
  readonly declare?: (channel: Channel) => Promise<void>;
  readonly backoff: Backoff;
  /** Milliseconds that a queue may be missing after it was there: it is being made again, perhaps. */
  readonly missingFor: number;
  /** Called when it will not go on. */
  readonly onFailed: (fault: WorkerError) => void;
}
