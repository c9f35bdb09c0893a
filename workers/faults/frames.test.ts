import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Link } from "../../testing/proxy.js";
import { ChannelKiller, falseAck, FrameReader } from "./frames.js";

const frame = (type: number, channel: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
};
const method = (channel: number, classId: number, methodId: number, more = 0): Buffer => {
  const payload = Buffer.alloc(4 + more, 7);
  payload.writeUInt16BE(classId, 0);
  payload.writeUInt16BE(methodId, 2);
  return frame(1, channel, payload);
};
const GREETING = Buffer.from("AMQP\0\0\x09\x01");
const HEARTBEAT = frame(8, 0, Buffer.alloc(0));

const anyFrame = fc.oneof(
  fc.constant(HEARTBEAT),
  fc
    .record({ channel: fc.integer({ min: 1, max: 9 }), id: fc.constantFrom(20, 40, 80), more: fc.nat(30) })
    .map(({ channel, id, more }) => method(channel, 60, id, more)),
  // A body that looks like a method of the class basic.
  fc
    .record({ channel: fc.integer({ min: 1, max: 9 }), more: fc.nat(30) })
    .map(({ channel, more }) => frame(3, channel, Buffer.alloc(4 + more, Buffer.from([0, 60, 0, 20])))),
  fc.nat(3).map((length) => frame(3, 5, Buffer.alloc(length))),
);

it("knows the channels and the borders of frames, however they are cut into chunks", () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }),
      (frames, sizes) => {
        const bytes = Buffer.concat([GREETING, ...frames]);
        const borders = new Set([GREETING.length]);
        let border = GREETING.length;
        for (const one of frames) borders.add((border += one.length));
        const reader = new FrameReader();
        let at = 0;
        for (let turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          reader.read(bytes.subarray(at, at + size));
          at = Math.min(bytes.length, at + size);
          expect([at, reader.whole]).toEqual([at, borders.has(at)]);
        }
        for (const [purpose, id] of [
          ["consume", 20],
          ["publish", 40],
        ] as const) {
          const last = frames.filter((one) => one[0] === 1 && one.readUInt16BE(9) === id).at(-1);
          expect(reader.channels[purpose]).toBe(last?.readUInt16BE(1));
        }
      },
    ),
  );
});

it("strikes between two frames only", () => {
  const [killer, injected] = [new ChannelKiller(), [] as Buffer[]];
  const link = { inject: (bytes: Buffer) => injected.push(bytes) } as unknown as Link;
  killer.watch(link, Buffer.concat([GREETING, method(3, 60, 20, 10)]));
  expect([killer.kill([link], "publish"), injected.length]).toEqual([0, 0]);
  const next = method(3, 60, 80, 9);
  killer.watch(link, next.subarray(0, 9));
  expect([killer.kill([link], "consume"), injected.length]).toEqual([1, 0]);
  killer.watch(link, next.subarray(9));
  expect(injected).toEqual([]);
  killer.watch(link, next);
  expect(injected).toEqual([falseAck(3)]);
  expect(falseAck(3).toString("hex")).toBe("01" + "0003" + "0000000d" + "003c0050" + "000000003b9ac9ff" + "00" + "ce");
});
