import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isWholeZstd } from "./zstd-frame.js";

// By hand, for Node 20 has no zstd: frames of raw and RLE blocks (RFC 8878, 3.1).
const bytes = (...parts: (number[] | Buffer)[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part)));
const magic = [0x28, 0xb5, 0x2f, 0xfd];
const block = (last: boolean, type: 0 | 1, size: number): Buffer => {
  const header = Buffer.alloc(3);
  header.writeUIntLE((last ? 1 : 0) | (type << 1) | (size << 3), 0, 3);
  return bytes(header, Buffer.alloc(type === 1 ? 1 : size, "x"));
};

const frames = fc
  .record({
    singleSegment: fc.boolean(),
    contentSize: fc.integer({ min: 0, max: 3 }),
    dictionary: fc.integer({ min: 0, max: 3 }),
    checksum: fc.boolean(),
    blocks: fc.array(fc.record({ type: fc.constantFrom(0 as const, 1 as const), size: fc.nat(40) }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ singleSegment, contentSize, dictionary, checksum, blocks }) =>
    bytes(
      magic,
      [(contentSize << 6) | (singleSegment ? 0x20 : 0) | (checksum ? 4 : 0) | dictionary],
      Buffer.alloc((singleSegment ? 0 : 1) + [singleSegment ? 1 : 0, 2, 4, 8][contentSize]! + [0, 1, 2, 4][dictionary]!),
      ...blocks.map(({ type, size }, index) => block(index === blocks.length - 1, type, size)),
      Buffer.alloc(checksum ? 4 : 0),
    ),
  );
const skippable = fc.nat(20).map((size) => bytes([0x5a, 0x2a, 0x4d, 0x18, size, 0, 0, 0], Buffer.alloc(size)));

describe("isWholeZstd", () => {
  test("whole frames are whole, and nothing shorter or longer is", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(frames, skippable), { minLength: 1, maxLength: 3 }), (parts) => {
        const body = Buffer.concat(parts);
        const ends = new Set<number>();
        let end = 0;
        for (const part of parts) ends.add((end += part.length));
        for (let at = 0; at <= body.length; at += 1) expect(isWholeZstd(body.subarray(0, at))).toBe(ends.has(at));
        expect(isWholeZstd(bytes(body, [0]))).toBe(false);
      }),
    );
  });

  test("other bytes are not zstd", () => {
    expect(isWholeZstd(zlib.gzipSync("text"))).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array(), (body) => {
        expect(isWholeZstd(Buffer.from(body))).toBe(false);
      }),
    );
  });
});
