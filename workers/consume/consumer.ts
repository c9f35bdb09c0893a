/** Consumes from one queue: begins again after every loss, takes one at a time when a message has ended a worker, and comes to a clean end. */
import type { Channel, ChannelModel, ConsumeMessage, Options } from "amqplib";
import { randomUUID } from "node:crypto";
import { pause, waitBefore, within } from "../connection/backoff.js";
import type { Tenant } from "../connection/link.js";
import { fatal, refusalOf, WorkerError } from "../errors.js";
import type { ConsumerHealth } from "../observe/health-state.js";
import type { ConsumerEvent, OutcomeName } from "../observe/observer.js";
import { Acks } from "./acks.js";
import { DeliveryImpl } from "./delivery.js";
import { Handling } from "./handling.js";
import { reasonOf } from "./outcomes.js";
import { Settling, type Entry, type Surroundings } from "./settling.js";
import type { ConsumerOptions, ConsumerSetup } from "./setup.js";
import { nearTtl } from "./waited.js";

/*
 * A message that ends its worker takes all that is prefetched along: each counts one more delivery, and at the limit the innocent ones
 * are dead-lettered too. So what has been delivered in vain so often is handled alone, with nothing else on the channel.
 */
const SUSPECT = 2;
/** So many others after it, and the consumer takes as many as before. */
const CALM = 10;

export class Consumer<Tx = never> implements Tenant {
  #state: ConsumerEvent = "recovering";
  #connection: ChannelModel | undefined;
  #channel: Channel | undefined;
  #acks: Acks | undefined;
  #tag: string | undefined;
  #everOpen = false;
  #stopping = false;
  #lastMessageAt: number | undefined;
  #missingSince: number | undefined;
  #attempt = 0;
  /** It takes one at a time, and how many that are above suspicion came since. */
  #alone = false;
  #calm = 0;
  /** Between two consumers of the channel: whatever comes is given back. */
  #switching = false;
  /** Not settled. */
  readonly #live = new Set<Entry<Tx>>();
  readonly #ended = new AbortController();
  #drained: (() => void) | undefined;

  readonly #prefetch: number;
  readonly #settling: Settling<Tx>;
  readonly #handling: Handling<Tx>;

  constructor(
    private readonly setup: ConsumerSetup<Tx>,
    private readonly options: ConsumerOptions<Tx> & { readonly prefetch: number },
  ) {
    this.#prefetch = options.prefetch;
    const around: Surroundings<Tx> = {
      isCurrent: ({ acks }) => acks === this.#acks,
      state: () => this.#state,
      ended: this.#ended.signal,
      settled: (entry, outcome) => this.#settled(entry, outcome),
    };
    this.#settling = new Settling(setup, options.noAck === true, around);
    this.#handling = new Handling(setup, options, this.#settling, around);
  }

  get queue(): string {
    return this.setup.queue;
  }

  get state(): ConsumerEvent {
    return this.#state;
  }

  /** For the bus's health. */
  get facts(): ConsumerHealth {
    return {
      queue: this.queue,
      state: this.#state,
      inFlight: this.#live.size,
      prefetch: this.#prefetch,
      ...(this.#lastMessageAt === undefined ? {} : { lastMessageAt: this.#lastMessageAt }),
    };
  }

  /** Resolves when it consumes. Throws a `WorkerError`. */
  async start(): Promise<void> {
    await this.setup.link.add(this);
  }

  /**
   * Takes no more, gives back what was not begun, and waits for what was: at most `deadline` milliseconds, then their signals are
   * aborted and the broker delivers them again.
   */
  async stop(deadline: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#ended.abort();
    const channel = this.#channel;
    if (channel && this.#tag !== undefined)
      await within(
        deadline,
        channel.cancel(this.#tag).catch(() => undefined),
      );
    for (const entry of this.#handling.withdraw()) this.#settling.giveBack(entry);
    if (this.#live.size > 0) {
      const drained = new Promise<void>((resolve) => (this.#drained = resolve));
      await within(deadline, drained);
    }
    for (const entry of [...this.#live]) {
      entry.delivery.abort(new Error("The worker stops."));
      this.#settling.giveBack(entry);
    }
    this.#acks?.flush();
    if (channel && this.#acks?.crowded)
      await within(
        deadline,
        this.#settleAll(channel).catch(() => undefined),
      );
    this.setup.link.remove(this);
    await within(
      1000,
      channel?.close().catch(() => undefined),
    );
    this.#become("stopped");
  }

  // --- As a tenant of the connection

  async open(connection: ChannelModel): Promise<void> {
    this.#connection = connection;
    try {
      await this.#consume(connection);
    } catch (error) {
      if (this.#connection !== connection || this.#stopping) return;
      this.#leave();
      const refusal = refusalOf(error);
      const fault = error instanceof WorkerError ? error : refusal && fatal(refusal, `Queue "${this.queue}" cannot be consumed`);
      if (!this.#everOpen) {
        if (fault) throw fault;
        throw error;
      }
      this.#missingSince ??= Date.now();
      if (fault && Date.now() - this.#missingSince > this.setup.missingFor) return this.#end(fault);
      this.#become("recovering", reasonOf(error));
      void this.#later(connection);
    }
  }

  lost(reason: string): void {
    this.#connection = undefined;
    this.#leave();
    this.#become("recovering", reason);
  }

  failed(fault: WorkerError): void {
    this.#end(fault);
  }

  // --- The channel

  async #consume(connection: ChannelModel): Promise<void> {
    const channel = await connection.createChannel();
    const { queue } = this;
    channel.on("error", () => undefined);
    // amqplib throws for deliveries behind a cancel; they have come by then.
    channel.on("handler-error", () => undefined);
    await this.setup.declare?.(channel);
    // A stream gives nothing without.
    await channel.prefetch(this.options.noAck && !this.setup.stream ? 0 : this.#prefetch);
    this.#alone = false;
    this.#switching = false;
    const acks = new Acks(channel, () => this.setup.observer.inFlight(queue, acks.open));
    this.#channel = channel;
    this.#acks = acks;
    // Not by the consumer's callback: a delivery can come when its consumer is gone.
    channel.prependListener("delivery", (message: ConsumeMessage) => this.#arrived(message, channel, acks));
    let up = false;
    channel.on("close", () => {
      if (up && this.#channel === channel) this.#recover("the broker closed the channel");
    });
    await this.#begin(channel);
    up = true;
    this.#everOpen = true;
    this.#missingSince = undefined;
    this.#attempt = 0;
    if (this.#stopping) return;
    this.#become("consuming");
  }

  async #begin(channel: Channel): Promise<void> {
    const onMessage = (message: ConsumeMessage | null): void => {
      if (!message && this.#channel === channel) this.#cancelled(channel);
    };
    // One of its own: deliveries come before the broker's answer, and may want to end it.
    this.#tag = randomUUID();
    await channel.consume(this.queue, onMessage, { ...this.#arguments(), consumerTag: this.#tag });
  }

  /** From now on one at a time, or as many as before. A prefetch holds for consumers that come after it. */
  async #switch(channel: Channel, alone: boolean): Promise<void> {
    this.#switching = true;
    this.#calm = 0;
    try {
      if (this.#tag !== undefined) await channel.cancel(this.#tag);
      for (const entry of this.#handling.withdraw()) this.#settling.giveBack(entry);
      await channel.prefetch(alone ? 1 : this.#prefetch);
      this.#alone = alone;
      this.#switching = false;
      if (!this.#stopping && this.#channel === channel) await this.#begin(channel);
    } catch (error) {
      // The channel went: the next one begins anew.
      if (this.#channel === channel) this.#recover(reasonOf(error));
    }
  }

  /** To consume and to cancel goes through a quorum queue's log, and so comes back behind every ack that was sent; twice, for those kept back. */
  async #settleAll(channel: Channel): Promise<void> {
    await channel.prefetch(1);
    for (let round = 0; round < 2; round++)
      await channel.cancel((await channel.consume(this.queue, () => undefined, this.#arguments())).consumerTag);
  }

  #suspicious({ headers }: DeliveryImpl<Tx>): boolean {
    const count = headers["x-delivery-count"];
    return typeof count === "number" && count >= SUSPECT && this.#prefetch > 1 && !this.options.noAck && !this.setup.stream;
  }

  #arguments(): Options.Consume {
    const { noAck, priority, exclusive, offset = "next" } = this.options;
    const handled = this.#settling.offset;
    const from = handled === undefined ? offset : handled + 1;
    // amqplib writes a Date as a string; the broker wants a timestamp of seconds.
    const begin = from instanceof Date ? { "!": "timestamp", value: Math.floor(from.getTime() / 1000) } : from;
    return {
      noAck: noAck === true,
      ...(priority === undefined ? {} : { priority }),
      ...(exclusive === undefined ? {} : { exclusive }),
      ...(this.setup.stream ? { arguments: { "x-stream-offset": begin } } : {}),
    };
  }

  /** The broker ended the consumer: its queue is gone, its leader moved, a delivery took too long. The channel goes too: it holds deliveries that nobody will settle. */
  #cancelled(channel: Channel): void {
    this.setup.observer.consumer(this.queue, "cancelled");
    this.#leave();
    void channel.close().catch(() => undefined);
    this.#recover("the broker cancelled the consumer");
  }

  #recover(reason: string): void {
    this.#leave();
    const connection = this.#connection;
    if (this.#stopping || this.#state === "failed" || !connection) return;
    this.#become("recovering", reason);
    void this.#later(connection);
  }

  async #later(connection: ChannelModel): Promise<void> {
    await pause(waitBefore(this.#attempt++, this.setup.backoff), this.#ended.signal);
    if (this.#connection === connection && !this.#stopping)
      await this.open(connection).catch((error: unknown) => this.#become("recovering", reasonOf(error)));
  }

  /** Whatever is open on the channel comes again: what waits is forgotten, what runs finds its ack stale. */
  #leave(): void {
    this.#channel = undefined;
    this.#acks = undefined;
    this.#tag = undefined;
    for (const entry of this.#handling.withdraw()) this.#live.delete(entry);
    this.#checkDrained();
  }

  #end(fault: WorkerError): void {
    if (this.#state === "failed") return;
    this.#leave();
    this.#become("failed", fault.message);
    this.setup.link.remove(this);
    this.setup.onFailed(fault);
  }

  #become(state: ConsumerEvent, reason?: string): void {
    this.#state = state;
    this.setup.observer.consumer(this.queue, state, reason);
  }

  // --- Deliveries

  #arrived(message: ConsumeMessage, channel: Channel, acks: Acks): void {
    const now = Date.now();
    this.#lastMessageAt = now;
    const { timestamp } = message.properties as { readonly timestamp?: number };
    const age = timestamp === undefined ? undefined : Math.max(0, now / 1000 - timestamp);
    const { ttlSeconds } = this.setup;
    const expiring = ttlSeconds !== undefined && nearTtl(message, ttlSeconds, now);
    this.setup.observer.received(this.queue, message.content.length, message.fields.redelivered, age, expiring);
    if (!this.options.noAck) acks.add(message.fields.deliveryTag);
    const delivery = new DeliveryImpl<Tx>(this.queue, message, this.options.once !== undefined);
    const entry: Entry<Tx> = { delivery, acks, channel, key: undefined, started: false, settled: false };
    this.#live.add(entry);
    if (this.#stopping || this.#switching) return this.#settling.giveBack(entry);
    if (!this.#alone && this.#suspicious(delivery)) {
      this.#settling.giveBack(entry);
      return void this.#switch(channel, true);
    }
    this.#handling.take(entry);
  }

  #settled(entry: Entry<Tx>, outcome: OutcomeName): void {
    this.#live.delete(entry);
    if (this.#alone && !this.#switching && outcome !== "stale" && outcome !== "requeue") {
      this.#calm = this.#suspicious(entry.delivery) ? 0 : this.#calm + 1;
      if (this.#calm >= CALM) void this.#switch(entry.channel, false);
    }
    this.#handling.next(entry);
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#live.size === 0) this.#drained?.();
  }
}
