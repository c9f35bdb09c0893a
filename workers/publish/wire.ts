/**
 * Writes what one channel publishes straight into what its socket gathers. amqplib encodes the first message of a kind;
 * those that follow differ in their id, time, size and body, and only these are written anew. Anything else goes amqplib's way.
 */
import type { ChannelModel, ConfirmChannel, Options } from "amqplib";
import { corkOf, socketOf, type Cork } from "../connection/cork.js";
import type { MessageKind, Outgoing, Properties } from "./outgoing.js";

export type OnConfirm = (error: Error | null) => void;

/** What amqplib has inside, and its types do not name. */
interface Inside {
  readonly ch: number;
  readonly sendMessage: unknown;
  pushConfirmCallback(confirmed: OnConfirm): void;
  onBufferDrain(): void;
  readonly connection: {
    readonly channels: ({ buffer: { write(chunk: Buffer): boolean; end(): void } } | null | undefined)[];
    readonly sendMessage: unknown;
    readonly frameMax: number;
  };
}

/** The frames before a body, of the method and of the properties, and where in them stands what differs. */
interface Template {
  readonly head: Buffer;
  readonly size: number;
  readonly id: number;
  readonly timestamp: number;
}

/** A frame has its type, channel and size before what it carries, and one byte behind it. */
const FRAME_HEAD = 7;
const FRAME_END = 0xce;
const METHOD = 1;
const HEADER = 2;
const BODY = 3;
/** Bytes of an id as `newMessageId` gives it; others have no place in a template. */
const ID_LENGTH = 36;
/** A larger body is not worth a copy. Bytes. */
const MOST_BODY = 32 * 1024;
/** Keys with placeholders have many values. */
const MOST_KEYS = 1000;

/** From what amqplib wrote for a message. `undefined` if it is not as expected. */
function templateOf(written: Buffer, { messageId, timestamp }: Properties): Template | undefined {
  const header = FRAME_HEAD + written.readUInt32BE(3) + 1;
  if (written[0] !== METHOD || written[header] !== HEADER) return undefined;
  const head = Buffer.from(written.subarray(0, header + FRAME_HEAD + written.readUInt32BE(header + 3) + 1));
  const id = head.indexOf(messageId, header);
  if (id < 0 || head.lastIndexOf(messageId) !== id || head[id - 1] !== ID_LENGTH) return undefined;
  if (head.readBigUInt64BE(id + ID_LENGTH) !== BigInt(timestamp)) return undefined;
  // Behind the class and the weight.
  return { head, size: header + FRAME_HEAD + 4, id, timestamp: id + ID_LENGTH };
}

export class Wire {
  readonly #templates = new Map<MessageKind, Map<string, Template | undefined>>();
  /** What amqplib wrote last, while it is listened to. */
  #heard: Buffer[] | undefined;

  private constructor(
    private readonly channel: ConfirmChannel,
    private readonly inside: Inside,
    private readonly cork: Cork,
    private readonly sends: { readonly channel: unknown; readonly connection: unknown },
  ) {}

  /** For a channel on which nothing has been published yet. `undefined` if this amqplib is made otherwise. */
  static on(connection: ChannelModel, channel: ConfirmChannel): Wire | undefined {
    const socket = socketOf(connection);
    const cork = corkOf(socket);
    const inside = channel as unknown as Partial<Inside>;
    const open = inside.ch === undefined ? undefined : inside.connection?.channels?.[inside.ch];
    if (!cork || !open?.buffer || !inside.connection?.frameMax || !inside.pushConfirmCallback || !inside.onBufferDrain) return undefined;
    const wire = new Wire(channel, inside as Inside, cork, { channel: inside.sendMessage, connection: inside.connection.sendMessage });
    const drained = (): void => (inside as Inside).onBufferDrain();
    socket.on("drain", drained);
    const { buffer } = open;
    // Everything on this channel takes one way: what is published stays in its order, by which it is confirmed.
    open.buffer = {
      write: (chunk) => {
        wire.#heard?.push(chunk);
        cork.add(chunk);
        return !cork.full;
      },
      end: () => {
        socket.removeListener("drain", drained);
        buffer.end();
      },
    };
    return wire;
  }

  /** As amqplib's `publish`, and throws what it throws. */
  publish(outgoing: Outgoing, confirmed: OnConfirm): boolean {
    const { exchange, key, content } = outgoing;
    const properties = outgoing.properties as Properties;
    const templates = this.#templatesFor(outgoing);
    const template = templates?.get(key);
    if (template) return this.#write(template, properties, content, confirmed);
    if (!templates || templates.has(key)) return this.channel.publish(exchange, key, content, properties as Options.Publish, confirmed);
    this.#heard = [];
    try {
      const more = this.channel.publish(exchange, key, content, properties as Options.Publish, confirmed);
      if (templates.size >= MOST_KEYS) templates.clear();
      // Both frames are in one chunk, or in two.
      templates.set(key, templateOf(Buffer.concat(this.#heard.slice(0, 2)), properties));
      return more;
    } finally {
      this.#heard = undefined;
    }
  }

  /** By key, if a message is as all of its kind are, and nothing is closing. */
  #templatesFor({ kind, content, properties }: Outgoing): Map<string, Template | undefined> | undefined {
    if (!kind || content.length > MOST_BODY || content.length > this.inside.connection.frameMax - FRAME_HEAD - 1) return undefined;
    const { headers, contentEncoding, deliveryMode, priority, correlationId, expiration, messageId } = properties as Properties;
    const common = kind.properties;
    if (
      headers !== common.headers ||
      contentEncoding !== undefined ||
      deliveryMode !== common.deliveryMode ||
      priority !== common.priority ||
      correlationId !== undefined ||
      expiration !== common.expiration ||
      messageId.length !== ID_LENGTH ||
      Buffer.byteLength(messageId) !== ID_LENGTH
    )
      return undefined;
    // amqplib puts another function there when the channel or the connection closes.
    if (this.inside.sendMessage !== this.sends.channel || this.inside.connection.sendMessage !== this.sends.connection) return undefined;
    let templates = this.#templates.get(kind);
    if (!templates) this.#templates.set(kind, (templates = new Map<string, Template | undefined>()));
    return templates;
  }

  #write({ head, size, id, timestamp }: Template, properties: Properties, content: Buffer, confirmed: OnConfirm): boolean {
    const { cork, inside } = this;
    const { length } = content;
    const at = cork.take(head.length + (length === 0 ? 0 : FRAME_HEAD + length + 1));
    const { buffer } = cork;
    head.copy(buffer, at);
    // The upper halves of both are 0 in the template.
    buffer.writeUInt32BE(length, at + size + 4);
    buffer.write(properties.messageId, at + id, ID_LENGTH, "latin1");
    buffer.writeUInt32BE(properties.timestamp, at + timestamp + 4);
    if (length > 0) {
      const body = at + head.length;
      buffer[body] = BODY;
      buffer.writeUInt16BE(inside.ch, body + 1);
      buffer.writeUInt32BE(length, body + 3);
      content.copy(buffer, body + FRAME_HEAD);
      buffer[body + FRAME_HEAD + length] = FRAME_END;
    }
    inside.pushConfirmCallback(confirmed);
    return !cork.full;
  }
}
