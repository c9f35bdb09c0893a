/** Everything that a service gets: its consumers, its instances' queues, and the replies it owes. */
import type { Channel } from "amqplib";
import { compile } from "../../topology/compile/compile.js";
import type { Plan, PlannedTemplate } from "../../topology/compile/plan.js";
import { entry } from "../../topology/entry.js";
import type { Queue, QueueTemplate, Service, Topology } from "../../topology/model.js";
import { fill, isWord, placeholders } from "../../topology/names.js";
import { effectiveSettings } from "../../topology/policies.js";
import type { BusSettings, Links } from "../bus-settings.js";
import { decoder } from "../codec/index.js";
import { WorkerError } from "../errors.js";
import type { Observer } from "../observe/observer.js";
import type { Publisher } from "../publish/publisher.js";
import type { Sender } from "../publish/sender.js";
import { answering } from "../rpc/answer.js";
import { Consumer } from "./consumer.js";
import type { DeliveryImpl } from "./delivery.js";
import { identifier, reaching } from "./identify.js";
import type { ConsumerOptions, ConsumerSetup } from "./setup.js";
import { wayOut } from "./way-out.js";

/** The types of what stores and handlers pass to each other are the bus's business. */
type AnyHandler = (delivery: DeliveryImpl<never>) => unknown;

/** One instance's queue of a template. */
export interface Instance {
  readonly queue: string;
  readonly template: string;
  readonly definition: QueueTemplate;
  /** Makes it, and its bindings. */
  readonly declare: (channel: Channel) => Promise<void>;
}

export class Receiver {
  readonly #plan: Plan;
  readonly #reaching: ReturnType<typeof reaching>;
  readonly #templates: ReadonlyMap<string, PlannedTemplate>;
  readonly #decode: ReturnType<typeof decoder>;
  readonly #consumers = new Set<Consumer<never>>();

  constructor(
    private readonly topology: Topology,
    private readonly definition: Service,
    private readonly settings: BusSettings,
    private readonly links: Links,
    private readonly publisher: Publisher,
    private readonly sender: Sender,
    private readonly observer: Observer,
    private readonly onFailed: (fault: WorkerError) => void,
  ) {
    this.#plan = compile(topology);
    this.#reaching = reaching(topology, this.#plan);
    this.#templates = new Map(this.#plan.templates.map((template) => [template.template, template]));
    this.#decode = decoder(settings);
  }

  get consumers(): readonly Consumer<never>[] {
    return [...this.#consumers];
  }

  /** One consumer, or one for each partition of a super stream. Throws a `WorkerError`. */
  async subscribe(queue: string, handler: AnyHandler, options: ConsumerOptions): Promise<readonly Consumer<never>[]> {
    const { consumes = [], manages = [] } = this.definition;
    const definition = entry(this.topology.queues, queue);
    if (!definition || !(consumes.includes(queue) || manages.includes(queue)))
      throw new WorkerError("wrong-use", `Service "${this.settings.service}" does not consume "${queue}".`, {
        remedy: `take one that it does (${[...consumes, ...manages].join(", ") || "none"}), or declare it: services["${this.settings.service}"].consumes`,
      });
    const partitions = this.#plan.queues.filter(({ role }) => role.kind === "partition" && role.of === queue);
    const names = definition.type === "super-stream" ? partitions.map(({ name }) => name) : [queue];
    const consumers: Consumer<never>[] = [];
    for (const name of names) consumers.push(await this.#consume({ queue: name, definition, candidates: queue, handler, options }));
    return consumers;
  }

  async join({ queue, template, definition, declare }: Instance, handler: AnyHandler, options: ConsumerOptions): Promise<Consumer<never>> {
    return this.#consume({ queue, definition, candidates: template, handler, options, declare });
  }

  /** What the handler gives back is the reply to a request. */
  answering(handler: AnyHandler): AnyHandler {
    const answers = answering<never>(
      (reply) => this.sender.send(reply),
      (name) => (name === undefined ? undefined : entry(this.topology.messages, name)?.reply),
      handler,
    );
    // Only requests get a reply: of other messages the result is an outcome.
    return (delivery) => (delivery.replyTo === undefined ? handler(delivery) : answers(delivery));
  }

  /** One instance's queue of a template: its name, and how it is made. */
  instance(template: string, words: Readonly<Record<string, string>>): Instance {
    const planned = this.#templates.get(template);
    const definition = entry(this.topology.templates, template);
    const fixed = entry(this.definition.instances as Record<string, Record<string, string>> | undefined, template);
    if (!planned || !definition || !fixed)
      throw new WorkerError("wrong-use", `Service "${this.settings.service}" has no instances of template "${template}".`, {
        remedy: `declare it: services["${this.settings.service}"].instances`,
      });
    const values: Record<string, string> = { ...fixed, ...words };
    for (const word of new Set(placeholders(planned.name)))
      if (!isWord(values[word]))
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
    return { queue, template, definition, declare };
  }

  async stop(consumers: readonly Consumer<never>[], deadline = this.settings.drainDeadline): Promise<void> {
    await Promise.all(consumers.map((consumer) => consumer.stop(deadline)));
    for (const consumer of consumers) this.#consumers.delete(consumer);
  }

  /** Seconds: by arguments and policies, as the broker keeps it; none for a TTL of 0. */
  #ttl(queue: string, template: string): number | undefined {
    const planned = this.#plan.queues.find(({ name }) => name === queue) ?? this.#templates.get(template);
    const ttl = planned && effectiveSettings(this.#plan, planned).get("message-ttl")?.value;
    return typeof ttl === "number" && ttl > 0 ? ttl / 1000 : undefined;
  }

  async #consume(what: {
    readonly queue: string;
    readonly definition: Queue | QueueTemplate;
    /** The queue, or the template, whose messages these are. */
    readonly candidates: string;
    readonly handler: AnyHandler;
    readonly options: ConsumerOptions;
    readonly declare?: (channel: Channel) => Promise<void>;
  }): Promise<Consumer<never>> {
    const { queue, definition, candidates, handler, options, declare } = what;
    const templateName = this.#templates.get(candidates)?.name;
    const ttl = this.#ttl(queue, candidates);
    const setup: ConsumerSetup<never> = {
      link: await this.links.consume(),
      publisher: this.publisher,
      observer: this.observer,
      queue,
      stream: definition.type === "stream" || definition.type === "super-stream",
      ...(ttl === undefined ? {} : { ttlSeconds: ttl }),
      wayOut: wayOut(queue, definition, this.settings.service),
      identify: identifier(this.#reaching.get(declare && templateName !== undefined ? templateName : candidates) ?? []),
      decode: this.#decode,
      handler,
      ...(declare ? { declare } : {}),
      backoff: this.settings.backoff,
      missingFor: this.settings.missingFor,
      onFailed: this.onFailed,
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
}
