/** What an update would write over that others made. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import { liveImage } from "../testing/live-image.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import type { Topology } from "../topology/model.js";
import { conflicts, refuseConflicts } from "./conflicts.js";
import { itemId, plannedItems } from "./items.js";
import type { Managed } from "./losses.js";

const planOf = (topology: Topology): InstallationPlan => compileInstallation({ topologies: [topology] });
const nobody: Managed = { vhosts: [], objects: new Set() };

const there = liveImage(
  planOf({
    name: "shop",
    vhost: { description: "made by hand" },
    exchanges: { orders: { type: "topic" } },
    queues: { work: { type: "quorum", maxLength: 5 } },
    users: { app: { tags: ["monitoring"], permissions: { configure: "", write: "a", read: "" } } },
  }),
);
const wanted: Topology = {
  name: "shop",
  vhost: { description: "made by code" },
  exchanges: { orders: { type: "direct" } },
  queues: { work: { type: "quorum", maxLength: 6 } },
  users: { app: { permissions: { configure: "", write: "b", read: "" } } },
};

describe("conflicts", () => {
  test("what is equal is taken over, whoever made it", () => {
    fc.assert(
      fc.property(
        arbitraryInstallation().map((installation) => compileInstallation(installation)),
        (plan) => {
          expect(conflicts(plan, liveImage(plan), nobody)).toEqual([]);
        },
      ),
    );
  });

  test("what differs is not, unless the stack made it", () => {
    const plan = planOf(wanted);
    expect(conflicts(plan, there, nobody).map(({ kind, name, field }) => `${kind} ${name} ${field}`)).toEqual([
      "vhost shop description",
      "exchange orders type",
      'policy work definition["max-length"]',
      "permission app write",
      "user app tags",
    ]);
    expect(conflicts(plan, there, { vhosts: ["shop"], objects: new Set(plannedItems(plan).map(({ id }) => id)) })).toEqual([]);
  });

  test("queues are the guard's against loss, and the default vhost has a description everywhere", () => {
    const [before, after] = ["one", "two"].map((description) => planOf({ name: "/", vhost: { name: "/", description } }));
    expect(conflicts(after as InstallationPlan, liveImage(before as InstallationPlan), nobody)).toEqual([]);
    const queue = (type: "quorum" | "classic"): InstallationPlan => planOf({ name: "v", queues: { q: { type } } });
    expect(conflicts(queue("classic"), liveImage(queue("quorum")), nobody)).toEqual([]);
  });

  test("are refused all at once, with what is there and where the topology says otherwise", () => {
    const found = conflicts(planOf(wanted), there, { vhosts: [], objects: new Set([itemId("user", undefined, "app")]) });
    expect(() => refuseConflicts(found)).toThrow(
      /^4 objects that this stack did not make are on the broker already[^]*exchange "orders" in vhost "shop" \(exchanges\.orders\)\n\s+type: expected "direct", is "topic"[^]*max-length"\]: expected 6, is 5[^]*write into the topology what is there/,
    );
    expect(() => refuseConflicts([])).not.toThrow();
  });
});
