/** Channels of an AsyncAPI document: exchanges with their routing keys, queues, and where replies come. */
import type { PlannedQueue, PlannedTemplate } from "../compile/plan.js";
import { exchangeTitle, REPLY_TO } from "../names.js";
import { target } from "../permissions.js";
import { ladderExchanges, queueSentences, queueWords } from "../queue-words.js";
import { queueMessages, type QueueMessages } from "../queue-messages.js";
import { BUILTIN } from "../routing.js";
import type { Part } from "./document.js";
import type { Messages } from "./messages.js";
import { address, filled, reference, type Keys, type Reference } from "./words.js";

/** Those that the AMQP binding of the specification knows. */
const TYPES = ["topic", "direct", "fanout", "headers"];
const BINDING = "0.3.0";

interface Channel {
  readonly fields: Record<string, unknown>;
  readonly messages: Map<string, Reference>;
}

export class Channels {
  private readonly found = new Map<string, Channel>();
  private readonly reached: ReadonlyMap<string, QueueMessages>;

  constructor(
    private readonly part: Part,
    private readonly keys: Keys,
    private readonly messages: Messages,
    private readonly server: Reference | undefined,
  ) {
    this.reached = queueMessages(part.topology, part.plan);
  }

  private channel(words: readonly string[], fields: () => Record<string, unknown>): string {
    const key = this.keys.of(...this.part.prefix, ...words);
    if (!this.found.has(key))
      this.found.set(key, { fields: { ...fields(), ...(this.server ? { servers: [this.server] } : {}) }, messages: new Map() });
    return key;
  }

  /** Makes a message one of a channel's. */
  private put(channel: string, message: string | undefined): void {
    if (message !== undefined) this.found.get(channel)?.messages.set(message, reference("components", "messages", message));
  }

  /** The messages of a channel that are asked for, as an operation names them. */
  messagesOf(channel: string, wanted?: readonly (string | undefined)[]): Reference[] {
    const names = [...(this.found.get(channel)?.messages.keys() ?? [])];
    return names
      .filter((name) => wanted === undefined || wanted.includes(name))
      .map((name) => reference("channels", channel, "messages", name));
  }

  /** An exchange with a routing key; without one, an exchange that no declared message is published to. */
  exchange(name: string, key?: string): string {
    const { plan } = this.part;
    return this.channel(["exchange", name, ...(key === undefined ? [] : [key])], () => {
      const planned = plan.exchanges.find((exchange) => exchange.name === name);
      const type = name === "" ? "default" : (planned ?? BUILTIN.find((exchange) => exchange.name === name))?.type;
      const known = type !== undefined && (TYPES.includes(type) || type === "default");
      return {
        ...(key === undefined ? { address: null } : address(key)),
        title: key === undefined || key === "" ? exchangeTitle(name) : `${exchangeTitle(name)}, key ${key}`,
        description: [
          `${type === undefined ? "An exchange" : `A ${type} exchange`}${planned?.internal ? ", internal: only other exchanges publish to it" : ""}.`,
          ...(key === undefined ? ["No message of the topology is published to it."] : []),
        ].join(" "),
        bindings: {
          amqp: {
            is: "routingKey",
            exchange: filled({
              name,
              type: known ? type : undefined,
              durable: planned?.durable ?? true,
              autoDelete: planned?.autoDelete ?? false,
              vhost: plan.vhost.name,
            }),
            bindingVersion: BINDING,
          },
        },
      };
    });
  }

  private queueChannel(kind: "queue" | "template", queue: PlannedQueue | PlannedTemplate): string {
    const { plan } = this.part;
    const { published = [], deadLetters = [] } = this.reached.get(queue.name) ?? {};
    const channel = this.channel([kind, queue.name], () => ({
      ...address(queue.name),
      title: `queue ${queue.name}`,
      description: [
        `A ${queue.type} queue${kind === "template" ? ", of which every instance has its own" : ""}.`,
        ...queueSentences(queueWords(plan, queue)),
        ...(deadLetters.length > 0 ? [`As dead letters come: ${deadLetters.join(", ")}.`] : []),
      ].join(" "),
      bindings: {
        amqp: {
          is: "queue",
          queue: { name: queue.name, durable: queue.durable, exclusive: false, autoDelete: queue.autoDelete, vhost: plan.vhost.name },
          bindingVersion: BINDING,
          "x-queue-type": queue.type,
        },
      },
    }));
    for (const message of [...published, ...deadLetters]) this.put(channel, this.messages.key(this.part, message));
    return channel;
  }

  /** The channels of a queue of the topology: of a super stream one for each partition; none for a name that is not declared. */
  queue(name: string): string[] {
    return this.part.plan.queues
      .filter(({ role, ...queue }) => (role.kind === "partition" ? role.of === name : role.kind === "queue" && queue.name === name))
      .map((queue) => this.queueChannel("queue", queue));
  }

  template(name: string): string[] {
    return this.part.plan.templates.filter(({ template }) => template === name).map((template) => this.queueChannel("template", template));
  }

  /** Where a message is published; to a queue, through the default exchange, that is the queue's own channel. */
  destination(name: string): string | undefined {
    const { topology } = this.part;
    const message = topology.messages?.[name];
    if (!message) return undefined;
    const { exchange, key } = target(topology, message);
    const [channel = this.exchange(exchange, key)] = exchange === "" ? this.queue(key) : [];
    this.put(channel, this.messages.key(this.part, name));
    return channel;
  }

  /** Direct reply-to: where replies to requests come. */
  replies(message: string): { readonly channel: string; readonly reply: string } | undefined {
    const reply = this.messages.replyKey(this.part, message);
    if (reply === undefined) return undefined;
    const channel = this.channel(["reply"], () => ({
      address: null,
      title: "direct reply-to",
      description: "Replies to requests, to the requester alone: its address is the request's reply_to property.",
      bindings: {
        amqp: {
          is: "queue",
          queue: { name: REPLY_TO, durable: false, exclusive: true, autoDelete: true, vhost: this.part.plan.vhost.name },
          bindingVersion: BINDING,
        },
      },
    }));
    this.put(channel, reply);
    return { channel, reply };
  }

  /** Everything but retry ladders, whether a service uses it or not. */
  addAll(): void {
    const { topology, plan } = this.part;
    for (const name of Object.keys(topology.messages ?? {})) this.destination(name);
    const used = new Set(Object.values(topology.messages ?? {}).map((message) => target(topology, message).exchange));
    const ladders = ladderExchanges(plan);
    for (const { name } of plan.exchanges) if (!used.has(name) && !ladders.has(name)) this.exchange(name);
    for (const queue of plan.queues) if (queue.role.kind !== "rung") this.queueChannel("queue", queue);
    for (const { template } of plan.templates) this.template(template);
  }

  entries(): [string, unknown][] {
    return [...this.found].map(
      ([
        key,
        {
          fields: { title, description, address: at, parameters, servers, bindings },
          messages,
        },
      ]) => [
        key,
        { address: at, ...filled({ title, description, servers, messages: Object.fromEntries(messages), parameters, bindings }) },
      ],
    );
  }
}
