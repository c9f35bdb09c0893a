/** Room in a queue with a limit: nothing is put there that could push something else out. */
import { expect, test } from "vitest";
import type { WireQueue } from "../broker/wire.js";
import { limitsOf, Room, type Depth } from "./room.js";

const depth = (more: Partial<Depth> = {}): Depth => ({ ready: 0, counted: 0, age: 6000, prefetch: 0, waiting: 0, ...more });
const none = { messages: Infinity, bytes: Infinity };
/** How many of a size it takes. */
function fill(room: Room, size = 1, most = 1000): number {
  let count = 0;
  for (; count < most && room.takes(size); count++) room.put(size);
  return count;
}

test("the smaller of argument and policy holds", () => {
  const queue = { arguments: { "x-max-length": 5 }, effective_policy_definition: { "max-length": 3, "max-length-bytes": 9 } };
  expect(limitsOf(queue as unknown as WireQueue)).toEqual({ messages: 3, bytes: 9 });
  expect(limitsOf({ arguments: {} } as unknown as WireQueue)).toEqual(none);
});

test("without a limit all goes; with one, what is ready, at consumers, on rungs, and what an old count cannot have is left out", () => {
  const at = (more: Partial<Depth>, put = 0, later = 0): number => {
    let now = 0;
    const room = new Room(() => now);
    room.look({ ...none, messages: 100 }, depth());
    expect(fill(room, 1, put)).toBe(put);
    now += later;
    room.look({ ...none, messages: 100 }, depth(more));
    return fill(room);
  };
  expect(fill(new Room())).toBe(1000);
  expect(at({})).toBe(100);
  expect(at({ ready: 30, counted: 40, prefetch: Infinity })).toBe(60);
  expect(at({ ready: 30, counted: 40, prefetch: 5 })).toBe(65);
  expect(at({ waiting: 10 })).toBe(90);
  // Consumers took all fifty; the count may be of before.
  expect(at({ prefetch: Infinity }, 50)).toBe(50);
  expect(at({ prefetch: 20 }, 50)).toBe(80);
  expect(at({ prefetch: Infinity }, 50, 7000)).toBe(100);
  expect(at({ ready: 120, counted: 120, prefetch: Infinity })).toBe(0);
});

test("bytes: the last that went in are the ones that are there, and what is not known is as large as the largest", () => {
  const room = new Room(() => 0);
  const limits = { ...none, bytes: 100 };
  room.look(limits, depth());
  for (const size of [40, 10, 10]) room.put(size);
  room.look(limits, depth({ ready: 2, counted: 2, age: -1, prefetch: Infinity }));
  expect(room.takes(80)).toBe(true);
  expect(room.takes(81)).toBe(false);
  room.look(limits, depth({ ready: 4, counted: 4, age: -1, prefetch: Infinity }));
  expect(fill(room, 10)).toBe(6);
});

test("where publishers fill it too, half of it is theirs", () => {
  const room = new Room();
  room.look({ ...none, messages: 100 }, depth(), true);
  expect(fill(room)).toBe(50);
});
