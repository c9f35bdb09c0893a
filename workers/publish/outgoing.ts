/** From a message of the topology and a body to what goes out: checked whole before anything is sent. */
import { randomUUID } from "node:crypto";
import type { Options } from "amqplib";
import type { z } from "zod";
import { milliseconds, type Duration } from "../../topology/durations.js";
import type { HeaderValue, Message, Topology } from "../../topology/model.js";
import { fill, isWord, placeholders } from "../../topology/names.js";
import { target } from "../../topology/permissions.js";
import { PublishError } from "../errors.js";

/** What a publisher may say of one message. */
export interface PublishOptions {
  /** Stays the same however often it is sent. @default a new UUID */
  readonly messageId?: string;
  readonly correlationId?: string;
  /** @default the message's own */
  readonly priority?: number;
  /** Time after which nobody wants it any more. @default the message's own */
  readonly expiration?: Duration;
  readonly headers?: { readonly [name: string]: HeaderValue };
  /** @default the message's own, true */
  readonly persistent?: boolean;
  /** Milliseconds until it is given up; buffering while disconnected included. @default the bus's `publishTimeout` */
  readonly timeout?: number;
}

/** As amqplib takes them. All of them stand in every message: one shape of object is quick to make. */
export interface Properties {
  mandatory: boolean;
  deliveryMode: 1 | 2;
  contentType: string;
  type: string;
  appId: string;
  priority: number | undefined;
  expiration: string | undefined;
  headers: Readonly<Record<string, unknown>> | undefined;
  messageId: string;
  timestamp: number;
  correlationId: string | undefined;
  contentEncoding: string | undefined;
}

/** What goes out. */
export interface Outgoing<P = Options.Publish | Properties> {
  readonly name: string;
  /** What it has in common with others, if it has. */
  readonly kind?: MessageKind;
  readonly exchange: string;
  readonly key: string;
  readonly content: Buffer;
  readonly messageId: string;
  /** amqplib leaves out what is undefined, and its types do not say so. */
  readonly properties: P;
}

/** What every message of a kind has in common. */
export interface MessageKind {
  readonly name: string;
  readonly exchange: string;
  readonly schema: z.ZodType | undefined;
  readonly reply: z.ZodType | undefined;
  /** Checks the words and fills them in. */
  readonly key: (words: Readonly<Record<string, string>> | undefined) => string;
  readonly properties: Omit<Properties, "messageId" | "timestamp" | "correlationId" | "contentEncoding">;
}

const invalid = (fault: string, remedy?: string): PublishError =>
  new PublishError("invalid", fault, remedy === undefined ? {} : { remedy });

export function messageKind(topology: Topology, name: string, message: Message, appId: string): MessageKind {
  const { exchange, key } = target(topology, message);
  const words = [...new Set(placeholders(key))];
  const expiration = message.expiration === undefined ? undefined : milliseconds(message.expiration);
  return {
    name,
    exchange,
    schema: message.schema,
    reply: message.reply,
    key:
      words.length === 0
        ? () => key
        : (given = {}) => {
            for (const word of words) {
              const value = given[word];
              if (!isWord(value))
                throw invalid(
                  `Message "${name}": {${word}} of its key "${key}" is ${value === undefined ? "missing" : JSON.stringify(value)}.`,
                  `give one word without dots: { key: { ${word}: "..." } }`,
                );
            }
            return fill(key, given);
          },
    properties: {
      mandatory: true,
      deliveryMode: message.persistent === false ? 1 : 2,
      contentType: "application/json",
      type: name,
      appId,
      priority: message.priority,
      expiration: expiration === undefined ? undefined : String(expiration),
      headers: message.headers,
    },
  };
}

/** The words of a schema's complaint, without the value: bodies may be secret. */
export const complaints = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`)
    .join("; ");

/** The JSON of a body that fits its schema. Throws a `PublishError` "invalid". */
export function serialize(kind: Pick<MessageKind, "name">, schema: z.ZodType | undefined, body: unknown, what = "Message"): Buffer {
  if (schema) {
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw invalid(`${what} "${kind.name}" does not fit its schema: ${complaints(parsed.error)}`);
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(body);
  } catch (error) {
    throw invalid(`${what} "${kind.name}" cannot be written as JSON: ${(error as Error).message}`);
  }
  if (text === undefined) throw invalid(`${what} "${kind.name}" has no body.`, "give a value that JSON has");
  return Buffer.from(text);
}

/** The properties of one message: those of its kind, and what is said of it. */
export function propertiesOf(kind: MessageKind, options: PublishOptions | undefined, messageId: string): Properties {
  const { mandatory, deliveryMode, contentType, type, appId, priority, expiration, headers } = kind.properties;
  const properties: Properties = {
    mandatory,
    deliveryMode,
    contentType,
    type,
    appId,
    priority,
    expiration,
    headers,
    messageId,
    timestamp: Math.floor(Date.now() / 1000),
    correlationId: options?.correlationId,
    contentEncoding: undefined,
  };
  if (options) special(properties, kind, options);
  return properties;
}

/** What a publisher says of one message wins. */
function special(properties: Properties, kind: MessageKind, { priority, expiration, headers, persistent }: PublishOptions): void {
  if (persistent !== undefined) properties.deliveryMode = persistent ? 2 : 1;
  if (priority !== undefined) {
    if (!Number.isInteger(priority) || priority < 0 || priority > 255)
      throw invalid(`Message "${kind.name}": priority ${priority} is none.`, "allowed: 0 to 255 (quorum queues have 0 to 31)");
    properties.priority = priority;
  }
  if (expiration !== undefined) {
    const ms = milliseconds(expiration);
    if (ms === undefined)
      throw invalid(`Message "${kind.name}": expiration ${JSON.stringify(expiration)} is no duration.`, 'write "30 seconds"');
    properties.expiration = String(ms);
  }
  if (headers !== undefined) properties.headers = { ...kind.properties.headers, ...headers };
}

export const newMessageId = (): string => randomUUID();
