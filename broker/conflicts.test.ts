/** What an update would write over that others made. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import { liveImage } from "../testing/live-image.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import type { Topology } from "../topology/model.js";
import { conflicts, refuseConflicts } from "./conflicts.js";
import { itemId, limitsId, plannedItems } from "./items.js";
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

describe("what is taken over whole", () => {
  const topology = (user: object, vhost: object = {}, uri = "upstream"): Topology => ({
    name: "shop",
    vhost,
    exchanges: { a: { type: "topic" }, b: { type: "topic" } },
    users: { app: { permissions: { configure: "", write: "", read: "" }, ...user } },
    federationUpstreams: { eu: { uri: { secret: uri } } },
  });
  const rights = { write: "x", read: "y" };
  const full = topology(
    { limits: { maxConnections: 1, maxChannels: 2 }, topicPermissions: { a: rights, b: rights } },
    { limits: { maxConnections: 3, maxQueues: 4 } },
  );
  const part = topology({ limits: { maxConnections: 1 }, topicPermissions: { a: rights } }, { limits: { maxConnections: 3 } });
  const of = (wanted: Topology, live: Topology, managed: readonly string[] = []): string[] =>
    conflicts(planOf(wanted), liveImage(planOf(live)), { vhosts: [], objects: new Set(managed) }).map(
      ({ kind, name, field, expected, actual }) => `${kind} ${name} ${field}: ${JSON.stringify([expected, actual])}`,
    );

  test("what the broker has besides is refused, which an update would find only in its middle", () => {
    expect(of(part, full)).toEqual([
      "vhost shop limits.maxQueues: [null,4]",
      "user app limits.maxChannels: [null,2]",
      'topic permission app at b write: [null,"x"]',
      'topic permission app at b read: [null,"y"]',
    ]);
    expect(of(full, part)).toEqual(
      expect.arrayContaining(["vhost shop limits.maxQueues: [4,null]", 'topic permission app at b write: ["x",null]']),
    );
    expect(of(full, full)).toEqual([]);
  });

  test("but not what the stack has, nor what the topology does not state", () => {
    const ours = [limitsId("vhost", "shop"), limitsId("user", "app"), itemId("topic permission", "shop", "app", "a")];
    expect(of(part, full, ours)).toEqual([]);
    expect(of(topology({}), full)).toEqual([]);
  });

  test("secrets and passwords, as far as they are known, without their values", () => {
    const [plan, live] = [planOf(full), liveImage(planOf(full))];
    const [user] = live.users;
    const found = (secrets: Record<string, string>, passwordHashes: Record<string, string>): string =>
      JSON.stringify(conflicts(plan, live, nobody, { secrets, passwordHashes }).map(({ kind, field }) => [kind, field]));
    const value = String((live.vhosts[0]?.parameters[0]?.value as { uri?: unknown }).uri);
    expect(found({ upstream: value }, { app: user?.passwordHash ?? "" })).toBe("[]");
    expect(found({ upstream: "amqp://x:SECRET@y" }, { app: "SECRET" })).toBe('[["parameter","value.uri"],["user","password"]]');
    const all = conflicts(plan, live, nobody, { secrets: { upstream: "amqp://x:SECRET@y" }, passwordHashes: { app: "SECRET" } });
    let said = "";
    try {
      refuseConflicts(all);
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toContain("take the password out of the configuration (warren:passwords");
    expect(said).toContain("give the secret the value that is on the broker");
    expect(said).not.toMatch(/SECRET/);
    expect(said.split("\n").filter((line) => line.includes("to do:"))).toHaveLength(1);
  });
});
