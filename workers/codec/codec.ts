/** Bodies on their way to the broker and back: compressed, then encrypted, and `content-encoding` says so. */
import { checkCompression, compress, type Compression, type CompressionOptions, decompress } from "./compression.js";
import { AES, checkEncryption, decrypt, encrypt, type EncryptionOptions, KEY_HEADER } from "./encryption.js";
import { MalformedError } from "./malformed.js";

export interface CodecOptions {
  readonly compression?: CompressionOptions | undefined;
  readonly encryption?: EncryptionOptions | undefined;
}

export interface EncodeOptions extends CodecOptions {
  /** The message's name in the topology; an encrypted body is bound to it. */
  readonly name: string;
}

export interface DecodeLimits {
  /** The name under which the message came. */
  readonly name: string;
  /** What a body may have, decoded or not. Nothing larger is allocated. */
  readonly maxBodyBytes: number;
  readonly encryption?: EncryptionOptions | undefined;
}

export interface Encoded {
  readonly body: Buffer;
  /** The AMQP property, the encodings in the order in which they were applied: "gzip", "gzip, aes-256-gcm". None: as it was. */
  readonly contentEncoding?: string;
  /** To be sent with the others. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Throws a WorkerError for options that `encode` cannot follow. To be called once, when they are given. */
export function checkCodec({ compression, encryption }: CodecOptions): void {
  if (compression) checkCompression(compression);
  if (encryption) checkEncryption(encryption);
}

/** Encodes a body: at once, or as a promise where a large one (above 64 kB) is compressed, beside the event loop. */
export function encode(body: Buffer, options: EncodeOptions): Encoded | Promise<Encoded> {
  const { compression } = options;
  if (!compression || body.length <= (compression.above ?? 1024)) return seal(body, [], options);
  // What does not get smaller goes as it is.
  const smaller = (compressed: Buffer): Encoded =>
    compressed.length < body.length ? seal(compressed, [compression.encoding], options) : seal(body, [], options);
  const compressed = compress(body, compression);
  return compressed instanceof Promise ? compressed.then(smaller) : smaller(compressed);
}

function seal(body: Buffer, inner: readonly string[], { encryption, name }: EncodeOptions): Encoded {
  if (!encryption) return inner.length === 0 ? { body } : { body, contentEncoding: inner.join(", ") };
  return {
    body: encrypt(body, encryption, name, inner),
    contentEncoding: [...inner, AES].join(", "),
    headers: { [KEY_HEADER]: encryption.current },
  };
}

/** Encodings that leave bytes as they are; some clients name the character set here. */
const NOTHING: ReadonlySet<string> = new Set(["", "identity", "binary", "utf-8", "utf8", "us-ascii"]);
const COMPRESSIONS: Readonly<Record<string, Compression>> = { gzip: "gzip", "x-gzip": "gzip", zstd: "zstd" };
const KNOWN = ["gzip", "zstd", AES, "identity", "utf-8"];
/** More than one of each has no sense, and each costs work. */
const MOST = 2;

/**
 * The body as it was published: at once, or as a promise where it is large (above 64 kB, or more than 256 kB when decompressed).
 * Throws, or rejects with, a MalformedError (`code` "malformed") for unknown encodings, keys that do not fit, and bodies that are cut off, changed or too large.
 */
export function decode(
  body: Buffer,
  contentEncoding: string | undefined,
  headers: Readonly<Record<string, unknown>> | undefined,
  limits: DecodeLimits,
): Buffer | Promise<Buffer> {
  const { maxBodyBytes, encryption, name } = limits;
  const encodings = contentEncoding === undefined ? [] : read(contentEncoding);
  if (encryption?.required && encodings.at(-1) !== AES) throw new MalformedError(`${AES}: the body is not encrypted, and has to be`);
  let current: Buffer | Promise<Buffer> = body;
  for (let last = encodings.length - 1; last >= 0; last -= 1) {
    const encoding = encodings[last]!;
    const step = (bytes: Buffer): Buffer | Promise<Buffer> =>
      encoding === AES
        ? decrypt(bytes, encryption, headers?.[KEY_HEADER], name, encodings.slice(0, last))
        : decompress(bytes, encoding, maxBodyBytes);
    current = current instanceof Promise ? current.then(step) : step(current);
  }
  // What is a promise was decompressed, and so within the limit.
  if (current instanceof Promise) return current;
  if (current.length > maxBodyBytes) throw new MalformedError(`The body has ${current.length} bytes; allowed: ${maxBodyBytes}`);
  return current;
}

function read(contentEncoding: string): (Compression | typeof AES)[] {
  const encodings: (Compression | typeof AES)[] = [];
  for (const word of contentEncoding.split(",")) {
    const encoding = word.trim().toLowerCase();
    if (NOTHING.has(encoding)) continue;
    const known = encoding === AES ? AES : Object.hasOwn(COMPRESSIONS, encoding) ? COMPRESSIONS[encoding] : undefined;
    if (!known)
      throw new MalformedError(`content-encoding ${JSON.stringify(encoding.slice(0, 100))} is not known; allowed: ${KNOWN.join(", ")}`);
    encodings.push(known);
    if (encodings.length > MOST) throw new MalformedError(`content-encoding names more than ${MOST} encodings`);
  }
  return encodings;
}
