/** A queue is not taken away from its consumers, and whose it would be is said. */
import { describe, expect, test } from "vitest";
import { WarrenError } from "../topology/errors.js";
import { cancelledWarning, inUse, refuseInUse, type InUse } from "./in-use.js";
import type { Loss } from "./losses.js";
import type { WireConsumer } from "./wire.js";

const loss = (action: Loss["action"], queue: string): Loss => ({ action, vhost: "shop", queue, type: "classic", differences: [] });
const at = (name: string, more: Partial<WireConsumer> = {}): WireConsumer => ({
  ...{ consumer_tag: "c", queue: { vhost: "shop", name } },
  ...more,
});
const broker = (...consumers: WireConsumer[]) => ({ consumers: async () => consumers });

describe("who uses what", () => {
  test("consumers of what is deleted or made again are counted, those of others are not", async () => {
    const used = await inUse(
      broker(at("a"), at("a", { exclusive: true }), at("b"), at("other"), at("a", { queue: { vhost: "w", name: "a" } })),
      [loss("replace", "a"), loss("delete", "b"), loss("in the way", "other"), loss("delete", "quiet")],
    );
    expect(used).toEqual([
      { ...loss("replace", "a"), consumers: 2, exclusive: true },
      { ...loss("delete", "b"), consumers: 1, exclusive: false },
    ]);
  });

  test("where no queue goes, the broker is not asked", async () => {
    const asked = { consumers: () => Promise.reject(new Error("asked")) };
    expect(await inUse(asked, [])).toEqual([]);
    expect(await inUse(asked, [loss("in the way", "a")])).toEqual([]);
  });
});

describe("refusing", () => {
  const used = (action: Loss["action"], more: Partial<InUse> = {}): InUse => ({
    ...{ ...loss(action, "orders"), consumers: 1, exclusive: false },
    ...more,
  });
  const refusal = (...list: InUse[]): WarrenError => {
    try {
      refuseInUse(list);
    } catch (error) {
      if (error instanceof WarrenError) return error;
      throw error;
    }
    throw new Error("was not refused");
  };

  test("the text: how many consumers each queue has, and the safe ways", () => {
    const error = refusal(used("replace", { consumers: 2 }), used("delete", { queue: "b", exclusive: true }));
    expect(error.exitCode).toBe(1);
    expect(error.fault).toBe(
      [
        "up would take 2 queues away from 3 consumers; nothing was changed.",
        '  replace: classic queue "orders" in vhost "shop" has 2 consumers',
        '  delete: classic queue "b" in vhost "shop" has 1 consumer (exclusive)',
      ].join("\n"),
    );
    for (const way of [/stop the consumers first/, /warren migrate/, /warren:allowDataLoss.*--discard/]) expect(error.remedy).toMatch(way);
  });

  test.each([
    ["a queue that goes for good", used("delete")],
    ["a stream", used("replace", { type: "stream" })],
    ["a queue with an exclusive consumer", used("replace", { exclusive: true })],
  ])("of %s, which cannot be migrated, that is not advised", (_, one) => {
    expect(refusal(one).remedy).not.toMatch(/migrate/);
  });

  test("a vhost goes with its consumers, and nobody is no consumer", () => {
    refuseInUse([used("delete with vhost")]);
    refuseInUse([]);
  });
});

test("what is not refused is told: who is cancelled", () => {
  const told = (action: Loss["action"]): string | undefined => cancelledWarning([{ ...loss(action, "a"), consumers: 2, exclusive: false }]);
  expect(told("delete with vhost")).toMatch(
    /consumers of 1 queue that will be deleted:\n +delete with vhost: classic queue "a".*2 consumers\n/,
  );
  expect(told("delete with vhost")).not.toMatch(/migrate/);
  expect(told("replace")).toMatch(/deleted or made again:[^]*warren migrate/);
  expect(cancelledWarning([])).toBeUndefined();
});
