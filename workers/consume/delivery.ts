/** One delivery, as its handler gets it. */
import type { ConsumeMessage } from "amqplib";
import { failuresOf, historyOf, type Failure } from "./history.js";

/** What is known of a delivery, whichever message it is. `Tx`: what effects get from the idempotency store. */
export interface DeliveryFacts<Tx = never> {
  readonly queue: string;
  /** Stable over redeliveries and retries; none if a foreign publisher gave none. */
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  /** 1 for the first time; counts what the worker retried, not what the broker redelivered. */
  readonly attempt: number;
  /** Its failures, the oldest first. */
  readonly history: readonly Failure[];
  /** The broker delivered it before, and does not know what became of it. */
  readonly redelivered: boolean;
  /** When it was published, if the publisher says so. Whole seconds. */
  readonly timestamp: Date | undefined;
  readonly exchange: string;
  readonly routingKey: string;
  readonly priority: number | undefined;
  /** Of a stream. */
  readonly offset: number | undefined;
  /** Aborted when the handler's time is over, or the deadline of a stop. */
  readonly signal: AbortSignal;
  /** Runs when the handler is done, in one transaction with the mark that this message was handled. Without a store that can, it is an error. */
  effect(work: (tx: Tx) => void): void;
}

export class DeliveryImpl<Tx> implements DeliveryFacts<Tx> {
  readonly headers: Readonly<Record<string, unknown>>;
  name: string | undefined;
  body: unknown;
  effects: ((tx: Tx) => void)[] | undefined;
  #abort: AbortController | undefined;
  #aborted: Error | undefined;

  constructor(
    readonly queue: string,
    readonly message: ConsumeMessage,
    private readonly transactional: boolean,
  ) {
    this.headers = message.properties.headers ?? {};
  }

  get messageId(): string | undefined {
    return this.message.properties.messageId as string | undefined;
  }
  get correlationId(): string | undefined {
    return this.message.properties.correlationId as string | undefined;
  }
  get replyTo(): string | undefined {
    return this.message.properties.replyTo as string | undefined;
  }
  get attempt(): number {
    return failuresOf(this.headers) + 1;
  }
  get history(): readonly Failure[] {
    return historyOf(this.headers);
  }
  get redelivered(): boolean {
    return this.message.fields.redelivered;
  }
  get timestamp(): Date | undefined {
    const seconds = this.message.properties.timestamp as number | undefined;
    return seconds === undefined ? undefined : new Date(seconds * 1000);
  }
  get exchange(): string {
    return this.message.fields.exchange;
  }
  get routingKey(): string {
    return this.message.fields.routingKey;
  }
  get priority(): number | undefined {
    return this.message.properties.priority as number | undefined;
  }
  get offset(): number | undefined {
    const offset = this.headers["x-stream-offset"];
    return typeof offset === "number" ? offset : undefined;
  }
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#aborted) this.#abort.abort(this.#aborted);
    return this.#abort.signal;
  }

  abort(reason: Error): void {
    this.#aborted ??= reason;
    this.#abort?.abort(reason);
  }

  effect(work: (tx: Tx) => void): void {
    if (!this.transactional)
      throw new Error(`Queue "${this.queue}" has no store for effects: consume it with { once: sqliteOnce(database) }`);
    (this.effects ??= []).push(work);
  }
}
