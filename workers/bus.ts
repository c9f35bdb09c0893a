/** What a service does on its topology: publish, consume, ask, answer, and come to an end. */
import type { Channel, ConsumeMessage } from "amqplib";
import { compile } from "../topology/compile/compile.js";
import type { PlannedTemplate } from "../topology/compile/plan.js";
import { entry } from "../topology/entry.js";
import type { Queue, QueueTemplate, Service } from "../topology/model.js";
import { fill, partitionQueue, placeholders } from "../topology/names.js";
import { decode, encode, type CodecOptions, type Encoded } from "./codec/index.js";
import { batched, type BatchOptions } from "./consume/batch.js";
import { Consumer } from "./consume/consumer.js";
import type { ConsumerOptions, ConsumerSetup } from "./consume/setup.js";
import type { DeliveryFacts, DeliveryImpl } from "./consume/delivery.js";
import { identifier, reaching } from "./consume/identify.js";
import type { Outcome } from "./consume/outcomes.js";
import { wayOut } from "./consume/way-out.js";
import type { Backoff } from "./connection/backoff.js";
import type { Link } from "./connection/link.js";
import { fatal, PublishError, refusalOf, RequestError, WorkerError } from "./errors.js";
import { assess, type Health } from "./observe/health-state.js";
import { silent, type Observer } from "./observe/observer.js";
import { guard, type GuardOptions } from "./publish/guards.js";
import {
  complaints,
  messageKind,
  newMessageId,
  propertiesOf,
  serialize,
  type MessageKind,
  type Outgoing,
  type Properties,
  type PublishOptions,
} from "./publish/outgoing.js";
import type { Confirmed, Publisher, PublisherLimits } from "./publish/publisher.js";
import { answering } from "./rpc/answer.js";
import { ERROR_HEADER, Requester } from "./rpc/requester.js";
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

/** Words of a message's key, where it has placeholders. */
type WithKey<Words extends string, Options> = [Words] extends [never]
  ? readonly [options?: Options & { readonly key?: never }]
  : readonly [options: Options & { readonly key: { readonly [W in Words]: string } }];

type AnyOptions<Options> = Options & { readonly key?: Readonly<Record<string, string>> };

export interface RequestOptions extends Omit<PublishOptions, "correlationId"> {
  /** Milliseconds until the reply is given up. @default the message's own expiration, or 30000 */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

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

/** What a batch gave back. */
export interface BatchResult {
  readonly published: readonly { readonly index: number; readonly messageId: string }[];
  readonly failed: readonly { readonly index: number; readonly error: PublishError }[];
}

interface Links {
  readonly publish: Link;
  /** Opened with the first consumer: acks must go on while an alarm stops publishers. */
  readonly consume: () => Promise<Link>;
  readonly opened: () => Link | undefined;
}

const DEFAULT_REQUEST_TIMEOUT = 30_000;

export class Bus<T extends AnyTopology, S extends ServiceName<T>> {
  readonly #kinds = new Map<string, MessageKind>();
  readonly #reaching: ReturnType<typeof reaching>;
  readonly #templates: ReadonlyMap<string, PlannedTemplate>;
  readonly #definition: Service;
  readonly #publisher: Publisher;
  readonly #guard: ReturnType<typeof guard>;
  readonly #consumers = new Set<Consumer<never>>();
  #requester: Promise<Requester> | undefined;
  #fault: WorkerError | undefined;
  #closing: Promise<void> | undefined;
  #onFailed: ((fault: WorkerError) => void) | undefined;
  /** Rejects when it can do no more: a topology that is missing, credentials that are refused. Never resolves before `close`. */
  readonly failed: Promise<void>;

  constructor(
    private readonly topology: T,
    private readonly settings: BusSettings,
    private readonly links: Links,
    private readonly observer: Observer,
    publisher: Publisher,
  ) {
    const service = entry(topology.services, settings.service);
    if (!service) throw new WorkerError("wrong-use", `Topology "${topology.name}" has no service "${settings.service}".`);
    this.#definition = service;
    this.#publisher = publisher;
    for (const name of service.publishes ?? []) {
      const message = entry(topology.messages, name);
      if (message) this.#kinds.set(name, messageKind(topology, name, message, `${topology.name}.${settings.service}`));
    }
    this.#reaching = reaching(topology);
    this.#templates = new Map(compile(topology).templates.map((template) => [template.template, template]));
    this.#guard = guard(settings, settings.publisher.bufferMessages);
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
    return this.#publish(message, body, options);
  }

  /** Publishes many; one that fails does not stop the others. Throws only if all would be refused: an unknown message. */
  async publishAll<M extends Published<T, S>>(
    message: M,
    bodies: readonly BodyIn<T, M>[],
    ...[options]: WithKey<KeyWords<T, M>, Omit<PublishOptions, "messageId">>
  ): Promise<BatchResult> {
    this.#kind(message);
    const published: { index: number; messageId: string }[] = [];
    const failed: { index: number; error: PublishError }[] = [];
    // No more at a time than the window: the rest would only fill the buffer.
    const { window } = this.settings.publisher;
    for (let from = 0; from < bodies.length; from += window) {
      const part = bodies.slice(from, from + window);
      const results = await Promise.allSettled(part.map((body) => this.#publish(message, body, options)));
      results.forEach((result, at) => {
        if (result.status === "fulfilled") published.push({ index: from + at, messageId: result.value.messageId });
        else failed.push({ index: from + at, error: result.reason as PublishError });
      });
    }
    return { published, failed };
  }

  /** The same with names that only the run time knows: an outbox, a command. Throws a `PublishError`. */
  publishAny(message: string, body: unknown, options?: AnyOptions<PublishOptions>): Promise<Confirmed> {
    return this.#publish(message, body, options);
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
    const kind = this.#kind(message);
    const began = performance.now();
    const told = (error?: string): void => this.observer.requested(message, (performance.now() - began) / 1000, error);
    try {
      const reply = await this.#request(kind, body, options ?? {});
      told();
      return reply as ReplyOut<T, M>;
    } catch (error) {
      told(error instanceof RequestError ? error.code : "invalid");
      if (error instanceof PublishError) throw new RequestError("invalid", error.message, { cause: error });
      throw error;
    }
  }

  // --- Consuming

  /** Consumes a queue of this service. The handler's result says what becomes of a delivery: see `ack`, `retry`, `reject`, `park`. Throws a `WorkerError`. */
  async consume<Q extends Consumed<T, S>, Tx = never>(
    queue: Q,
    handler: (delivery: DeliveryOf<T, Q, Tx>) => HandlerResult,
    options: ConsumerOptions<Tx, BodyAny<T, Q>> = {},
  ): Promise<Subscription> {
    return this.#subscribe(queue, handler as never, options);
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
    return this.#subscribe(queue, each as never, { ...options, prefetch });
  }

  /** Consumes requests: what the handler returns is the reply. A throw is told to who asked. Throws a `WorkerError`. */
  async answer<Q extends Consumed<T, S>, Tx = never>(
    queue: Q,
    handler: (delivery: DeliveryOf<T, Q, Tx>) => ReplyIn<T, MessagesOf<T, Q>> | Promise<ReplyIn<T, MessagesOf<T, Q>>>,
    options: ConsumerOptions<Tx, BodyAny<T, Q>> = {},
  ): Promise<Subscription> {
    return this.#subscribe(queue, this.#answering(handler as never), options);
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
    const { queue, definition, declare } = this.#instance(template, words);
    const consumer = await this.#consume({
      queue,
      definition,
      candidates: template,
      handler: this.#answering(handler as never),
      options: options,
      declare,
    });
    const leave = async (): Promise<void> => {
      await consumer.stop(this.settings.drainDeadline);
      this.#consumers.delete(consumer);
      await this.#once((channel) => channel.deleteQueue(queue));
    };
    return { queue, stop: (deadline) => this.#stop([consumer], deadline), leave };
  }

  /** Makes an instance's queue by the template, without consuming it, and gives back its name. Throws a `WorkerError`. */
  async declareInstance<N extends Instances<T, S>>(
    template: N,
    words: { readonly [W in InstanceWords<T, S, N>]: string },
  ): Promise<string> {
    const { queue, declare } = this.#instance(template, words);
    await this.#once((channel) => declare(channel)).catch((error: unknown) => {
      const refusal = refusalOf(error);
      throw (refusal && fatal(refusal, `Queue "${queue}"`)) ?? error;
    });
    return queue;
  }

  // --- Operation

  /** Deletes the ready messages of a queue, and says how many there were. Throws a `WorkerError`. */
  async purge(queue: string): Promise<number> {
    try {
      return (await this.#once((channel) => channel.purgeQueue(queue))).messageCount;
    } catch (error) {
      const refusal = refusalOf(error);
      throw (refusal && fatal(refusal, `Queue "${queue}"`)) ?? error;
    }
  }

  /** What it is doing now; for health checks. */
  health(): Health {
    const { publish } = this.links;
    const consume = this.links.opened();
    return assess(
      {
        connections: { publish: publish.blocked === undefined ? publish.health : "blocked", consume: consume?.health ?? "unused" },
        consumers: [...this.#consumers].map(({ facts }) => facts),
        publishing: {
          blocked: publish.blocked !== undefined,
          buffered: this.#publisher.buffered,
          unconfirmed: this.#publisher.unconfirmed,
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
        const refusal = refusalOf(error);
        if (refusal?.code !== 404) throw (refusal && fatal(refusal, `Queue "${name}"`)) ?? error;
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
    await this.#stop([...this.#consumers], deadline);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(0, until - Date.now()))));
    await Promise.race([this.#publisher.idle(), late]);
    clearTimeout(timer);
    this.#publisher.close();
    if (this.#requester) (await this.#requester.catch(() => undefined))?.close();
    await Promise.all([this.links.publish.close(), this.links.opened()?.close()]);
  }

  // --- Inside

  /** A part of it will not go on, and so it will not. */
  fail(fault: WorkerError): void {
    this.#fault ??= fault;
    this.#onFailed?.(this.#fault);
  }

  /** One instance's queue of a template: its name, and how it is made. */
  #instance(
    template: string,
    words: Readonly<Record<string, string>>,
  ): { readonly queue: string; readonly definition: QueueTemplate; readonly declare: (channel: Channel) => Promise<void> } {
    const planned = this.#templates.get(template);
    const definition = entry(this.topology.templates, template);
    const fixed = entry(this.#definition.instances as Record<string, Record<string, string>> | undefined, template);
    if (!planned || !definition || !fixed)
      throw new WorkerError("wrong-use", `Service "${this.settings.service}" has no instances of template "${template}".`, {
        remedy: `declare it: services["${this.settings.service}"].instances`,
      });
    const values: Record<string, string> = { ...fixed, ...words };
    for (const word of new Set(placeholders(planned.name)))
      if (!/^[^.#*\s]+$/.test(values[word] ?? ""))
        throw new WorkerError("wrong-use", `Template "${template}": {${word}} is ${JSON.stringify(values[word])}.`, {
          remedy: "give one word without dots",
        });
    const queue = fill(planned.name, values);
    const declare = async (channel: Channel): Promise<void> => {
      const { durable, autoDelete, arguments: args } = planned;
      await channel.assertQueue(queue, { durable, autoDelete, arguments: { ...args } });
      for (const { source, routingKey, arguments: bindingArguments } of planned.bindings)
        await channel.bindQueue(queue, source, fill(routingKey, values), { ...bindingArguments });
    };
    return { queue, definition, declare };
  }

  #kind(message: string): MessageKind {
    const kind = this.#kinds.get(message);
    if (kind) return kind;
    throw new PublishError("invalid", `Service "${this.settings.service}" does not publish "${message}".`, {
      remedy: `allowed: ${[...this.#kinds.keys()].join(", ") || "none"}; declare it: services["${this.settings.service}"].publishes`,
    });
  }

  #publish(message: string, body: unknown, options?: AnyOptions<PublishOptions>): Promise<Confirmed> {
    try {
      const kind = this.#kind(message);
      const messageId = options?.messageId ?? newMessageId();
      const content = serialize(kind, kind.schema, body);
      const outgoing = this.#outgoing(kind, content, kind.key(options?.key), messageId, options);
      if (this.observer === silent && !this.#guard) return this.#send(outgoing, options?.timeout);
      const { name, exchange, key: routingKey } = outgoing;
      const headers = { ...outgoing.properties.headers };
      const work = (): Promise<Confirmed> => {
        outgoing.properties.headers = headers;
        return this.#send(outgoing, options?.timeout);
      };
      const traced = (): Promise<Confirmed> => this.observer.tracePublish(name, exchange, headers, work, { messageId, routingKey });
      return this.#guard ? this.#guard(traced) : traced();
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Encodes what is asked for, and sends. */
  #send(outgoing: Outgoing<Properties>, timeout: number | undefined): Promise<Confirmed> {
    const encoded = this.#encode(outgoing);
    return encoded instanceof Promise
      ? encoded.then((ready) => this.#publisher.send(ready, timeout))
      : this.#publisher.send(encoded, timeout);
  }

  #outgoing(kind: MessageKind, content: Buffer, key: string, messageId: string, options: PublishOptions | undefined): Outgoing<Properties> {
    const { name, exchange } = kind;
    const { maxBodyBytes } = this.settings;
    if (content.length > maxBodyBytes)
      throw new PublishError("too-large", `Message "${name}" has ${content.length} bytes; allowed: ${maxBodyBytes}.`, {
        remedy: "put large things elsewhere and send where they are",
      });
    return { name, exchange, key, content, messageId, properties: propertiesOf(kind, options, messageId) };
  }

  #encode(outgoing: Outgoing<Properties>): Outgoing | Promise<Outgoing> {
    const { compression, encryption } = this.settings;
    if (!compression && !encryption) return outgoing;
    const { properties } = outgoing;
    const whole = ({ body, contentEncoding, headers }: Encoded): Outgoing => {
      properties.contentEncoding = contentEncoding;
      if (headers) properties.headers = { ...properties.headers, ...headers };
      return { ...outgoing, content: body };
    };
    const encoded = encode(outgoing.content, { name: outgoing.name, compression, encryption });
    return encoded instanceof Promise ? encoded.then(whole) : whole(encoded);
  }

  async #request(kind: MessageKind, body: unknown, options: AnyOptions<RequestOptions>): Promise<unknown> {
    const { timeout = DEFAULT_REQUEST_TIMEOUT, signal, ...rest } = options;
    const requester = await (this.#requester ??= this.#newRequester());
    const content = serialize(kind, kind.schema, body);
    const outgoing = this.#outgoing(kind, content, kind.key(options.key), rest.messageId ?? newMessageId(), rest);
    const { name, exchange, messageId, key: routingKey } = outgoing;
    const headers = { ...outgoing.properties.headers };
    const send = async (): Promise<ConsumeMessage> => {
      outgoing.properties.headers = headers;
      return requester.request(await this.#encode(outgoing), timeout, signal);
    };
    const reply = await this.observer.tracePublish(name, exchange, headers, send, { messageId, routingKey });
    const fault = (reply.properties.headers as Record<string, unknown> | undefined)?.[ERROR_HEADER];
    if (fault !== undefined) throw new RequestError("failed", `Request "${kind.name}" failed on the other side: ${JSON.stringify(fault)}`);
    let value: unknown;
    try {
      value = JSON.parse((await this.#decode(reply)).toString("utf8"));
    } catch (error) {
      throw new RequestError("invalid", `The reply to "${kind.name}" cannot be read: ${(error as Error).message}`);
    }
    const parsed = kind.reply?.safeParse(value);
    if (parsed && !parsed.success)
      throw new RequestError("invalid", `The reply to "${kind.name}" does not fit its schema: ${complaints(parsed.error)}`);
    return parsed ? parsed.data : value;
  }

  async #newRequester(): Promise<Requester> {
    const requester = new Requester(this.links.publish);
    try {
      await requester.start();
    } catch (error) {
      this.#requester = undefined;
      throw error;
    }
    return requester;
  }

  #decode(message: ConsumeMessage): Buffer | Promise<Buffer> {
    const { contentEncoding, type, headers } = message.properties as {
      readonly contentEncoding?: string;
      readonly type?: string;
      readonly headers?: Record<string, unknown>;
    };
    const { maxBodyBytes, encryption } = this.settings;
    return decode(message.content, contentEncoding, headers, { name: type ?? "", maxBodyBytes, ...(encryption ? { encryption } : {}) });
  }

  #answering(handler: (delivery: DeliveryImpl<never>) => unknown): (delivery: DeliveryImpl<never>) => unknown {
    const answers = answering<never>(
      (reply) => this.#send(reply, undefined),
      (name) => (name === undefined ? undefined : entry(this.topology.messages, name)?.reply),
      handler,
    );
    // Only requests get a reply: of other messages the result is an outcome.
    return (delivery) => (delivery.replyTo === undefined ? handler(delivery) : answers(delivery));
  }

  async #subscribe(queue: string, handler: (delivery: DeliveryImpl<never>) => unknown, options: ConsumerOptions): Promise<Subscription> {
    const { consumes = [], manages = [] } = this.#definition;
    const definition = entry(this.topology.queues, queue);
    if (!definition || !(consumes.includes(queue) || manages.includes(queue)))
      throw new WorkerError("wrong-use", `Service "${this.settings.service}" does not consume "${queue}".`, {
        remedy: `allowed: ${[...consumes, ...manages].join(", ") || "none"}; declare it: services["${this.settings.service}"].consumes`,
      });
    const names =
      definition.type === "super-stream"
        ? (Array.isArray(definition.partitions)
            ? (definition.partitions as readonly string[])
            : [...Array(definition.partitions).keys()].map(String)
          ).map((key) => partitionQueue(queue, key))
        : [queue];
    const consumers: Consumer<never>[] = [];
    for (const name of names) consumers.push(await this.#consume({ queue: name, definition, candidates: queue, handler, options }));
    return { stop: (deadline) => this.#stop(consumers, deadline) };
  }

  async #consume(what: {
    readonly queue: string;
    readonly definition: Queue | QueueTemplate;
    /** The queue, or the template, whose messages these are. */
    readonly candidates: string;
    readonly handler: (delivery: DeliveryImpl<never>) => unknown;
    readonly options: ConsumerOptions;
    readonly declare?: (channel: Channel) => Promise<void>;
  }): Promise<Consumer<never>> {
    const { queue, definition, candidates, handler, options, declare } = what;
    if (this.#closing || this.#fault) throw this.#fault ?? new WorkerError("closed", "The bus is closed.");
    const templateName = this.#templates.get(candidates)?.name;
    const setup: ConsumerSetup<never> = {
      link: await this.links.consume(),
      publisher: this.#publisher,
      observer: this.observer,
      queue,
      stream: definition.type === "stream" || definition.type === "super-stream",
      wayOut: wayOut(queue, definition, this.settings.service),
      identify: identifier(this.#reaching.get(declare && templateName !== undefined ? templateName : candidates) ?? []),
      decode: (message) => this.#decode(message),
      handler,
      ...(declare ? { declare } : {}),
      backoff: this.settings.backoff,
      missingFor: this.settings.missingFor,
      onFailed: (fault) => this.fail(fault),
    };
    const { handlerTimeout, prefetch } = this.settings;
    const consumer = new Consumer<never>(setup, { prefetch, ...(handlerTimeout > 0 ? { timeout: handlerTimeout } : {}), ...options });
    this.#consumers.add(consumer);
    try {
      await consumer.start();
    } catch (error) {
      this.#consumers.delete(consumer);
      throw error;
    }
    return consumer;
  }

  async #stop(consumers: readonly Consumer<never>[], deadline = this.settings.drainDeadline): Promise<void> {
    await Promise.all(consumers.map((consumer) => consumer.stop(deadline)));
    for (const consumer of consumers) this.#consumers.delete(consumer);
  }

  /** Something that may end its channel, on one of its own. */
  async #once<R>(work: (channel: Channel) => Promise<R>): Promise<R> {
    return (this.links.opened() ?? this.links.publish).use(work);
  }
}
