/** When a message counts as about to expire: by its time in this queue, not by its age. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { REQUEUED_AT } from "../dead-letters/letter.js";
import { nearTtl } from "./waited.js";

const NOW = 2_000_000_000_000;
const HOUR = 3600;

function near(ago: {
  readonly published?: number;
  readonly failed?: number;
  readonly expired?: number;
  readonly requeued?: number;
}): boolean {
  const at = (seconds: number): number => NOW - seconds * 1000;
  const headers = {
    ...(ago.failed === undefined
      ? {}
      : { "warren-history": [{ attempt: 1, at: new Date(at(ago.failed)).toISOString(), reason: "r", service: "s" }] }),
    ...(ago.expired === undefined
      ? {}
      : {
          "x-death": [
            {
              queue: "q.retry.1",
              exchange: "q.retry",
              "routing-keys": ["1"],
              count: 1,
              reason: "expired" as const,
              time: { "!": "timestamp" as const, value: at(ago.expired) / 1000 },
            },
          ],
        }),
    ...(ago.requeued === undefined ? {} : { [REQUEUED_AT]: at(ago.requeued) }),
  };
  const timestamp = ago.published === undefined ? {} : { timestamp: at(ago.published) / 1000 };
  const message = {
    fields: { exchange: "", routingKey: "q" },
    properties: { headers, messageId: undefined, type: undefined, ...timestamp },
  };
  return nearTtl(message, HOUR, NOW);
}

test("a fifth of the TTL before its end, and not before", () => {
  expect(near({ published: HOUR * 0.25 })).toBe(false);
  expect(near({ published: HOUR * 0.79 })).toBe(false);
  expect(near({ published: HOUR * 0.81 })).toBe(true);
  // More than a day is no less.
  expect(near({ published: HOUR * 100 })).toBe(true);
  expect(near({})).toBe(false);
});

test("a ladder and a requeue begin its time anew", () => {
  const published = HOUR * 50;
  expect(near({ published, failed: 60 })).toBe(false);
  expect(near({ published, failed: HOUR, expired: 60 })).toBe(false);
  expect(near({ published, failed: HOUR, expired: HOUR * 0.9 })).toBe(true);
  expect(near({ published, requeued: 60 })).toBe(false);
  expect(near({ published, requeued: HOUR * 0.9 })).toBe(true);
});

test("whatever begins it anew, only the last counts", () => {
  const time = fc.integer({ min: 0, max: HOUR * 3 });
  fc.assert(
    fc.property(fc.record({ published: time, failed: time, expired: time, requeued: time }), (ago) => {
      expect(near(ago)).toBe(Math.min(...Object.values(ago)) >= HOUR * 0.8);
    }),
  );
});
