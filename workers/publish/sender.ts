/** Everything that a service sends: checked, encoded, within its limits, traced. */
import type { ConsumeMessage } from "amqplib";
import { entry } from "../../topology/entry.js";
import type { Topology } from "../../topology/model.js";
import type { BusSettings } from "../bus-settings.js";
import { decoder, encode, type Encoded } from "../codec/index.js";
import type { Link } from "../connection/link.js";
import { PublishError, RequestError } from "../errors.js";
import { silent, type Observer } from "../observe/observer.js";
import { ERROR_HEADER, Requester } from "../rpc/requester.js";
import { guard } from "./guards.js";
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
} from "./outgoing.js";
import type { Confirmed, Publisher } from "./publisher.js";

/** With the words of the message's key, where it has placeholders. */
export type WithWords<Options> = Options & { readonly key?: Readonly<Record<string, string>> };

export interface RequestOptions extends Omit<PublishOptions, "correlationId"> {
  /** Milliseconds until the reply is given up. @default 30000 */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** What a batch gave back. */
export interface BatchResult {
  readonly published: readonly { readonly index: number; readonly messageId: string }[];
  readonly failed: readonly { readonly index: number; readonly error: PublishError }[];
}

const DEFAULT_REQUEST_TIMEOUT = 30_000;

/** amqplib makes headers the prototype of an object, which is slow for each new one: none are quicker than empty ones. */
const filled = (headers: Record<string, unknown>): Record<string, unknown> | undefined =>
  Object.keys(headers).length > 0 ? headers : undefined;

export class Sender {
  readonly #kinds = new Map<string, MessageKind>();
  readonly #guard: ReturnType<typeof guard>;
  readonly #decode: ReturnType<typeof decoder>;
  #requester: Promise<Requester> | undefined;

  constructor(
    topology: Topology,
    private readonly settings: BusSettings,
    private readonly publisher: Publisher,
    private readonly link: Link,
    private readonly observer: Observer,
  ) {
    for (const name of entry(topology.services, settings.service)?.publishes ?? []) {
      const message = entry(topology.messages, name);
      if (message) this.#kinds.set(name, messageKind(topology, name, message, `${topology.name}.${settings.service}`));
    }
    this.#guard = guard(settings, settings.publisher.bufferMessages);
    this.#decode = decoder(settings);
  }

  /** Throws a `PublishError`, as a rejection. */
  publish(message: string, body: unknown, options?: WithWords<PublishOptions>): Promise<Confirmed> {
    try {
      const kind = this.#kind(message);
      const messageId = options?.messageId ?? newMessageId();
      const content = serialize(kind, kind.schema, body);
      const outgoing = this.#outgoing(kind, content, kind.key(options?.key), messageId, options);
      if (this.observer === silent && !this.#guard) return this.send(outgoing, options?.timeout);
      const { name, exchange, key: routingKey } = outgoing;
      const headers = { ...outgoing.properties.headers };
      const work = (): Promise<Confirmed> => {
        outgoing.properties.headers = filled(headers);
        return this.send(outgoing, options?.timeout);
      };
      const traced = (): Promise<Confirmed> => this.observer.tracePublish(name, exchange, headers, work, { messageId, routingKey });
      return this.#guard ? this.#guard(traced) : traced();
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async publishAll(message: string, bodies: readonly unknown[], options?: WithWords<PublishOptions>): Promise<BatchResult> {
    this.#kind(message);
    const published: { index: number; messageId: string }[] = [];
    const failed: { index: number; error: PublishError }[] = [];
    // No more at a time than the window: the rest would only fill the buffer.
    const { window } = this.settings.publisher;
    for (let from = 0; from < bodies.length; from += window) {
      const part = bodies.slice(from, from + window);
      const results = await Promise.allSettled(part.map((body) => this.publish(message, body, options)));
      results.forEach((result, at) => {
        if (result.status === "fulfilled") published.push({ index: from + at, messageId: result.value.messageId });
        else failed.push({ index: from + at, error: result.reason as PublishError });
      });
    }
    return { published, failed };
  }

  /** Throws a `RequestError`. */
  async request(message: string, body: unknown, options: WithWords<RequestOptions> = {}): Promise<unknown> {
    const began = performance.now();
    const told = (error?: string): void => this.observer.requested(message, (performance.now() - began) / 1000, error);
    try {
      const reply = await this.#request(this.#kind(message), body, options);
      told();
      return reply;
    } catch (error) {
      told(error instanceof RequestError ? error.code : "invalid");
      if (error instanceof PublishError) throw new RequestError("invalid", error.message, { cause: error });
      throw error;
    }
  }

  /** Encodes what is asked for, and sends. */
  send(outgoing: Outgoing<Properties>, timeout?: number): Promise<Confirmed> {
    const encoded = this.#encode(outgoing);
    return encoded instanceof Promise
      ? encoded.then((ready) => this.publisher.send(ready, timeout))
      : this.publisher.send(encoded, timeout);
  }

  async close(): Promise<void> {
    (await this.#requester?.catch(() => undefined))?.close();
  }

  #kind(message: string): MessageKind {
    const kind = this.#kinds.get(message);
    if (kind) return kind;
    throw new PublishError("invalid", `Service "${this.settings.service}" does not publish "${message}".`, {
      remedy: `allowed: ${[...this.#kinds.keys()].join(", ") || "none"}; declare it: services["${this.settings.service}"].publishes`,
    });
  }

  #outgoing(kind: MessageKind, content: Buffer, key: string, messageId: string, options: PublishOptions | undefined): Outgoing<Properties> {
    const { name, exchange } = kind;
    const { maxBodyBytes } = this.settings;
    if (content.length > maxBodyBytes)
      throw new PublishError("too-large", `Message "${name}" has ${content.length} bytes; allowed: ${maxBodyBytes}.`, {
        remedy: "put large things elsewhere and send where they are",
      });
    return { name, kind, exchange, key, content, messageId, properties: propertiesOf(kind, options, messageId) };
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

  async #request(kind: MessageKind, body: unknown, options: WithWords<RequestOptions>): Promise<unknown> {
    const { timeout = DEFAULT_REQUEST_TIMEOUT, signal, ...rest } = options;
    const requester = await (this.#requester ??= this.#newRequester());
    const content = serialize(kind, kind.schema, body);
    const outgoing = this.#outgoing(kind, content, kind.key(options.key), rest.messageId ?? newMessageId(), rest);
    const { name, exchange, messageId, key: routingKey } = outgoing;
    const headers = { ...outgoing.properties.headers };
    const send = async (): Promise<ConsumeMessage> => {
      outgoing.properties.headers = filled(headers);
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
    const requester = new Requester(this.link);
    try {
      await requester.start();
    } catch (error) {
      this.#requester = undefined;
      throw error;
    }
    return requester;
  }
}
