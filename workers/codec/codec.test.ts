import { randomBytes } from "node:crypto";
import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkCodec, decode, encode, type EncodeOptions, hasZstd, KEY_HEADER, MalformedError } from "./index.js";

const keys = { "2026-01": randomBytes(32), "2026-02": randomBytes(32) };
const encryption = { keys, current: "2026-02" };
const limits = { name: "order", maxBodyBytes: 1_000_000, encryption };
const text = (count: number): Buffer => Buffer.from("All work and no play. ".repeat(Math.ceil(count / 22)).slice(0, count));

/** The encodings that this Node has. */
const compressions = hasZstd ? (["gzip", "zstd"] as const) : (["gzip"] as const);

async function malformed(work: () => Buffer | Promise<Buffer>): Promise<string> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError);
    expect((error as MalformedError).code).toBe("malformed");
    return (error as MalformedError).message;
  }
  throw new Error("was decoded");
}

const optionSets: fc.Arbitrary<EncodeOptions> = fc.record({
  name: fc.string(),
  compression: fc.option(
    fc.record(
      { encoding: fc.constantFrom(...compressions), above: fc.nat(3000), level: fc.integer({ min: 1, max: 9 }) },
      { requiredKeys: ["encoding"] },
    ),
    { nil: undefined },
  ),
  encryption: fc.option(fc.constant(encryption), { nil: undefined }),
});
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes)),
  fc.nat(200_000).map(text),
);

describe("what is encoded is decoded", () => {
  test("to the same bytes, for all bodies and options", async () => {
    await fc.assert(
      fc.asyncProperty(bodies, optionSets, async (body, options) => {
        const encoded = await encode(body, options);
        const decoded = await decode(encoded.body, encoded.contentEncoding, encoded.headers, { ...limits, name: options.name });
        expect(decoded.equals(body)).toBe(true);
        expect(encoded.contentEncoding?.endsWith("aes-256-gcm") ?? false).toBe(options.encryption !== undefined);
        if (!options.encryption) expect(encoded.body.length).toBeLessThanOrEqual(body.length);
      }),
      { numRuns: 200 },
    );
  });

  test("small bodies at once, large ones as a promise", () => {
    const compression = { encoding: "gzip", above: 10 } as const;
    expect(encode(text(65_536), { name: "order", compression })).not.toBeInstanceOf(Promise);
    expect(encode(text(65_537), { name: "order", compression })).toBeInstanceOf(Promise);
    expect(encode(text(65_537), { name: "order", encryption })).not.toBeInstanceOf(Promise);
    expect(decode(zlib.gzipSync(text(262_144)), "gzip", {}, limits)).toBeInstanceOf(Buffer);
    expect(decode(zlib.gzipSync(text(262_145)), "gzip", {}, limits)).toBeInstanceOf(Promise);
    expect(decode(zlib.gzipSync(randomBytes(70_000)), "gzip", {}, limits)).toBeInstanceOf(Promise);
  });

  test("compression begins above its size, and only where it gains", async () => {
    const compression = { encoding: "gzip", above: 100 } as const;
    expect(await encode(text(100), { name: "order", compression })).toEqual({ body: text(100) });
    expect(await encode(text(101), { name: "order", compression })).toMatchObject({ contentEncoding: "gzip" });
    const noise = randomBytes(5000);
    expect(await encode(noise, { name: "order", compression })).toEqual({ body: noise });
    expect(await encode(text(1024), { name: "order", compression: { encoding: "gzip" } })).toEqual({ body: text(1024) });
    expect(await encode(text(1025), { name: "order", compression: { encoding: "gzip" } })).toMatchObject({ contentEncoding: "gzip" });
  });

  test("encodings stand in the order in which they were applied, the key's id in a header", async () => {
    const encoded = await encode(text(5000), { name: "order", compression: { encoding: "gzip" }, encryption });
    expect(encoded.contentEncoding).toBe("gzip, aes-256-gcm");
    expect(encoded.headers).toEqual({ [KEY_HEADER]: "2026-02" });
    expect(encoded.body.includes("no play")).toBe(false);
  });

  test("two equal bodies do not look equal when encrypted", async () => {
    const [one, two] = [await encode(text(50), { name: "order", encryption }), await encode(text(50), { name: "order", encryption })];
    expect(one.body.equals(two.body)).toBe(false);
  });
});

describe("what others encoded", () => {
  test("names that leave the bytes alone, other spellings, and several members of gzip", async () => {
    for (const encoding of ["", "identity", "utf-8", "UTF8", "binary", "identity, utf-8"]) {
      expect((await decode(text(10), encoding, undefined, limits)).equals(text(10))).toBe(true);
    }
    expect((await decode(zlib.gzipSync(text(10)), " GZIP ", undefined, limits)).equals(text(10))).toBe(true);
    expect((await decode(zlib.gzipSync(text(10)), "x-gzip", undefined, limits)).equals(text(10))).toBe(true);
    const members = Buffer.concat([zlib.gzipSync(text(10)), zlib.gzipSync(text(10))]);
    expect((await decode(members, "gzip", undefined, limits)).length).toBe(20);
  });

  test("encrypted first and compressed then, by an older key", async () => {
    const encrypted = await encode(text(300), { name: "order", encryption: { keys, current: "2026-01" } });
    const body = zlib.gzipSync(encrypted.body);
    expect((await decode(body, "aes-256-gcm, gzip", encrypted.headers, limits)).equals(text(300))).toBe(true);
  });
});

describe("malformed", () => {
  test("an encoding that is not known, or too many", async () => {
    expect(await malformed(() => decode(text(10), "br", {}, limits))).toBe(
      'content-encoding "br" is not known; allowed: gzip, zstd, aes-256-gcm, identity, utf-8',
    );
    expect(await malformed(() => decode(text(10), "constructor", {}, limits))).toContain('"constructor" is not known');
    expect(await malformed(() => decode(text(10), "gzip, gzip, gzip", {}, limits))).toContain("more than 2");
  });

  test("a bomb is refused at the limit, and nothing of its size allocated", async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(200_000_000));
    const before = process.memoryUsage().rss;
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 1);
    expect(await malformed(() => decode(bomb, "gzip", {}, limits))).toBe("gzip: the body has more than 1000000 bytes when decompressed");
    clearInterval(timer);
    expect(Math.max(most, process.memoryUsage().rss) - before).toBeLessThan(60_000_000);
    // A small one too, which is decompressed at once; and one within another.
    expect(await malformed(() => decode(zlib.gzipSync(Buffer.alloc(2_000_000)), "gzip", {}, limits))).toContain("more than 1000000 bytes");
    expect(await malformed(() => decode(zlib.gzipSync(Buffer.alloc(100)), "gzip", {}, { ...limits, maxBodyBytes: 99 }))).toContain(
      "more than 99",
    );
    expect(await malformed(() => decode(zlib.gzipSync(bomb), "gzip, gzip", {}, limits))).toContain("more than 1000000 bytes");
  });

  test("a body above the limit, in whatever encoding", async () => {
    const small = { ...limits, maxBodyBytes: 100 };
    expect((await decode(text(100), undefined, {}, small)).length).toBe(100);
    expect(await malformed(() => decode(text(101), undefined, {}, small))).toBe("The body has 101 bytes; allowed: 100");
    const fits = await encode(text(100), { name: "order", encryption });
    expect((await decode(fits.body, fits.contentEncoding, fits.headers, small)).length).toBe(100);
    const large = await encode(text(101), { name: "order", encryption });
    expect(await malformed(() => decode(large.body, large.contentEncoding, large.headers, small))).toContain("allowed: 100");
  });

  test("whatever is cut off, changed, or said to be another message", async () => {
    const encoded = await encode(text(3000), { name: "order", compression: { encoding: "gzip" }, encryption });
    const { body, contentEncoding, headers } = encoded;
    await fc.assert(
      fc.asyncProperty(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        expect(await malformed(() => decode(body.subarray(0, at), contentEncoding, headers, limits))).toMatch(/^aes-256-gcm: /);
        const changed = Buffer.from(body);
        changed[at]! ^= mask;
        expect(await malformed(() => decode(changed, contentEncoding, headers, limits))).toMatch(/^aes-256-gcm: /);
      }),
    );
    const wrong = 'aes-256-gcm: key "2026-02" does not fit: another key, another message than "refund", or changed bytes';
    expect(await malformed(() => decode(body, contentEncoding, headers, { ...limits, name: "refund" }))).toBe(wrong);
    // Claiming that it was not compressed would hand the compressed bytes to the handler.
    expect(await malformed(() => decode(body, "aes-256-gcm", headers, limits))).toContain("does not fit");
    expect(await malformed(() => decode(body, contentEncoding, { [KEY_HEADER]: "2026-01" }, limits))).toContain("does not fit");
  });

  test("a compressed body that is cut off, at every place", async () => {
    for (const encoding of compressions) {
      const { body } = await encode(Buffer.concat([text(500), randomBytes(100)]), { name: "order", compression: { encoding, above: 0 } });
      for (let at = 0; at < body.length; at += 1) {
        expect(await malformed(() => decode(body.subarray(0, at), encoding, {}, limits))).toMatch(new RegExp(`^${encoding}: `));
      }
    }
  });

  test("garbage never gives a body, nor any other error, and its text never holds the body", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.constantFrom("gzip", "zstd", "aes-256-gcm"), async (bytes, encoding) => {
        const said = await malformed(() => decode(Buffer.from(bytes), encoding, { [KEY_HEADER]: "2026-01" }, limits));
        expect(said.startsWith(`${encoding}: `)).toBe(true);
      }),
    );
    expect(await malformed(() => decode(Buffer.from("secret text"), "gzip", {}, limits))).not.toContain("secret");
  });

  test("keys that are not here, and encryption that is missing", async () => {
    const { body, contentEncoding, headers } = await encode(text(10), { name: "order", encryption });
    const { encryption: _, ...without } = limits;
    expect(await malformed(() => decode(body, contentEncoding, headers, without))).toBe("aes-256-gcm: no keys are configured here");
    expect(await malformed(() => decode(body, contentEncoding, {}, limits))).toContain("header warren-key, the key's id, is missing");
    for (const id of ["2025-12", "constructor"]) {
      expect(await malformed(() => decode(body, contentEncoding, { [KEY_HEADER]: id }, limits))).toBe(
        `aes-256-gcm: there is no key "${id}"; there are: "2026-01", "2026-02"`,
      );
    }
    const required = { ...limits, encryption: { ...encryption, required: true } };
    expect(await malformed(() => decode(text(10), undefined, {}, required))).toBe("aes-256-gcm: the body is not encrypted, and has to be");
    expect(await malformed(() => decode(zlib.gzipSync(text(10)), "gzip", {}, required))).toContain("has to be");
    expect((await decode(body, contentEncoding, headers, required)).equals(text(10))).toBe(true);
  });
});

describe("zstd", () => {
  test.runIf(hasZstd)("is bounded in its output and in the window that a frame asks for", async () => {
    const { zstdCompressSync, constants } = zlib as unknown as {
      zstdCompressSync: (body: Buffer, options?: object) => Buffer;
      constants: Record<string, number>;
    };
    expect(await malformed(() => decode(zstdCompressSync(Buffer.alloc(50_000_000)), "zstd", {}, limits))).toContain(
      "more than 1000000 bytes",
    );
    // By hand: a frame with one raw block of a byte, whose header asks for a window of 2^N bytes.
    const frame = (log: number): Buffer => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 9, 0, 0, 0x41]);
    expect((await decode(frame(23), "zstd", {}, limits)).toString()).toBe("A");
    for (const log of [24, 27, 31, 41]) expect(await malformed(() => decode(frame(log), "zstd", {}, limits))).toMatch(/^zstd: .*memory/);
    expect((await decode(frame(27), "zstd", {}, { ...limits, maxBodyBytes: 100_000_000 })).toString()).toBe("A");
    for (const level of [1, 3, 19]) {
      const body = zstdCompressSync(text(1000), { params: { [constants["ZSTD_c_compressionLevel"]!]: level } });
      expect((await decode(body, "zstd", {}, { ...limits, maxBodyBytes: 1000 })).equals(text(1000))).toBe(true);
    }
  });

  test.runIf(!hasZstd)("says which Node it needs where there is none", async () => {
    expect(() => checkCodec({ compression: { encoding: "zstd" } })).toThrow(
      /zstd needs Node 22\.15 or later, and this is v2\d\..*\n.*use gzip/,
    );
    expect(await malformed(() => decode(text(10), "zstd", {}, limits))).toMatch(/^zstd: zstd needs Node 22\.15 or later/);
  });
});

describe("checkCodec", () => {
  test("says what is wrong, and shows no key", () => {
    const short = Buffer.from("sixteen letters.");
    expect(() => checkCodec({ encryption: { keys: { a: short }, current: "a" } })).toThrow(
      /key "a" is 16 bytes; allowed: a Buffer of 32 bytes/,
    );
    expect(() => checkCodec({ encryption: { keys: { a: "sixteen" as unknown as Buffer }, current: "a" } })).toThrow(/key "a" is string/);
    expect(() => checkCodec({ encryption: { keys, current: "b" } })).toThrow(
      /current encryption key "b" is not among the keys; there are: "2026-01"/,
    );
    expect(() => checkCodec({ compression: { encoding: "br" as "gzip" } })).toThrow(/no compression "br"; allowed: gzip, zstd/);
    expect(() => checkCodec({ compression: { encoding: "gzip", level: 10 } })).toThrow(/level of gzip is 10; allowed: 1-9/);
    expect(() => checkCodec({ compression: { encoding: "gzip", above: NaN } })).toThrow(/above NaN bytes/);
    expect(() => checkCodec({ compression: { encoding: "gzip", above: 0, level: 9 }, encryption })).not.toThrow();
  });
});
