/** Which queues would hold less than is in them after an update, and what is said of them. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import { liveImage } from "../testing/live-image.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import type { Queue, Topology } from "../topology/model.js";
import { plannedItems } from "./items.js";
import type { Managed } from "./losses.js";
import { overflowing, overflowWarning, refuseOverflowing, smallerLimits, type SmallerLimit } from "./smaller-limits.js";

const planOf = (topology: Topology): InstallationPlan => compileInstallation({ topologies: [topology] });
const made = (plan: InstallationPlan): Managed => ({
  vhosts: plan.vhosts.map(({ vhost }) => vhost.name),
  objects: new Set(plannedItems(plan).map(({ id }) => id)),
});
const work = (spec: Queue): InstallationPlan => planOf({ name: "shop", exchanges: { dead: { type: "fanout" } }, queues: { work: spec } });

/** The limits of `work` that become another by an update. */
const between = (before: Queue, after: Queue): SmallerLimit[] => {
  const old = work(before);
  return smallerLimits(work(after), liveImage(old), { managed: made(old), going: [] });
};

describe("limits that an update makes smaller", () => {
  test("none, if nothing changes", () => {
    fc.assert(
      fc.property(
        arbitraryInstallation().map((installation) => compileInstallation(installation)),
        (plan) => {
          expect(smallerLimits(plan, liveImage(plan), { managed: made(plan), going: [] })).toEqual([]);
          expect(smallerLimits(plan, liveImage(plan), { going: [] })).toEqual([]);
        },
      ),
    );
  });

  it.each<[string, Queue, Queue, object[]]>([
    ["one that is new", { type: "quorum" }, { type: "quorum", maxLength: 100 }, [{ key: "max-length", before: undefined }]],
    ["a smaller one", { type: "classic", maxLength: 200 }, { type: "classic", maxLength: 100 }, [{ key: "max-length", before: 200 }]],
    ["a larger one", { type: "classic", maxLength: 100 }, { type: "classic", maxLength: 200 }, []],
    ["none any more", { type: "classic", maxLength: 100 }, { type: "classic" }, []],
    ["of bytes", { type: "quorum" }, { type: "quorum", maxLengthBytes: "1 MB" }, [{ key: "max-length-bytes" }]],
    ["of time", { type: "classic", expires: "1 day" }, { type: "classic", expires: "1 hour" }, [{ key: "expires", before: 86_400_000 }]],
    ["what is refused is not dropped", { type: "quorum" }, { type: "quorum", maxLength: 1, overflow: "reject-publish" }, []],
    [
      "a classic queue drops before it refuses",
      { type: "classic" },
      { type: "classic", maxLength: 1, overflow: "reject-publish" },
      [{ key: "max-length" }],
    ],
    [
      "one that refuses already does not",
      { type: "classic", maxLength: 2, overflow: "reject-publish" },
      { type: "classic", maxLength: 1, overflow: "reject-publish" },
      [],
    ],
    [
      "what was refused is dropped from now on",
      { type: "classic", maxLength: 1, overflow: "reject-publish" },
      { type: "classic", maxLength: 1 },
      [{ key: "max-length", before: 1 }],
    ],
    ["a stream keeps what it is told to keep", { type: "stream" }, { type: "stream", maxLengthBytes: "1 MB" }, []],
    [
      "with dead letters",
      { type: "quorum" },
      { type: "quorum", maxLength: 1, deadLetterTo: { exchange: "dead" } },
      [{ key: "max-length", deadLettered: true }],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(between(before, after)).toMatchObject(expected);
    expect(between(before, after)).toHaveLength(expected.length);
  });

  test("a queue that is made anew anyway is told of elsewhere", () => {
    const [plan, live] = [work({ type: "quorum", maxLength: 1 }), liveImage(work({ type: "quorum" }))];
    expect(smallerLimits(plan, live, { going: [{ vhost: "shop", queue: "work" }] })).toEqual([]);
  });

  test("policies that others made stay, and hold for what they match", () => {
    const others = planOf({
      name: "shop",
      policies: { theirs: { pattern: "^work$", applyTo: "queues", priority: 900, definition: { "max-length": 5 } } },
    });
    const [live, theirs] = [liveImage(work({ type: "classic" })), liveImage(others)];
    const [vhost, other] = [live.vhosts[0]!, theirs.vhosts[0]!];
    const mixed = { ...live, vhosts: [{ ...vhost, policies: [...vhost.policies, ...other.policies] }] };
    const managed = made(work({ type: "classic" }));
    expect(smallerLimits(work({ type: "classic", maxLength: 1 }), mixed, { managed, going: [] })).toEqual([]);
    expect(smallerLimits(work({ type: "classic", maxLength: 1 }), mixed, { managed: made(others), going: [] })).toMatchObject([
      { before: 5 },
    ]);
  });
});

const [length] = between({ type: "classic" }, { type: "classic", maxLength: 100 }) as [SmallerLimit];
const [time] = between({ type: "classic" }, { type: "classic", expires: "1 hour" }) as [SmallerLimit];
const [bytes] = between({ type: "classic" }, { type: "classic", maxLengthBytes: "1 kB" }) as [SmallerLimit];

const broker = (ready: number, { unacknowledged = 0, size = 0, consumers = 0 } = {}): Parameters<typeof overflowing>[0] => {
  const at = { vhost: "shop", name: "work" };
  return {
    counts: () => Promise.resolve([{ ...at, messages: ready + unacknowledged, messages_ready: ready }]),
    bytes: () => Promise.resolve([{ ...at, message_bytes_ready: size }]),
    consumers: () => Promise.resolve(Array.from({ length: consumers }, () => ({ queue: at, consumer_tag: "c" }) as never)),
  };
};

describe("what they hold", () => {
  it.each([
    ["as much as it may", length, broker(100), []],
    ["one more", length, broker(101), [{ holds: 101 }]],
    ["what consumers have is no part of it", length, broker(100, { unacknowledged: 50 }), []],
    ["bytes", bytes, broker(3, { size: 1001 }), [{ holds: 1001 }]],
    ["few bytes", bytes, broker(3, { size: 1000 }), []],
    ["nobody consumes", time, broker(3), [{ holds: 3 }]],
    ["somebody consumes", time, broker(3, { consumers: 1 }), []],
    ["it is empty", time, broker(0), []],
  ])("%s", async (_, limit, management, expected) => {
    const found = await overflowing(management, [limit]);
    expect(found).toMatchObject(expected);
    expect(found).toHaveLength(expected.length);
  });

  test("nothing is asked if no limit becomes smaller", async () => {
    expect(await overflowing({} as never, [])).toEqual([]);
  });
});

test("the texts: how much, by what, what becomes of it", () => {
  expect(() => refuseOverflowing([{ ...length, holds: 101 }])).toThrow(
    /^up would lose messages of 1 queue by a smaller limit; nothing was changed\.\n {2}classic queue "work" in vhost "shop" holds 101 messages; max-length becomes 100 by policy ".+" \(not set now\): the broker drops the oldest at once\n {2}to do: +let consumers empty it[^]*allowDataLoss/,
  );
  expect(() => refuseOverflowing([{ ...time, holds: 1 }])).toThrow(
    /holds 1 message; expires becomes 3600000 .*nobody consumes: the broker deletes it/,
  );
  const moved = [{ ...length, deadLettered: true, holds: 101 }];
  expect(() => refuseOverflowing(moved)).not.toThrow();
  expect(overflowWarning(moved)).toMatch(/dead-lettered by this update:\n.*dead-letters the oldest at once/);
  expect(overflowWarning([{ ...length, holds: 101 }])).toBeUndefined();
});
