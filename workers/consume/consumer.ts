/** Consumes from one queue: so many at a time, each settled by its outcome, again after every loss, and to a clean end. */
import { randomUUID } from "node:crypto";
import type { Channel, ChannelModel, ConsumeMessage, Options } from "amqplib";
import { pause, waitBefore, type Backoff } from "../connection/backoff.js";
import type { Link, Tenant } from "../connection/link.js";
import { fatal, refusalOf, WorkerError } from "../errors.js";
import type { ConsumerHealth } from "../observe/health-state.js";
import type { ConsumerEvent, Observer } from "../observe/observer.js";
import type { OnceStore } from "../once/store.js";
import type { Publisher } from "../publish/publisher.js";
import type { Outgoing } from "../publish/outgoing.js";
import { Acks, tagged } from "./acks.js";
import { DeliveryImpl } from "./delivery.js";
import type { Identified } from "./identify.js";
import type { DeadLetterReason } from "./history.js";
import { failed, outcomeOf, reasonOf, type Outcome } from "./outcomes.js";
import type { WayOut } from "./way-out.js";

export interface ConsumerOptions<Tx = never, Body = unknown> {
  /** Unacknowledged deliveries at a time. @default the bus's `prefetch`, 100 */
  readonly prefetch?: number;
  /** Handlers that run at a time. @default `prefetch` */
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

type NotDone = Exclude<Outcome, { readonly kind: "ack" }>;

interface Entry<Tx> {
  readonly delivery: DeliveryImpl<Tx>;
  readonly acks: Acks;
  readonly channel: Channel;
  key: string | undefined;
  started: boolean;
  settled: boolean;
}

const RETRY_LATER_MS = 1000;

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
  #running = 0;
  #lastMessageAt: number | undefined;
  #missingSince: number | undefined;
  #attempt = 0;
  /** It takes one at a time, and how many that are above suspicion came since. */
  #alone = false;
  #calm = 0;
  /** Between two consumers of the channel: whatever comes is given back. */
  #switching = false;
  /** Of a stream: the last one that was handled. */
  #offset: number | undefined;
  /** Came, and wait for a handler. */
  #waiting: Entry<Tx>[] = [];
  readonly #live = new Set<Entry<Tx>>();
  readonly #busyKeys = new Set<string>();
  readonly #ended = new AbortController();
  #drained: (() => void) | undefined;

  readonly #prefetch: number;
  readonly #concurrency: number;

  constructor(
    private readonly setup: ConsumerSetup<Tx>,
    private readonly options: ConsumerOptions<Tx> & { readonly prefetch: number },
  ) {
    this.#prefetch = options.prefetch;
    // A stream is handled in its order.
    this.#concurrency = options.concurrency ?? (setup.stream ? 1 : options.prefetch);
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
    if (channel && this.#tag !== undefined) await Promise.race([channel.cancel(this.#tag).catch(() => undefined), pause(deadline)]);
    for (const entry of this.#waiting.splice(0)) this.#giveBack(entry);
    if (this.#live.size > 0) {
      const drained = new Promise<void>((resolve) => (this.#drained = resolve));
      const late = new AbortController();
      await Promise.race([drained, pause(deadline, late.signal)]);
      late.abort();
    }
    for (const entry of [...this.#live]) {
      entry.delivery.abort(new Error("The worker stops."));
      this.#giveBack(entry);
    }
    this.#acks?.flush();
    this.setup.link.remove(this);
    await Promise.race([channel?.close().catch(() => undefined), pause(1000)]);
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
    await this.setup.declare?.(channel);
    // A stream gives nothing without.
    await channel.prefetch(this.options.noAck && !this.setup.stream ? 0 : this.#prefetch);
    this.#alone = false;
    this.#switching = false;
    const acks = new Acks(channel, () => this.setup.observer.inFlight(queue, acks.open));
    this.#channel = channel;
    this.#acks = acks;
    let up = false;
    channel.on("close", () => {
      if (up && this.#channel === channel) this.#recover("the broker closed the channel");
    });
    await this.#begin(channel, acks);
    up = true;
    this.#everOpen = true;
    this.#missingSince = undefined;
    this.#attempt = 0;
    if (this.#stopping) return;
    this.#become("consuming");
  }

  async #begin(channel: Channel, acks: Acks): Promise<void> {
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message) this.#arrived(message, channel, acks);
      else if (this.#channel === channel) this.#cancelled(channel);
    };
    // One of its own: deliveries come before the broker's answer, and may want to end it.
    this.#tag = randomUUID();
    await channel.consume(this.queue, onMessage, { ...this.#arguments(), consumerTag: this.#tag });
  }

  /** From now on one at a time, or as many as before. A prefetch holds for consumers that come after it. */
  async #switch(channel: Channel, acks: Acks, alone: boolean): Promise<void> {
    this.#switching = true;
    this.#calm = 0;
    try {
      if (this.#tag !== undefined) await channel.cancel(this.#tag);
      for (const entry of this.#waiting.splice(0)) this.#giveBack(entry);
      await channel.prefetch(alone ? 1 : this.#prefetch);
      this.#alone = alone;
      this.#switching = false;
      if (!this.#stopping && this.#channel === channel) await this.#begin(channel, acks);
    } catch (error) {
      // The channel went: the next one begins anew.
      if (this.#channel === channel) this.#recover(reasonOf(error));
    }
  }

  #suspicious({ headers }: DeliveryImpl<Tx>): boolean {
    const count = headers["x-delivery-count"];
    return typeof count === "number" && count >= SUSPECT && this.#prefetch > 1 && !this.options.noAck && !this.setup.stream;
  }

  #arguments(): Options.Consume {
    const { noAck, priority, exclusive, offset = "next" } = this.options;
    const from = this.#offset === undefined ? offset : this.#offset + 1;
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
    for (const entry of this.#waiting.splice(0)) this.#live.delete(entry);
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
    const timestamp = message.properties.timestamp as number | undefined;
    const { redelivered } = message.fields;
    this.setup.observer.received(
      this.queue,
      message.content.length,
      redelivered,
      timestamp === undefined ? undefined : Math.max(0, now / 1000 - timestamp),
    );
    if (!this.options.noAck) acks.add();
    const delivery = new DeliveryImpl<Tx>(this.queue, message, this.options.once !== undefined);
    const entry: Entry<Tx> = { delivery, acks, channel, key: undefined, started: false, settled: false };
    this.#live.add(entry);
    if (this.#stopping || this.#switching) return this.#giveBack(entry);
    if (!this.#alone && this.#suspicious(delivery)) {
      this.#giveBack(entry);
      return void this.#switch(channel, acks, true);
    }
    this.#read(entry);
  }

  /** What cannot be read is dead-lettered at once: no retry would help. */
  #read(entry: Entry<Tx>): void {
    const { delivery } = entry;
    let decoded: Buffer | Promise<Buffer>;
    try {
      decoded = this.setup.decode(delivery.message);
    } catch (error) {
      return this.#unreadable(entry, "malformed", reasonOf(error));
    }
    if (Buffer.isBuffer(decoded)) return this.#identify(entry, decoded);
    decoded.then(
      (body) => this.#identify(entry, body),
      (error: unknown) => this.#unreadable(entry, "malformed", reasonOf(error)),
    );
  }

  #identify(entry: Entry<Tx>, body: Buffer): void {
    // Decoding took its time, and the channel went meanwhile.
    if (this.#acks !== entry.acks) return void this.#live.delete(entry);
    const identified = this.setup.identify(entry.delivery.message, body);
    if (!identified.ok) return this.#unreadable(entry, identified.reason, identified.fault);
    entry.delivery.name = identified.name;
    entry.delivery.body = identified.body;
    const { orderBy } = this.options;
    if (orderBy)
      try {
        entry.key = orderBy(identified.body);
      } catch (error) {
        return this.#unreadable(entry, "invalid", `orderBy: ${reasonOf(error)}`);
      }
    if (this.#mayStart(entry)) this.#start(entry);
    else this.#waiting.push(entry);
  }

  #unreadable(entry: Entry<Tx>, why: DeadLetterReason, fault: string): void {
    entry.started = true;
    this.#running++;
    void this.#toDeadLetters(entry, why, fault, 0);
  }

  #mayStart({ key }: Entry<Tx>): boolean {
    return this.#running < this.#concurrency && (key === undefined || !this.#busyKeys.has(key));
  }

  #next(): void {
    for (let at = 0; at < this.#waiting.length && this.#running < this.#concurrency && !this.#stopping;) {
      const entry = this.#waiting[at];
      if (entry && this.#mayStart(entry)) {
        this.#waiting.splice(at, 1);
        this.#start(entry);
      } else at++;
    }
  }

  #start(entry: Entry<Tx>): void {
    entry.started = true;
    this.#running++;
    if (entry.key !== undefined) this.#busyKeys.add(entry.key);
    const { once } = this.options;
    if (!once || entry.delivery.messageId === undefined) return this.#handle(entry);
    try {
      const seen = once.seen(this.#onceKey(entry));
      if (typeof seen === "boolean") return seen ? this.#duplicate(entry, 0) : this.#handle(entry);
      seen.then(
        (is) => (is ? this.#duplicate(entry, 0) : this.#handle(entry)),
        (error: unknown) => void this.#apply(entry, failed(error), 0),
      );
    } catch (error) {
      void this.#apply(entry, failed(error), 0);
    }
  }

  /** The same message in two queues has two effects. */
  #onceKey({ delivery }: Entry<Tx>): string {
    return `${this.queue}\u0000${delivery.messageId}`;
  }

  #handle(entry: Entry<Tx>): void {
    const { delivery } = entry;
    const begun = performance.now();
    const seconds = (): number => (performance.now() - begun) / 1000;
    const { timeout } = this.options;
    let late: NodeJS.Timeout | undefined;
    let over = false;
    const done = (outcome: Outcome): Promise<void> | undefined => {
      if (over) return undefined;
      over = true;
      clearTimeout(late);
      return this.#decided(entry, outcome, seconds());
    };
    if (timeout !== undefined && timeout > 0)
      late = setTimeout(() => {
        const error = new Error(`The handler took longer than ${timeout} ms.`);
        delivery.abort(error);
        void done(failed(error));
      }, timeout);
    // Settled inside: the trace's span has the outcome, and lasts until then.
    const work = (): unknown => {
      try {
        const result = this.setup.handler(delivery);
        if (!isPromise(result)) return done(outcomeOf(result));
        return result.then(
          (value) => done(outcomeOf(value)),
          (error: unknown) => done(failed(error)),
        );
      } catch (error) {
        return done(failed(error));
      }
    };
    this.setup.observer.traceProcess(this.queue, delivery.name ?? "", delivery.headers, work, delivery);
  }

  #decided(entry: Entry<Tx>, outcome: Outcome, seconds: number): Promise<void> | undefined {
    const { once } = this.options;
    if (outcome.kind !== "ack") return this.#apply(entry, outcome, seconds);
    if (!once || entry.delivery.messageId === undefined) {
      this.#ack(entry, seconds);
      return undefined;
    }
    const committed = (first: boolean): void => (first ? this.#ack(entry, seconds) : this.#duplicate(entry, seconds));
    const broken = (error: unknown): Promise<void> => this.#apply(entry, failed(error), seconds);
    try {
      const result = once.commit(this.#onceKey(entry), entry.delivery.effects ?? []);
      if (typeof result !== "boolean") return result.then(committed, broken);
      committed(result);
      return undefined;
    } catch (error) {
      return broken(error);
    }
  }

  #duplicate(entry: Entry<Tx>, seconds: number): void {
    this.#settle(entry, "duplicate", seconds, undefined, () => entry.acks.ack(tagOf(entry)));
  }

  #ack(entry: Entry<Tx>, seconds: number): void {
    this.#settle(entry, "ack", seconds, undefined, () => {
      const { offset } = entry.delivery;
      if (offset !== undefined) this.#offset = offset;
      entry.acks.ack(tagOf(entry));
    });
  }

  async #apply(entry: Entry<Tx>, outcome: NotDone, seconds: number): Promise<void> {
    const { delivery } = entry;
    if (outcome.kind === "requeue") return this.#giveBack(entry);
    const { reason } = outcome;
    if (this.options.noAck || this.setup.stream) {
      if (outcome.kind === "retry" && this.setup.stream) return this.#again(entry, reason, seconds);
      this.setup.observer.deadLettered(this.queue, "rejected", delivery);
      return this.#settle(entry, outcome.kind, seconds, reason, () => {
        const { offset } = delivery;
        if (offset !== undefined) this.#offset = offset;
        entry.acks.ack(tagOf(entry));
      });
    }
    if (outcome.kind === "reject") return this.#reject(entry, seconds, reason);
    if (outcome.kind === "park") return this.#toDeadLetters(entry, "parked", reason, seconds);
    const rung = this.setup.wayOut.rung(delivery.message, reason);
    if (rung) {
      if (await this.#published(entry, rung)) this.#settle(entry, "retry", seconds, reason, () => entry.acks.ack(tagOf(entry)));
      return;
    }
    // The queue holds it back itself, and counts.
    if (this.setup.wayOut.delays)
      return this.#settle(entry, "retry", seconds, reason, () => {
        entry.channel.reject(tagged(tagOf(entry)), true);
        entry.acks.settle(tagOf(entry));
      });
    return this.#toDeadLetters(entry, "exhausted", reason, seconds);
  }

  /** A stream cannot give back: the same delivery is tried again, and those behind it wait. */
  async #again(entry: Entry<Tx>, reason: string, seconds: number): Promise<void> {
    this.setup.observer.processed(this.queue, entry.delivery.name ?? "", "retry", seconds, reason, entry.delivery);
    await pause(waitBefore(this.#attempt++, this.setup.backoff), this.#ended.signal);
    if (this.#acks !== entry.acks || this.#stopping) return this.#settle(entry, "stale", 0, undefined, () => undefined);
    entry.delivery.effects = undefined;
    this.#handle(entry);
  }

  #reject(entry: Entry<Tx>, seconds: number, reason: string): void {
    this.setup.observer.deadLettered(this.queue, "rejected", entry.delivery);
    this.#settle(entry, "reject", seconds, reason, () => {
      entry.channel.reject(tagged(tagOf(entry)), false);
      entry.acks.settle(tagOf(entry));
    });
  }

  async #toDeadLetters(entry: Entry<Tx>, why: DeadLetterReason, reason: string, seconds: number): Promise<void> {
    if (this.options.noAck || this.setup.stream) {
      this.setup.observer.deadLettered(this.queue, why, entry.delivery);
      return this.#settle(entry, "park", seconds, reason, () => entry.acks.ack(tagOf(entry)));
    }
    const letter = this.setup.wayOut.deadLetters(entry.delivery.message, why, reason);
    // The topology has nowhere for it: the broker drops it, as the topology says.
    if (!letter) return this.#reject(entry, seconds, `${why}: ${reason}`);
    if (!(await this.#published(entry, letter))) return;
    this.setup.observer.deadLettered(this.queue, why, entry.delivery);
    this.#settle(entry, "park", seconds, `${why}: ${reason}`, () => entry.acks.ack(tagOf(entry)));
  }

  /** Whether the broker has it. If not, it is given back after a while: it may have arrived, so a duplicate is possible, and a loss is not. */
  async #published(entry: Entry<Tx>, outgoing: Outgoing): Promise<boolean> {
    try {
      await this.setup.publisher.send(outgoing);
      return true;
    } catch (error) {
      this.setup.observer.consumer(this.queue, this.#state, `a failed message could not be sent on: ${reasonOf(error)}`);
      await pause(RETRY_LATER_MS, this.#ended.signal);
      this.#giveBack(entry);
      return false;
    }
  }

  /** By nack: it counts for no delivery limit. */
  #giveBack(entry: Entry<Tx>): void {
    if (this.options.noAck || this.setup.stream) return this.#settle(entry, "stale", 0, undefined, () => undefined);
    this.#settle(entry, "requeue", 0, undefined, () => {
      entry.channel.nack(tagged(tagOf(entry)), false, true);
      entry.acks.settle(tagOf(entry));
    });
  }

  #settle(
    entry: Entry<Tx>,
    outcome: Outcome["kind"] | "duplicate" | "stale",
    seconds: number,
    reason: string | undefined,
    tell: () => void,
  ): void {
    if (entry.settled) return;
    entry.settled = true;
    const { delivery } = entry;
    // The channel that it came on is gone: the broker delivers it again, and an ack would end the new one.
    const stale = this.#acks !== entry.acks;
    if (!stale && !this.options.noAck)
      try {
        tell();
      } catch {
        // It closed this very moment.
      }
    this.setup.observer.processed(this.queue, delivery.name ?? "", stale ? "stale" : outcome, seconds, reason, delivery);
    this.#live.delete(entry);
    if (entry.started) this.#running--;
    if (entry.key !== undefined && entry.started) this.#busyKeys.delete(entry.key);
    if (this.#alone && !stale && !this.#switching && outcome !== "requeue") {
      this.#calm = this.#suspicious(delivery) ? 0 : this.#calm + 1;
      if (this.#calm >= CALM) void this.#switch(entry.channel, entry.acks, false);
    }
    if (this.#waiting.length > 0) this.#next();
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#live.size === 0) this.#drained?.();
  }
}

const tagOf = <Tx>({ delivery }: Entry<Tx>): number => delivery.message.fields.deliveryTag;

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && typeof (value as { readonly then?: unknown }).then === "function";
