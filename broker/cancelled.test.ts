/** Whose queue an update takes away is said, with how many they are. */
import { expect, test } from "vitest";
import { cancelledWarning } from "./cancelled.js";
import type { Loss } from "./losses.js";
import type { WireConsumer } from "./wire.js";

const loss = (action: Loss["action"], queue: string): Loss => ({ action, vhost: "shop", queue, type: "classic", differences: [] });
const at = (name: string, more: Partial<WireConsumer> = {}): WireConsumer => ({
  ...{ consumer_tag: "c", queue: { vhost: "shop", name } },
  ...more,
});
const broker = (...consumers: WireConsumer[]) => ({ consumers: async () => consumers });

test("consumers of what is deleted or made again are counted, those of others are not", async () => {
  const text = await cancelledWarning(broker(at("a"), at("a", { exclusive: true }), at("b"), at("other")), [
    loss("replace", "a"),
    loss("delete", "b"),
    loss("in the way", "other"),
    loss("delete", "quiet"),
  ]);
  expect(text).toMatch(/consumers of 2 queues/);
  expect(text).toMatch(
    /replace: classic queue "a" in vhost "shop" has 2 consumers \(exclusive\)\n +delete: classic queue "b".*1 consumer\n/,
  );
  expect(text).toMatch(/warren migrate/);
  expect(text).not.toMatch(/other|quiet/);
});

test("without consumers, and without queues that go, nothing is said", async () => {
  expect(await cancelledWarning(broker(at("b")), [loss("delete", "a")])).toBeUndefined();
  expect(await cancelledWarning({ consumers: () => Promise.reject(new Error("asked")) }, [])).toBeUndefined();
});
