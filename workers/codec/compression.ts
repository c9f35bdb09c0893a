/** Compression by AMQP's `content-encoding`: gzip everywhere, zstd where Node has it. */
import zlib from "node:zlib";
import { WorkerError } from "../errors.js";
import { MalformedError } from "./malformed.js";
import { isWholeZstd } from "./zstd-frame.js";

export type Compression = "gzip" | "zstd";

export interface CompressionOptions {
  readonly encoding: Compression;
  /** Bodies of more bytes than this are compressed. @default 1024 */
  readonly above?: number;
  /** gzip 1-9, zstd 1-19 (more takes more memory to read). @default 6 for gzip, 3 for zstd */
  readonly level?: number;
}

/** Bodies above this are handled beside the event loop: gzip takes some 2 ms for 64 kB. */
export const ASIDE = 65_536;
/** What a small body may grow to before its decompression goes on beside the event loop. */
const GROWS_TO = 4 * ASIDE;

type Callback = (error: Error | null, result: Buffer) => void;

/** Node's functions for zstd, which the types of Node 20 lack, as it does itself. */
interface Zstd {
  zstdCompressSync(body: Buffer, options: object): Buffer;
  zstdCompress(body: Buffer, options: object, done: Callback): void;
  zstdDecompressSync(body: Buffer, options: object): Buffer;
  zstdDecompress(body: Buffer, options: object, done: Callback): void;
  readonly constants: { readonly ZSTD_c_compressionLevel: number; readonly ZSTD_d_windowLogMax: number };
}

/** Whether this Node has zstd. There is no substitute: the WebAssembly libraries take the memory that a frame's header asks for, and so a bomb. */
export const hasZstd = typeof (zlib as unknown as Partial<Zstd>).zstdCompressSync === "function";
const zstd = zlib as unknown as Zstd;
const NEEDS = `zstd needs Node 22.15 or later, and this is ${process.version}`;

const LEVELS = { gzip: 9, zstd: 19 } as const;

/** Throws a WorkerError where a compression cannot be had. */
export function checkCompression({ encoding, above = 0, level = 1 }: CompressionOptions): void {
  if (!Object.hasOwn(LEVELS, encoding)) {
    throw new WorkerError("wrong-use", `There is no compression ${JSON.stringify(encoding)}; allowed: gzip, zstd`);
  }
  if (encoding === "zstd" && !hasZstd) throw new WorkerError("wrong-use", `Compression: ${NEEDS}`, { remedy: "use gzip, or a later Node" });
  const highest = LEVELS[encoding];
  if (!Number.isInteger(level) || level < 1 || level > highest) {
    throw new WorkerError("wrong-use", `The level of ${encoding} is ${level}; allowed: 1-${highest}`);
  }
  if (!(above >= 0)) throw new WorkerError("wrong-use", `Compression above ${above} bytes; allowed: 0 or more`);
}

/** The compressed body: at once, or, for a large one, as a promise. */
export function compress(body: Buffer, { encoding, level }: CompressionOptions): Buffer | Promise<Buffer> {
  const aside = body.length > ASIDE;
  if (encoding === "gzip") {
    const options = level === undefined ? {} : { level };
    return aside ? promise((done) => zlib.gzip(body, options, done)) : zlib.gzipSync(body, options);
  }
  const options = level === undefined ? {} : { params: { [zstd.constants.ZSTD_c_compressionLevel]: level } };
  return aside ? promise((done) => zstd.zstdCompress(body, options, done)) : zstd.zstdCompressSync(body, options);
}

/** The body as it was, at most `limit` bytes: no more than that is ever allocated for it, whatever the compressed body claims. */
export function decompress(body: Buffer, encoding: Compression, limit: number): Buffer | Promise<Buffer> {
  if (encoding === "zstd" && !hasZstd) throw new MalformedError(`zstd: ${NEEDS}`);
  if (encoding === "zstd" && !isWholeZstd(body)) throw new MalformedError("zstd: the body is cut off, or is no zstd");
  if (body.length <= ASIDE) {
    try {
      const options = reading(encoding, limit, GROWS_TO);
      return encoding === "gzip" ? zlib.gunzipSync(body, options) : zstd.zstdDecompressSync(body, options);
    } catch (error) {
      if (!isTooLarge(error) || limit <= GROWS_TO) throw refused(error, encoding, limit);
    }
  }
  const options = reading(encoding, limit);
  return promise((done) => (encoding === "gzip" ? zlib.gunzip(body, options, done) : zstd.zstdDecompress(body, options, done))).catch(
    (error: unknown) => {
      throw refused(error, encoding, limit);
    },
  );
}

/**
 * zstd's window is memory too, and the frame's header asks for it before there is any output. 2^23 bytes are what every decoder should give
 * (RFC 8878, 3.1.1.1.2) and what levels up to 19 ask for, of small bodies too; more only where a body may be as large.
 */
function reading(encoding: Compression, limit: number, most = limit): { readonly maxOutputLength: number; readonly params?: object } {
  const maxOutputLength = Math.max(Math.min(limit, most), 1);
  if (encoding === "gzip") return { maxOutputLength };
  const window = Math.min(Math.max(Math.ceil(Math.log2(limit + 1)), 23), 27);
  return { maxOutputLength, params: { [zstd.constants.ZSTD_d_windowLogMax]: window } };
}

const isTooLarge = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";

function refused(error: unknown, encoding: Compression, limit: number): MalformedError {
  // zlib's own sentences are about the form alone.
  return new MalformedError(
    isTooLarge(error) ? `${encoding}: the body has more than ${limit} bytes when decompressed` : `${encoding}: ${(error as Error).message}`,
  );
}

function promise(work: (done: Callback) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => work((error, result) => (error ? reject(error) : resolve(result))));
}
