/** What a service does on its topology: publish, consume, ask, answer, and come to an end. */
import type { Channel } from "amqplib";
import { entry } from "../topology/entry.js";
import type { BusSettings, Links } from "./bus-settings.js";
import { within } from "./connection/backoff.js";
import { batched, type BatchOptions } from "./consume/batch.js";
import type { DeliveryFacts } from "./consume/delivery.js";
import type { Outcome } from "./consume/outcomes.js";
import { Receiver } from "./consume/receiver.js";
import type { ConsumerOptions } from "./consume/setup.js";
import { faultOf, refusalOf, WorkerError } from "./errors.js";
import { assess, type Health } from "./observe/health-state.js";
import type { Observer } from "./observe/observer.js";
import type { PublishOptions } from "./publish/outgoing.js";
import type { Confirmed, Publisher } from "./publish/publisher.js";
import { Sender, type BatchResult, type RequestOptions, type WithWords } from "./publish/sender.js";
import type {
  AnyTopology,
  BodyIn,
  Consumed,
  Instances,
  InstanceWords,
  KeyWords,
  MessagesOf,
  MessagesOfTemplate,
  Published,
  Received,
  ReplyIn,
  ReplyOut,
  Requested,
  ServiceName,
} from "./types.js";

/** Words of a message's key, where it has placeholders. */
type WithKey<Words extends string, Options> = [Words] extends [never]
  ? readonly [options?: Options & { readonly key?: never }]
  : readonly [options: Options & { readonly key: { readonly [W in Words]: string } }];

/** What a handler may give back; nothing is an ack, a throw a retry. */
export type HandlerResult = Outcome | undefined | void | Promise<Outcome | undefined | void>;

export type Delivery<R, Tx = never> = DeliveryFacts<Tx> & R;

/** A delivery of a queue, typed by what reaches it. */
export type DeliveryOf<T extends AnyTopology, Q extends string, Tx = never> = Delivery<Received<T, MessagesOf<T, Q>>, Tx>;

type BodyAny<T extends AnyTopology, Q extends string> = Received<T, MessagesOf<T, Q>>["body"];

/** A consumer that runs. */
export interface Subscription {
  /** Takes no more, waits for what is begun. `deadline` in milliseconds. @default the bus's */
  stop(deadline?: number): Promise<void>;
}

/** An instance's queue, and its consumer. */
export interface Membership extends Subscription {
  readonly queue: string;
  /** Leaves for good: the queue is deleted, with what is in it. `stop` leaves it there for the instance's return. */
  leave(): Promise<void>;
}

export class Bus<T extends AnyTopology, S extends ServiceName<T>> {
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #fault: WorkerError | undefined;
  #closing: Promise<void> | undefined;
  #onFailed: ((fault: WorkerError) => void) | undefined;
  /** Rejects when it can do no more: a topology that is missing, credentials that are refused. Never resolves before `close`. */
  readonly failed: Promise<void>;

  constructor(
    topology: T,
    private readonly settings: BusSettings,
    private readonly links: Links,
    observer: Observer,
    private readonly publisher: Publisher,
  ) {
    const service = entry(topology.services, settings.service);
    if (!service) throw new WorkerError("wrong-use", `Topology "${topology.name}" has no service "${settings.service}".`);
    this.#sender = new Sender(topology, settings, publisher, links.publish, observer);
    this.#receiver = new Receiver(topology, service, settings, links, publisher, this.#sender, observer, (fault) => this.fail(fault));
    this.failed = new Promise((_, reject) => (this.#onFailed = reject));
    // Who does not wait for it is not ended by it.
    this.failed.catch(() => undefined);
  }

  // --- Publishing

  /**
   * Publishes a message that this service may publish. Resolves when the broker has it in a queue (confirmed, and not returned).
   * Throws a `PublishError`; nothing that does not fit is sent.
   */
  publish<M extends Published<T, S>>(
    message: M,
    body: BodyIn<T, M>,
    ...[options]: WithKey<KeyWords<T, M>, PublishOptions>
  ): Promise<Confirmed> {
    return this.#sender.publish(message, body, options);
  }

  /** Publishes many; one that fails does not stop the others. Throws only if all would be refused: an unknown message. */
  async publishAll<M extends Published<T, S>>(
    message: M,
    bodies: readonly BodyIn<T, M>[],
    ...[options]: WithKey<KeyWords<T, M>, Omit<PublishOptions, "messageId">>
  ): Promise<BatchResult> {
    return this.#sender.publishAll(message, bodies, options);
  }

  /** The same with names that only the run time knows: an outbox, a command. Throws a `PublishError`. */
  publishAny(message: string, body: unknown, options?: WithWords<PublishOptions>): Promise<Confirmed> {
    return this.#sender.publish(message, body, options);
  }

  /**
   * Sends a request and waits for its reply, checked by the message's reply schema. Throws a `RequestError`: "absent" at once if
   * nobody consumes where it goes.
   */
  async request<M extends Requested<T, S>>(
    message: M,
    body: BodyIn<T, M>,
    ...[options]: WithKey<KeyWords<T, M>, RequestOptions>
  ): Promise<ReplyOut<T, M>> {
    return (await this.#sender.request(message, body, options)) as ReplyOut<T, M>;
  }

  // --- Consuming

  /** Consumes a queue of this service. The handler's result says what becomes of a delivery: see `ack`, `retry`, `reject`, `park`. Throws a `WorkerError`. */
  async consume<Q extends Consumed<T, S>, Tx = never>(
    queue: Q,
    handler: (delivery: DeliveryOf<T, Q, Tx>) => HandlerResult,
    options: ConsumerOptions<Tx, BodyAny<T, Q>> = {},
  ): Promise<Subscription> {
    return this.#subscribe(queue, handler, options);
  }

  /** Consumes a queue in batches: one call for up to `size` deliveries, one outcome for all or a list of them. Throws a `WorkerError`. */
  async consumeBatch<Q extends Consumed<T, S>, Tx = never>(
    queue: Q,
    handler: (deliveries: readonly DeliveryOf<T, Q, Tx>[]) => HandlerResult | readonly Outcome[] | Promise<readonly Outcome[]>,
    { size, wait, ...options }: ConsumerOptions<Tx, BodyAny<T, Q>> & BatchOptions,
  ): Promise<Subscription> {
    const prefetch = options.prefetch ?? Math.max(this.settings.prefetch, size);
    if (prefetch < size)
      throw new WorkerError("wrong-use", `Queue "${queue}": a batch of ${size} never comes together with a prefetch of ${prefetch}.`, {
        remedy: "let the prefetch be at least as large as the batch",
      });
    const each = batched<DeliveryOf<T, Q, Tx>>(handler, { size, ...(wait === undefined ? {} : { wait }) });
    return this.#subscribe(queue, each, { ...options, prefetch });
  }

  /** Consumes requests: what the handler returns is the reply. A throw is told to who asked. Throws a `WorkerError`. */
  async answer<Q extends Consumed<T, S>, Tx = never>(
    queue: Q,
    handler: (delivery: DeliveryOf<T, Q, Tx>) => ReplyIn<T, MessagesOf<T, Q>> | Promise<ReplyIn<T, MessagesOf<T, Q>>>,
    options: ConsumerOptions<Tx, BodyAny<T, Q>> = {},
  ): Promise<Subscription> {
    return this.#subscribe(queue, this.#receiver.answering(handler as never), options);
  }

  /**
   * Joins as an instance: its queue is declared and bound by the template, and consumed. What the handler returns is the reply to a
   * request, and an outcome of a message. Throws a `WorkerError`.
   */
  async join<N extends Instances<T, S>, Tx = never>(
    template: N,
    words: { readonly [W in InstanceWords<T, S, N>]: string },
    handler: (delivery: Delivery<Received<T, MessagesOfTemplate<T, N>>, Tx>) => unknown,
    options: ConsumerOptions<Tx> = {},
  ): Promise<Membership> {
    this.#check();
    const instance = this.#receiver.instance(template, words);
    const { queue } = instance;
    const consumer = await this.#receiver.join(instance, this.#receiver.answering(handler as never), options);
    const leave = async (): Promise<void> => {
      await this.#receiver.stop([consumer]);
      await this.#once((channel) => channel.deleteQueue(queue));
    };
    return { queue, stop: (deadline) => this.#receiver.stop([consumer], deadline), leave };
  }

  /** Makes an instance's queue by the template, without consuming it, and gives back its name. Throws a `WorkerError`. */
  async declareInstance<N extends Instances<T, S>>(
    template: N,
    words: { readonly [W in InstanceWords<T, S, N>]: string },
  ): Promise<string> {
    const { queue, declare } = this.#receiver.instance(template, words);
    await this.#once((channel) => declare(channel)).catch((error: unknown) => {
      throw faultOf(error, `Queue "${queue}"`);
    });
    return queue;
  }

  // --- Operation

  /** Deletes the ready messages of a queue, and says how many there were. Throws a `WorkerError`. */
  async purge(queue: string): Promise<number> {
    try {
      return (await this.#once((channel) => channel.purgeQueue(queue))).messageCount;
    } catch (error) {
      throw faultOf(error, `Queue "${queue}"`);
    }
  }

  /** What it is doing now; for health checks. */
  health(): Health {
    const { publish } = this.links;
    const consume = this.links.opened();
    return assess(
      {
        connections: { publish: publish.blocked === undefined ? publish.health : "blocked", consume: consume?.health ?? "unused" },
        consumers: this.#receiver.consumers.map(({ facts }) => facts),
        publishing: {
          blocked: publish.blocked !== undefined,
          buffered: this.publisher.buffered,
          unconfirmed: this.publisher.unconfirmed,
        },
      },
      this.#closing !== undefined,
    );
  }

  /**
   * Ready messages and consumers of queues, from the broker itself. Queues that are not there are left out. Throws a `WorkerError`
   * "unauthorized" for one on which this service has no right at all: the broker does not let it look.
   */
  async queues(names: readonly string[]): Promise<Record<string, { readonly messages: number; readonly consumers: number }>> {
    const found: Record<string, { messages: number; consumers: number }> = {};
    for (const name of names) {
      const answer = await this.#once((channel) => channel.checkQueue(name)).catch((error: unknown) => {
        if (refusalOf(error)?.code !== 404) throw faultOf(error, `Queue "${name}"`);
        return undefined;
      });
      if (answer) found[name] = { messages: answer.messageCount, consumers: answer.consumerCount };
    }
    return found;
  }

  /**
   * Comes to a clean end: consumers take no more and finish what is begun, what is published gets its confirm, connections are closed.
   * All within `deadline` milliseconds, and a moment; what is not done by then comes again.
   */
  close({ deadline = this.settings.drainDeadline }: { readonly deadline?: number } = {}): Promise<void> {
    return (this.#closing ??= this.#close(deadline));
  }

  async #close(deadline: number): Promise<void> {
    const until = Date.now() + deadline;
    await this.#receiver.stop(this.#receiver.consumers, deadline);
    await within(Math.max(0, until - Date.now()), this.publisher.idle());
    this.publisher.close();
    await this.#sender.close();
    await Promise.all([this.links.publish.close(), this.links.opened()?.close()]);
  }

  // --- Inside

  /** A part of it will not go on, and so it will not. */
  fail(fault: WorkerError): void {
    this.#fault ??= fault;
    this.#onFailed?.(this.#fault);
  }

  /** Takes no more consumers once it has come to an end. */
  #check(): void {
    if (this.#closing || this.#fault) throw this.#fault ?? new WorkerError("closed", "The bus is closed.");
  }

  async #subscribe(queue: string, handler: (delivery: never) => unknown, options: ConsumerOptions): Promise<Subscription> {
    this.#check();
    const consumers = await this.#receiver.subscribe(queue, handler as never, options);
    return { stop: (deadline) => this.#receiver.stop(consumers, deadline) };
  }

  /** Something that may end its channel, on one of its own. */
  async #once<R>(work: (channel: Channel) => Promise<R>): Promise<R> {
    return (this.links.opened() ?? this.links.publish).use(work);
  }
}
