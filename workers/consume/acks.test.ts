/** Acks, however their turns fall: each delivery is acked once, and never one that is not done. */
import type { Channel, Message } from "amqplib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Acks } from "./acks.js";

/** What the broker would know. */
class Broker {
  readonly delivered = new Set<number>();
  readonly acked = new Set<number>();
  frames = 0;
  next = 1;

  channel = {
    ack: ({ fields }: Message, upTo: boolean) => {
      this.frames++;
      const { deliveryTag } = fields;
      const meant = upTo ? [...this.delivered].filter((tag) => tag <= deliveryTag) : [deliveryTag];
      // 406: the broker closes the channel.
      if (!meant.includes(deliveryTag)) throw new Error(`unknown delivery tag ${deliveryTag}`);
      for (const tag of meant) {
        this.delivered.delete(tag);
        this.acked.add(tag);
      }
    },
  } as unknown as Channel;

  deliver(): number {
    this.delivered.add(this.next);
    return this.next++;
  }
}

test("each is acked once, none that is open, and all in the end", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: "deliver" } as const) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("ack", "reject"), at: fc.nat() }) },
    { weight: 1, arbitrary: fc.constant({ kind: "flush" } as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const broker = new Broker();
      const acks = new Acks(broker.channel, () => undefined);
      const open: number[] = [];
      const done = new Set<number>();
      const settle = (kind: string, tag: number): void => {
        if (kind === "reject") {
          broker.delivered.delete(tag);
          acks.settle(tag);
        } else {
          done.add(tag);
          acks.ack(tag);
        }
      };
      for (const each of steps) {
        if (each.kind === "deliver") {
          const tag = broker.deliver();
          open.push(tag);
          acks.add(tag);
        } else if (each.kind === "flush") acks.flush();
        else if (open.length > 0) settle(each.kind, open.splice(each.at % open.length, 1)[0] ?? 0);
        expect(acks.open).toBe(open.length);
        for (const tag of open) expect(broker.acked.has(tag)).toBe(false);
      }
      for (const tag of open.splice(0)) settle("ack", tag);
      acks.flush();
      expect([...broker.delivered]).toEqual([]);
      expect(broker.acked).toEqual(done);
    }),
  );
});

test("what is done in order goes in one frame", () => {
  const broker = new Broker();
  const acks = new Acks(broker.channel, () => undefined);
  for (let count = 0; count < 300; count++) {
    const tag = broker.deliver();
    acks.add(tag);
    acks.ack(tag);
  }
  acks.flush();
  expect([broker.frames, broker.acked.size]).toEqual([1, 300]);
});

test("a delivery that nobody saw is not acked with the others", () => {
  const broker = new Broker();
  const acks = new Acks(broker.channel, () => undefined);
  const tags = [broker.deliver(), broker.deliver(), broker.deliver()];
  for (const tag of tags.filter((each) => each !== 2)) {
    acks.add(tag);
    acks.ack(tag);
  }
  acks.flush();
  expect([...broker.delivered]).toEqual([2]);
});

test("a channel that goes before the turn is over gets no ack, and nobody is hurt", () => {
  const gone = {
    ack: () => {
      throw new Error("Channel closed");
    },
  } as unknown as Channel;
  const acks = new Acks(gone, () => undefined);
  acks.add(1);
  acks.add(2);
  acks.ack(1);
  expect(() => acks.flush()).not.toThrow();
  acks.ack(2);
  expect(() => acks.flush()).not.toThrow();
});
