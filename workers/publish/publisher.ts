/** Publishes with confirms, many at a time. What is not confirmed when a connection is lost is sent again on the next one, with the same id. */
import type { ChannelModel, ConfirmChannel, Message, Options } from "amqplib";
import type { Link, Tenant } from "../connection/link.js";
import { PublishError, refusalOf, said, type PublishCode, type Refusal, type WorkerError } from "../errors.js";
import type { Observer } from "../observe/observer.js";
import type { Outgoing } from "./outgoing.js";
import { Wire, type OnConfirm } from "./wire.js";

export interface PublisherLimits {
  /** Unconfirmed messages at a time. @default 1000 */
  readonly window: number;
  /** Messages, and bytes, that wait while disconnected, blocked by an alarm, or because the window is full. @default 10000 and 64 MiB */
  readonly bufferMessages: number;
  readonly bufferBytes: number;
  /** Milliseconds until a message is given up. @default 30000 */
  readonly timeout: number;
}

/** What the broker confirmed. */
export interface Confirmed {
  readonly messageId: string;
}

interface Pending {
  readonly outgoing: Outgoing;
  readonly startedAt: number;
  readonly deadline: number;
  readonly resolve: (published: Confirmed) => void;
  readonly reject: (error: PublishError) => void;
  /** Why the broker gave it back. */
  returned: string | undefined;
  settled: boolean;
}

/** Longest time between two looks at what is late. */
const SWEEP_MS = 250;

export class Publisher implements Tenant {
  #channel: ConfirmChannel | undefined;
  /** Of that channel. */
  #wire: Wire | undefined;
  /** The connection that the channel is on. */
  #connection: ChannelModel | undefined;
  #waiting: Pending[] = [];
  /** Where the waiting ones begin: shifting a long array costs. */
  #head = 0;
  #waitingBytes = 0;
  /** Sent and unconfirmed, oldest first. Given up ones stay until the broker says its word: they take room there as well. */
  readonly #flying = new Set<Pending>();
  /** The socket takes no more for now. */
  #full = false;
  #fault: PublishError | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  constructor(
    private readonly link: Link,
    private readonly limits: PublisherLimits,
    private readonly observer: Observer,
  ) {}

  /** Messages that wait. */
  get buffered(): number {
    return this.#waiting.length - this.#head;
  }

  get unconfirmed(): number {
    return this.#flying.size;
  }

  /** Resolves when the broker confirmed that a queue has it. Throws a `PublishError`. */
  send(outgoing: Outgoing, timeout = this.limits.timeout): Promise<Confirmed> {
    return new Promise((resolve, reject) => {
      const now = Date.now();
      const pending: Pending = { outgoing, startedAt: now, deadline: now + timeout, resolve, reject, returned: undefined, settled: false };
      if (this.#fault) return this.#fail(pending, this.#fault.code, this.#fault.message);
      if (this.buffered >= this.limits.bufferMessages || this.#waitingBytes + outgoing.content.length > this.limits.bufferBytes)
        return this.#fail(pending, "buffer-full", `${this.buffered} messages wait already (${this.#state()}); this one was not sent.`, {
          remedy: "publish slower, await what was published, or let WARREN_BUFFER_MESSAGES and WARREN_BUFFER_BYTES be larger",
        });
      this.#sweeper ??= setInterval(() => this.#sweep(), Math.min(SWEEP_MS, timeout)).unref();
      if (this.#ready() && this.buffered === 0) this.#fly(pending);
      else this.#wait(pending);
    });
  }

  /** Resolves when nothing waits and everything sent is confirmed. */
  async idle(): Promise<void> {
    if (this.buffered === 0 && this.#flying.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** What is not confirmed now fails: it may have arrived. */
  close(reason = "The bus was closed before the broker confirmed the message; it may have arrived."): void {
    this.#fault ??= new PublishError("closed", reason);
    this.link.remove(this);
    for (const pending of [...this.#flying, ...this.#waiting.slice(this.#head)]) this.#fail(pending, "closed", reason);
    this.#flying.clear();
    this.#clearWaiting();
    this.#rest();
  }

  // --- As a tenant of the connection

  async open(connection: ChannelModel): Promise<void> {
    this.#connection = connection;
    const channel = await connection.createConfirmChannel({ highWaterMark: 4096 });
    let refusal: Refusal | undefined;
    channel.on("error", (error: Error) => (refusal = refusalOf(error)));
    channel.on("close", () => this.#channelClosed(channel, refusal));
    channel.on("return", (message: Message) => this.#returned(message));
    channel.on("drain", () => {
      this.#full = false;
      this.#pump();
    });
    this.#full = false;
    this.#wire = Wire.on(connection, channel);
    this.#channel = channel;
    this.#pump();
  }

  lost(): void {
    this.#connection = undefined;
    this.#channel = undefined;
    this.#again();
  }

  failed(fault: WorkerError): void {
    this.close(`Publishing has ended: ${fault.message}`);
  }

  blocked(reason: string | undefined): void {
    if (reason === undefined) this.#pump();
  }

  // --- Sending

  #ready(): boolean {
    return this.#channel !== undefined && !this.#full && this.link.blocked === undefined && this.#flying.size < this.limits.window;
  }

  #wait(pending: Pending): void {
    this.#waiting.push(pending);
    this.#waitingBytes += pending.outgoing.content.length;
    this.observer.buffered(this.buffered, this.#waitingBytes);
  }

  #pump(): void {
    if (this.buffered === 0) return;
    while (this.buffered > 0 && this.#ready()) {
      const pending = this.#waiting[this.#head++];
      if (!pending) continue;
      this.#waitingBytes -= pending.outgoing.content.length;
      if (!pending.settled) this.#fly(pending);
    }
    if (this.buffered === 0) this.#clearWaiting();
    else if (this.#head > 1024) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    this.observer.buffered(this.buffered, this.#waitingBytes);
  }

  #clearWaiting(): void {
    this.#waiting = [];
    this.#head = 0;
    this.#waitingBytes = 0;
  }

  #fly(pending: Pending): void {
    const { exchange, key, content, properties } = pending.outgoing;
    const channel = this.#channel;
    if (!channel) return this.#wait(pending);
    this.#flying.add(pending);
    try {
      const confirmed: OnConfirm = (error) => this.#confirmed(pending, error);
      const more = this.#wire
        ? this.#wire.publish(pending.outgoing, confirmed)
        : channel.publish(exchange, key, content, properties as Options.Publish, confirmed);
      if (!more) this.#full = true;
    } catch (error) {
      this.#flying.delete(pending);
      // A channel that is closing takes nothing, and says so later; what cannot be encoded never will.
      if (this.#channel !== channel || /closed|closing/i.test((error as Error).message)) return this.#wait(pending);
      this.#fail(pending, "invalid", `Message "${pending.outgoing.name}" cannot be sent: ${(error as Error).message}`);
    }
  }

  #confirmed(pending: Pending, error: Error | null): void {
    // The channel went: it is sent again.
    if (error && error.message !== "message nacked") return;
    this.#flying.delete(pending);
    if (!pending.settled) {
      if (error)
        this.#fail(
          pending,
          "nacked",
          `${nameOf(pending)} was refused by the broker: a queue that it reaches is full, or could not take it.`,
        );
      else if (pending.returned !== undefined)
        this.#fail(pending, "unroutable", `${nameOf(pending)} was returned: ${pending.returned}.`, {
          remedy: "no queue is bound for it: `warren explain` shows where its key leads",
        });
      else this.#settle(pending);
    }
    if (this.#flying.size === 0) this.#rest();
    if (this.buffered > 0) this.#pump();
  }

  #settle(pending: Pending): void {
    pending.settled = true;
    const { name, exchange, content } = pending.outgoing;
    this.observer.published(name, exchange, (Date.now() - pending.startedAt) / 1000, content.length);
    pending.resolve({ messageId: pending.outgoing.messageId });
  }

  #fail(pending: Pending, code: PublishCode, fault: string, details: { readonly remedy?: string } = {}): void {
    if (pending.settled) return;
    pending.settled = true;
    const { name, exchange, content, messageId } = pending.outgoing;
    this.observer.published(name, exchange, (Date.now() - pending.startedAt) / 1000, content.length, code);
    const error = new PublishError(code, fault, details);
    error.messageId = messageId;
    pending.reject(error);
  }

  /** The broker returns a message before it confirms it. */
  #returned({ properties, fields }: Message): void {
    const { replyText } = fields as unknown as { readonly replyText: string };
    for (const pending of this.#flying) {
      const { messageId, exchange, key } = pending.outgoing;
      if (messageId === properties.messageId && exchange === fields.exchange && key === fields.routingKey) pending.returned ??= replyText;
    }
  }

  /** Whatever was not confirmed goes out once more, in its order. */
  #again(): void {
    const unconfirmed = [...this.#flying].filter(({ settled }) => !settled);
    this.#flying.clear();
    for (const pending of unconfirmed) {
      pending.returned = undefined;
      this.#waitingBytes += pending.outgoing.content.length;
      this.observer.republished(pending.outgoing.name);
    }
    this.#waiting = [...unconfirmed, ...this.#waiting.slice(this.#head)];
    this.#head = 0;
  }

  #channelClosed(channel: ConfirmChannel, refusal: Refusal | undefined): void {
    if (this.#channel !== channel) return;
    this.#channel = undefined;
    if (refusal) this.#refuse(refusal);
    this.#again();
    const connection = this.#connection;
    if (connection && !this.#fault)
      // If the connection goes too, the next one opens it.
      void this.open(connection).catch(() => undefined);
  }

  /** The broker names the exchange; if it does not, nobody knows which message it meant. */
  #refuse(refusal: Refusal): void {
    const exchange = /exchange '([^']*)'/.exec(refusal.text)?.[1];
    const topic = /access to topic '([^']*)'/.exec(refusal.text)?.[1];
    for (const pending of [...this.#flying, ...this.#waiting.slice(this.#head)]) {
      const { outgoing } = pending;
      const meant =
        exchange === undefined
          ? this.#flying.has(pending)
          : (outgoing.exchange || "amq.default") === exchange || outgoing.exchange === exchange;
      if (meant && (topic === undefined || outgoing.key === topic))
        this.#fail(pending, "refused", `${nameOf(pending)} is refused: ${said(refusal)}`, {
          remedy: "provision the topology (`pulumi up`); `warren drift` shows what differs",
        });
    }
  }

  #sweep(): void {
    const now = Date.now();
    for (const pending of this.#flying)
      if (!pending.settled && pending.deadline <= now)
        this.#fail(pending, "timeout", `${nameOf(pending)} was not confirmed in time; it may have arrived.`, {
          remedy: "publish it again with the same messageId: consumers know it by that",
        });
    let late = false;
    for (let at = this.#head; at < this.#waiting.length; at++) {
      const pending = this.#waiting[at];
      if (!pending || pending.settled || pending.deadline > now) continue;
      late = true;
      this.#fail(
        pending,
        "timeout",
        `${nameOf(pending)} could not be sent in time (${this.#state()}); it did not arrive, or arrived without a confirm.`,
      );
    }
    if (late) {
      this.#waiting = this.#waiting.slice(this.#head).filter(({ settled }) => !settled);
      this.#head = 0;
      this.#waitingBytes = this.#waiting.reduce((sum, { outgoing }) => sum + outgoing.content.length, 0);
      this.observer.buffered(this.buffered, this.#waitingBytes);
      this.#rest();
    }
  }

  #state(): string {
    if (this.link.blocked !== undefined) return `the broker blocks publishers: ${this.link.blocked}`;
    if (!this.#channel) return "disconnected";
    return this.#flying.size >= this.limits.window ? `${this.#flying.size} are unconfirmed` : "the connection is busy";
  }

  #rest(): void {
    if (this.buffered > 0 || this.#flying.size > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

const nameOf = ({ outgoing: { name, messageId } }: Pending): string => `Message "${name}" (${messageId})`;
