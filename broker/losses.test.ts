/** Losses: which queues an update would delete or replace, and how that is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import { liveImage } from "../testing/live-image.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import type { Queue, Topology } from "../topology/model.js";
import { itemId, plannedItems } from "./items.js";
import { countLosses, losses, refuseLosses, refused, type CountedLoss, type Loss, type Managed } from "./losses.js";

const topology = (name: string, queues: Record<string, Queue>, more: Partial<Topology> = {}): Topology => ({ name, queues, ...more });
const planOf = (...topologies: Topology[]): InstallationPlan => compileInstallation({ topologies });
const short = (found: readonly Loss[]): string[] => found.map(({ action, vhost, queue }) => `${action} ${vhost}/${queue}`);
const everything = (plan: InstallationPlan): Managed => ({
  vhosts: plan.vhosts.map(({ vhost }) => vhost.name),
  objects: new Set(plannedItems(plan).map(({ id }) => id)),
});
const queuesOf = (plan: InstallationPlan): string[] =>
  plan.vhosts.flatMap(({ vhost, queues }) => queues.map(({ name }) => `${vhost.name}/${name}`));

const before = planOf(
  topology("shop", { a: { type: "classic" }, b: { type: "quorum" }, c: { type: "classic" } }),
  topology("old", { x: { type: "stream" } }),
);
const live = liveImage(before);

describe("losses", () => {
  const any = arbitraryInstallation().map((installation) => compileInstallation(installation));

  test("an update to what is there already loses nothing", () => {
    fc.assert(
      fc.property(any, (plan) => {
        expect(losses(plan, liveImage(plan), { managed: everything(plan) })).toEqual([]);
      }),
    );
  });

  test("going down loses every queue, once", () => {
    fc.assert(
      fc.property(any, (plan) => {
        const nothing: InstallationPlan = { vhosts: [], global: { users: [], permissions: [], topicPermissions: [], parameters: [] } };
        const found = losses(nothing, liveImage(plan), { managed: everything(plan) });
        expect(short(found).sort()).toEqual(
          queuesOf(plan)
            .map((queue) => `delete with vhost ${queue}`)
            .sort(),
        );
      }),
    );
  });

  const after = planOf(topology("shop", { a: { type: "quorum" }, b: { type: "quorum" } }));

  test("deleted, replaced, and with their vhost", () => {
    const found = losses(after, live, { managed: everything(before) });
    expect(short(found)).toEqual(["delete with vhost old/x", "replace shop/a", "delete shop/c"]);
    expect(found[1]?.differences).toMatchObject([{ field: "type", before: "classic", after: "quorum" }]);
  });

  test("what others made is not deleted, and a differing queue of theirs is in the way", () => {
    expect(short(losses(after, live, { managed: { vhosts: ["shop"], objects: new Set() } }))).toEqual(["in the way shop/a"]);
  });

  test("without a list of what is managed: extra queues of planned vhosts, and no vhost", () => {
    expect(short(losses(after, live))).toEqual(["replace shop/a", "delete shop/c"]);
  });

  test("an instance's queue stays, unless the stack itself made it", () => {
    const templated = planOf(
      topology("shop", { a: { type: "classic" }, b: { type: "quorum" } }, { templates: { t: { name: "{id}", type: "classic" } } }),
    );
    expect(losses(templated, live)).toEqual([]);
    expect(short(losses(templated, live, { managed: { vhosts: [], objects: new Set([itemId("queue", "shop", "c")]) } }))).toContain(
      "delete shop/c",
    );
  });

  test("a value moving from a policy into an argument would replace the queue", () => {
    const policy = planOf(topology("v", { q: { type: "quorum", maxLength: 5 } }));
    const argument = planOf(topology("v", { q: { type: "quorum", maxLength: 5, settings: "arguments" } }));
    expect(losses(argument, liveImage(policy))).toMatchObject([
      { action: "replace", differences: [{ field: 'arguments["x-max-length"]', after: 5 }] },
    ]);
  });
});

describe("counting", () => {
  const loss = (type: Loss["type"], queue: string): Loss => ({ action: "delete", vhost: "v", queue, type, differences: [] });
  const counts = [{ vhost: "v", name: "q", messages: 3, messages_unacknowledged: 1 }];

  test("classic queues are asked at once", async () => {
    const waits: number[] = [];
    const counted = await countLosses({ counts: async () => counts }, [loss("classic", "q"), loss("classic", "gone")], {
      onWait: (ms) => waits.push(ms),
    });
    expect(counted.map(({ messages, unacknowledged }) => [messages, unacknowledged])).toEqual([
      [3, 1],
      [undefined, undefined],
    ]);
    expect(waits).toEqual([]);
  });

  test("without losses the broker is not asked", async () => {
    expect(await countLosses({ counts: () => Promise.reject(new Error("asked")) }, [])).toEqual([]);
  });
});

describe("refusing", () => {
  const FIXED = { effect: "replace and lose messages", why: "" } as const;

  const counted = (action: Loss["action"], messages: number | undefined, more: Partial<CountedLoss> = {}): CountedLoss => ({
    action,
    vhost: "shop",
    queue: "orders",
    type: "quorum",
    differences: [],
    messages,
    unacknowledged: 0,
    ...more,
  });
  const refusal = (...args: Parameters<typeof refuseLosses>): WarrenError => {
    try {
      refuseLosses(...args);
    } catch (error) {
      if (error instanceof WarrenError) return error;
      throw error;
    }
    throw new Error("was not refused");
  };

  test("empty queues may go; a number that is not known counts as messages", () => {
    refuseLosses([counted("delete", 0), counted("replace", 0)]);
    expect(refused([counted("delete", 0), counted("delete", undefined), counted("replace", 1)])).toHaveLength(2);
    expect(refusal([counted("delete", undefined)]).message).toMatch(/at least 0 messages.*unknown number of messages/s);
  });

  test("the loss can be accepted, but not what is in the way", () => {
    refuseLosses([counted("delete", 5)], { allowDataLoss: true });
    expect(refusal([counted("delete", 5), counted("in the way", 0)], { allowDataLoss: true }).message).toMatch(/stands in the way/);
  });

  test("the text: counts, differences, safe ways", () => {
    const error = refusal([
      counted("delete", 1200, { unacknowledged: 10 }),
      counted("replace", 1, { queue: "b", differences: [{ field: 'arguments["x-delivery-limit"]', after: 1000, ...FIXED }] }),
    ]);
    expect(error.exitCode).toBe(1);
    expect(error.fault).toBe(
      [
        "up would lose 1201 messages in 2 queues; nothing was changed.",
        '  delete: quorum queue "orders" in vhost "shop" holds 1200 messages (10 of them unacknowledged)',
        '  replace: quorum queue "b" in vhost "shop" holds 1 message',
        '    arguments["x-delivery-limit"]: expected 1000, is not set',
      ].join("\n"),
    );
    for (const way of [/change by policy/, /drain/, /new queue beside the old/, /warren:allowDataLoss/]) expect(error.remedy).toMatch(way);
  });

  test("only what helps is advised", () => {
    const typed = refusal([counted("replace", 1, { differences: [{ field: "type", before: "classic", after: "quorum", ...FIXED }] })]);
    expect(typed.remedy).not.toMatch(/change by policy/);
    const limited = refusal([counted("replace", 1, { differences: [{ field: 'arguments["x-max-length"]', after: 1000, ...FIXED }] })]);
    expect(limited.remedy).not.toMatch(/change by policy/);
    const down = refusal([counted("delete with vhost", 1)], { verb: "down" });
    expect(down.fault).toMatch(/^down would lose 1 message in 1 queue/);
    expect(down.remedy).toMatch(/npm run down -- --discard/);
    expect(down.remedy).not.toMatch(/new queue|allowDataLoss/);
  });
});
