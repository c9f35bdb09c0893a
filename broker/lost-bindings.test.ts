/** Exchanges and queues that would go, and the bindings of others with them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import { liveImage } from "../testing/live-image.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import type { Topology } from "../topology/model.js";
import { itemId, plannedItems } from "./items.js";
import type { LiveInstallation } from "./live.js";
import { ends as endsOf, refuseLostBindings, replacementWarning, type End } from "./lost-bindings.js";
import { losses, type Managed } from "./losses.js";

const planOf = (topology: Topology): InstallationPlan => compileInstallation({ topologies: [topology] });
const made = (plan: InstallationPlan): Managed => ({
  vhosts: plan.vhosts.map(({ vhost }) => vhost.name),
  objects: new Set(plannedItems(plan).map(({ id }) => id)),
});

const ends = (plan: InstallationPlan, on: LiveInstallation, managed: Managed): End[] =>
  endsOf(plan, on, managed, losses(plan, on, { managed }));

const before = planOf({
  name: "shop",
  exchanges: { orders: { type: "topic" }, copies: { type: "fanout", from: { orders: "#" } } },
  queues: { work: { type: "quorum", from: { orders: "a" } }, theirs: { type: "quorum", from: { orders: "b" } } },
});
const live = liveImage(before);
const all = made(before);
const theirs = itemId("binding", "shop", "orders", "queue", "theirs", "b", {});
const without: Managed = { ...all, objects: new Set([...all.objects].filter((id) => id !== theirs)) };
const queues = { work: { type: "quorum", from: { orders: "a" } } } as const;
const direct = planOf({
  name: "shop",
  exchanges: { orders: { type: "direct" }, copies: { type: "fanout", from: { orders: "#" } } },
  queues,
});

describe("exchanges that go", () => {
  test("none, if nothing changes", () => {
    fc.assert(
      fc.property(
        arbitraryInstallation().map((installation) => compileInstallation(installation)),
        (plan) => {
          expect(ends(plan, liveImage(plan), made(plan))).toEqual([]);
        },
      ),
    );
  });

  test("replaced and deleted, with the bindings that nobody makes again", () => {
    expect(ends(direct, live, without)).toMatchObject([
      { action: "replace", name: "orders", differences: [{ field: "type" }], foreign: ['orders -> theirs (key "b")'] },
    ]);
    const gone = planOf({ name: "shop", exchanges: { copies: { type: "fanout" } } });
    expect(ends(gone, live, without)).toMatchObject([{ action: "delete", name: "orders", foreign: ['orders -> theirs (key "b")'] }]);
    const target = itemId("binding", "shop", "orders", "exchange", "copies", "#", {});
    const alone = planOf({ name: "shop", exchanges: { orders: { type: "topic" } } });
    const bound: Managed = { ...all, objects: new Set([...all.objects].filter((id) => id !== target)) };
    expect(ends(alone, live, bound)).toMatchObject([{ action: "delete", name: "copies", foreign: ['orders -> copies (key "#")'] }]);
  });

  test("what the stack made is taken away on purpose, and what others made is left", () => {
    expect(ends(direct, live, all)).toMatchObject([{ action: "replace", foreign: [] }]);
    expect(ends(planOf({ name: "shop" }), live, { vhosts: [], objects: new Set() })).toEqual([]);
  });

  test("are refused if bindings would be lost, and told of if not", () => {
    expect(() => refuseLostBindings(ends(direct, live, without))).toThrow(
      /1 binding that this stack did not make, with 1 exchange; nothing was changed\.\n {2}replace: exchange "orders" in vhost "shop"\n {4}type: expected "direct", is "topic"\n {4}goes with it: orders -> theirs \(key "b"\)/,
    );
    const told = ends(direct, live, all);
    expect(() => refuseLostBindings(told)).not.toThrow();
    expect(replacementWarning(told)).toMatch(/^1 exchange will be deleted and made again[^]*"orders"[^]*type: expected "direct"/);
    expect(replacementWarning([])).toBeUndefined();
  });
});

describe("queues that are made anew", () => {
  const both = { work: { type: "quorum", from: { orders: "a" } }, theirs: { type: "quorum" } } as const;
  const exchanges = { orders: { type: "topic" }, copies: { type: "fanout", from: { orders: "#" } } } as const;
  const mine = planOf({ name: "shop", exchanges, queues: { ...both, theirs: { type: "classic" } } });

  test("take the bindings of others with them, which is refused", () => {
    const found = ends(mine, live, without);
    expect(found).toMatchObject([{ kind: "queue", action: "replace", name: "theirs", foreign: ['orders -> theirs (key "b")'] }]);
    expect(() => refuseLostBindings(found)).toThrow(
      /1 binding that this stack did not make, with 1 queue; nothing was changed\.\n {2}replace: queue "theirs"[^]*to do: +make the queue anew with its messages and all its bindings: warren migrate/,
    );
    expect(replacementWarning(found)).toBeUndefined();
  });

  test("those that the stack made, or makes again, count for nothing", () => {
    expect(ends(mine, live, all)).toEqual([]);
    const again = planOf({ name: "shop", exchanges, queues: { ...both, theirs: { type: "classic", from: { orders: "b" } } } });
    expect(ends(again, live, without)).toEqual([]);
  });
});
