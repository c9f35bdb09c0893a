/** Headers that came over a connection are written again with the same bytes, in whatever pieces they came. */
import type { ChannelModel } from "amqplib";
import fc from "fast-check";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { keepTypes, typedHeaders } from "./typed-headers.js";

type Headers = Record<string, unknown>;
interface Inside {
  recvFrame(): false | { readonly fields: { readonly headers: Headers } };
}

// amqplib itself, behind what it exports: it is its frames that are listened to.
const load = createRequire(__filename);
const inside = (file: string): unknown => load(join(dirname(load.resolve("amqplib")), "lib", file));
const { Connection } = inside("connection.js") as { readonly Connection: new (stream: PassThrough) => Inside };
const { encodeProperties, BasicProperties } = inside("defs.js") as {
  readonly encodeProperties: (id: number, channel: number, size: number, fields: object) => Buffer;
  readonly BasicProperties: number;
};

const frameOf = (headers: Headers, more: object = {}): Buffer => Buffer.from(encodeProperties(BasicProperties, 1, 3, { ...more, headers }));

function received(frames: readonly Buffer[]): Headers[] {
  const stream = new PassThrough();
  const connection = new Connection(stream);
  keepTypes({ connection } as unknown as ChannelModel);
  return frames.flatMap((piece) => {
    stream.write(piece);
    const found: Headers[] = [];
    for (let frame = connection.recvFrame(); frame; frame = connection.recvFrame()) found.push(frame.fields.headers);
    return found;
  });
}

const number = (type: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => value.map((one) => ({ "!": type, value: one }));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: "grapheme" }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    number("int8", fc.integer({ min: -128, max: 127 })),
    number("uint8", fc.integer({ min: 0, max: 255 })),
    number("int16", fc.integer({ min: -0x8000, max: 0x7fff })),
    number("uint16", fc.integer({ min: 0, max: 0xffff })),
    number("int32", fc.integer()),
    number("uint32", fc.integer({ min: 0, max: 0xffffffff })),
    number("int64", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    number("float", fc.float({ noNaN: true })),
    number("double", fc.double({ noNaN: true })),
    number("timestamp", fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    number("decimal", fc.record({ places: fc.integer({ min: 0, max: 255 }), digits: fc.integer({ min: 0, max: 0xffffffff }) })),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 20 }), tie("value"), { maxKeys: 4 }).map((fields) => Object.create(fields) as unknown),
  ),
}));
const headers = fc.dictionary(fc.string({ maxLength: 20 }), value, { maxKeys: 6 }).map((fields) => ({ ...fields }));
const before = fc.constantFrom(
  {},
  { contentType: "text/plain" },
  { contentEncoding: "gzip" },
  { contentType: "a/b", contentEncoding: "c" },
);

test("every type is written again as it came", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(headers, before), { minLength: 1, maxLength: 3 }), fc.array(fc.nat()), (all, cuts) => {
      const frames = all.map(([given, more]) => frameOf(given, more));
      const whole = Buffer.concat(frames);
      const at = [0, ...cuts.map((cut) => cut % whole.length), whole.length].sort((one, other) => one - other);
      const found = received(at.slice(1).map((end, index) => whole.subarray(at[index], end)));
      expect(found.map((one, index) => frameOf(typedHeaders(one) as Headers, all[index]?.[1]))).toEqual(frames);
    }),
  );
});

test("what amqplib alone would change", () => {
  const given = {
    ...{ five: { "!": "int64", value: 5n }, large: { "!": "int64", value: 9007199254740993n }, one: { "!": "double", value: 1 } },
    deaths: [{ count: { "!": "int64", value: 1n } }],
  };
  const [plain = {}] = received([frameOf(given)]);
  expect(plain).toEqual({ five: 5, large: 9007199254740992, one: 1, deaths: [{ count: 1 }] });
  expect(frameOf(plain)).not.toEqual(frameOf(given));
  expect(frameOf(typedHeaders(plain) as Headers)).toEqual(frameOf(given));
});

test('a field "!" inside of a header is a field', () => {
  const frame = frameOf({ inside: Object.create({ "!": "int64", value: "five" }) as unknown });
  const [plain = {}] = received([frame]);
  expect(frameOf(typedHeaders(plain) as Headers)).toEqual(frame);
});

test("a text that is no UTF-8 keeps its bytes; headers that came over no connection are as they are", () => {
  const frame = frameOf({ name: "abc" });
  frame.writeUInt8(0xff, frame.indexOf("abc"));
  const [plain = {}] = received([frame]);
  expect(typedHeaders(plain)).toEqual({ name: Buffer.from([0xff, 0x62, 0x63]) });
  const own = { five: 5 };
  expect(typedHeaders(own)).toBe(own);
});

test("an amqplib that is made otherwise is left alone", () => {
  const connection = {};
  keepTypes({ connection } as unknown as ChannelModel);
  expect(connection).toEqual({});
});
