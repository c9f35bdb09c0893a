/**
 * Headers with the types that their publisher gave them. amqplib reads every number as JavaScript's, and writes the smallest type that holds it: a long
 * would come out as a byte, one above 2^53 as another number. What is read here is what amqplib takes to write the same bytes again.
 */
import type { ChannelModel, MessageProperties } from "amqplib";
import { isUtf8 } from "node:buffer";

type Headers = Readonly<Record<string, unknown>>;

/** What amqplib has inside, and its types do not name. */
interface Inside {
  /** What came and was not read yet; a frame begins it. */
  readonly rest: Buffer;
  recvFrame: () => false | { readonly fields?: Pick<MessageProperties, "headers"> };
}

/** A frame has its type, channel and size before what it carries: of properties the class, the weight and the body's size, then flags. */
const HEADER_FRAME = 2;
const FLAGS = 7 + 12;
/** What stands before the headers, if there is any: contentType, contentEncoding. */
const BEFORE_HEADERS = [0x8000, 0x4000];

/** By the object that amqplib made of them. */
const tables = new WeakMap<object, Buffer>();

/** From now on what comes over the connection can be asked for its types. Without effect where amqplib is made otherwise. */
export function keepTypes(connection: ChannelModel): void {
  const inside = connection.connection as unknown as Partial<Inside>;
  const receive = inside.recvFrame;
  if (!receive || !inside.rest) return;
  inside.recvFrame = function (this: Inside) {
    // If the frame is not whole yet, amqplib reads more and comes here once more.
    const { rest } = this;
    const frame = receive.call(this);
    const headers = frame && frame.fields?.headers;
    if (headers && rest[0] === HEADER_FRAME && !tables.has(headers)) tables.set(headers, tableIn(rest));
    return frame;
  };
}

function tableIn(frame: Buffer): Buffer {
  const flags = frame.readUInt16BE(FLAGS);
  let at = FLAGS + 2;
  for (const flag of BEFORE_HEADERS) if ((flags & flag) !== 0) at += 1 + frame.readUInt8(at);
  return frame.subarray(at + 4, at + 4 + frame.readUInt32BE(at));
}

/** To be published again; as they are, if they came over no connection that keeps types. */
export function typedHeaders(headers: Headers): Headers {
  const table = tables.get(headers);
  return table ? new Reader(table).table() : headers;
}

/** Numbers of a fixed width: what amqplib calls them, their bytes, how they are read. */
const NUMBERS: Readonly<Record<string, readonly [type: string, bytes: number, read: (from: Buffer, at: number) => unknown]>> = {
  b: ["int8", 1, (from, at) => from.readInt8(at)],
  B: ["uint8", 1, (from, at) => from.readUInt8(at)],
  s: ["int16", 2, (from, at) => from.readInt16BE(at)],
  u: ["uint16", 2, (from, at) => from.readUInt16BE(at)],
  I: ["int32", 4, (from, at) => from.readInt32BE(at)],
  i: ["uint32", 4, (from, at) => from.readUInt32BE(at)],
  l: ["int64", 8, (from, at) => from.readBigInt64BE(at)],
  f: ["float", 4, (from, at) => from.readFloatBE(at)],
  d: ["double", 8, (from, at) => from.readDoubleBE(at)],
  T: ["timestamp", 8, (from, at) => from.readBigUInt64BE(at)],
  D: ["decimal", 5, (from, at) => ({ places: from.readUInt8(at), digits: from.readUInt32BE(at + 1) })],
};

class Reader {
  #at = 0;

  constructor(private readonly from: Buffer) {}

  table(): Headers {
    const fields: [string, unknown][] = [];
    while (this.#at < this.from.length) {
      const name = this.#bytes(this.from.readUInt8(this.#at++)).toString();
      fields.push([name, this.#value()]);
    }
    return Object.fromEntries(fields);
  }

  #bytes(length: number): Buffer {
    return this.from.subarray(this.#at, (this.#at += length));
  }

  #long(): Buffer {
    const length = this.from.readUInt32BE(this.#at);
    this.#at += 4;
    return this.#bytes(length);
  }

  #value(): unknown {
    const tag = String.fromCharCode(this.from.readUInt8(this.#at++));
    const number = NUMBERS[tag];
    if (number) {
      const [type, bytes, read] = number;
      return { "!": type, value: read(this.#bytes(bytes), 0) };
    }
    switch (tag) {
      case "S": {
        const bytes = this.#long();
        // amqplib writes no other text: so its bytes are kept at least.
        return isUtf8(bytes) ? bytes.toString() : bytes;
      }
      case "x":
        return this.#long();
      case "t":
        return this.from.readUInt8(this.#at++) !== 0;
      case "A":
        return new Reader(this.#long()).#values();
      case "F":
        // Inherited fields are written too, and a field "!" of its own would be taken for a type.
        return Object.create(new Reader(this.#long()).table());
      default:
        // V; amqplib has read no others.
        return null;
    }
  }

  #values(): unknown[] {
    const values: unknown[] = [];
    while (this.#at < this.from.length) values.push(this.#value());
    return values;
  }
}
