/** Changes of objects: none where nothing changes, each consequence, and the same losses as the guard finds. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { losses } from "../../broker/losses.js";
import { itemId } from "../../broker/items.js";
import type { LiveInstallation } from "../../broker/live.js";
import { arbitraryInstallation } from "../../testing/arbitrary-topology.js";
import { compileInstallation } from "../compile/compile.js";
import type { Installation, Topology } from "../model.js";
import { losesMessages, objectChanges, type ObjectChange } from "./objects.js";
import { objectCounts, objectsMarkdown, objectsText } from "./objects-text.js";

const one = (topology: Omit<Topology, "name">): Installation => ({ topologies: [{ name: "t", ...topology }] });
const between = (old: Omit<Topology, "name">, now: Omit<Topology, "name">): string[] =>
  objectChanges(one(old), one(now)).map(({ consequence, kind, name }) => `${consequence}: ${kind} ${name}`);

test("nothing changes from an installation to itself", () => {
  fc.assert(
    fc.property(arbitraryInstallation(), (installation) => {
      expect(objectChanges(installation, structuredClone(installation))).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("the queues that are lost are those that the guard of an update finds", () => {
  const pairs = fc.tuple(arbitraryInstallation(), arbitraryInstallation()).map(([a, b]) => ({
    old: a,
    // Some of the old in the new, so that there is something to replace.
    now: {
      ...b,
      topologies: [
        ...b.topologies,
        ...a.topologies
          .filter(({ name }) => !b.topologies.some((each) => each.name === name))
          .map((each) => ({ ...each, settings: "arguments" as const })),
      ],
    },
  }));
  fc.assert(
    fc.property(pairs, ({ old, now }) => {
      const plan = compileInstallation(old);
      const managed = {
        vhosts: plan.vhosts.map(({ vhost }) => vhost.name),
        objects: new Set(plan.vhosts.flatMap(({ vhost, queues }) => queues.map(({ name }) => itemId("queue", vhost.name, name)))),
      };
      const guarded = losses(compileInstallation(now), plan as unknown as LiveInstallation, { managed });
      const told = objectChanges(old, now).filter((change) => losesMessages(change) && change.kind === "queue");
      const names = (all: readonly (readonly [string | null, string, boolean])[]): string[] =>
        all.map((each) => JSON.stringify(each)).sort();
      expect(names(told.map(({ vhost, name, consequence }) => [vhost, name, consequence.startsWith("replace")]))).toEqual(
        names(guarded.map(({ vhost, queue, action }) => [vhost, queue, action === "replace"])),
      );
    }),
    { numRuns: 60 },
  );
});

describe("consequences", () => {
  test("a queue's type replaces it, a setting in a policy changes in place, another key is another binding", () => {
    const queue = { type: "classic", from: { "amq.topic": "a" }, maxLength: 5 } as const;
    expect(
      between({ queues: { q: queue } }, { queues: { q: { ...queue, type: "quorum", from: { "amq.topic": "b" }, maxLength: 6 } } }),
    ).toEqual([
      "replace and lose messages: queue q",
      "delete: binding amq.topic -> q (a)",
      "in place: policy q",
      "create: binding amq.topic -> q (b)",
    ]);
  });

  test("a queue that goes loses its messages; so does a vhost, with each of its queues", () => {
    expect(between({ queues: { q: { type: "stream" } } }, {})).toEqual(["delete and lose messages: queue q"]);
    const old = one({ queues: { q: { type: "stream" } } });
    expect(objectChanges(old, { topologies: [] })).toMatchObject([
      { kind: "vhost", name: "t", consequence: "delete and lose messages", holds: { queue: 1 } },
      { kind: "queue", vhost: "t", name: "q", type: "stream", consequence: "delete and lose messages" },
    ]);
    expect(objectChanges({ topologies: [] }, old)).toMatchObject([{ kind: "vhost", consequence: "create", holds: { queue: 1 } }]);
  });

  test("users and rights", () => {
    const messages = { m: { to: "amq.topic", key: "a" } } as const;
    expect(between({ messages, services: { s: {} } }, { messages, services: { s: { publishes: ["m"] } } })).toEqual([
      "in place: permission t.s",
      "create: topic permission t.s on amq.topic",
    ]);
    const hash = (passwordHash: string): Omit<Topology, "name"> => ({ users: { u: { passwordHash } } });
    const [change] = objectChanges(one(hash("OLD")), one(hash("NEW")));
    expect(JSON.stringify(change)).not.toMatch(/OLD|NEW/);
    expect(objectsText([change as ObjectChange])).toContain("user u: passwordHash: another one");
  });

  test("of what a broker exported: what others put there stays, what the topology leaves open too", () => {
    const exported: Installation = {
      topologies: [
        {
          name: "t",
          vhost: { description: "theirs" },
          users: { other: { passwordHash: "x", permissions: { configure: "", write: "", read: "" } } },
        },
        { name: "elsewhere", queues: { q: { type: "classic" } } },
      ],
      globalParameters: { g: 1 },
    };
    expect(objectChanges(exported, one({}), { exported: "old" })).toEqual([]);
    expect(objectChanges(exported, one({}))).not.toEqual([]);
    const instances = one({ queues: { "own-1": { type: "classic" }, gone: { type: "classic" } } });
    const now = one({ templates: { own: { name: "own-{id}", type: "classic" } } });
    expect(objectChanges(instances, now, { exported: "old" }).map(({ name }) => name)).toEqual(["gone"]);
  });

  test("a queue that is replaced has the type that it has on the broker: counts are waited for by it", () => {
    const of = (type: "classic" | "quorum" | "stream"): Installation => one({ queues: { q: { type } } });
    const type = (from: Installation, to: Installation): unknown => objectChanges(from, to)[0]?.type;
    expect([type(of("quorum"), of("classic")), type(of("classic"), of("stream"))]).toEqual(["quorum", "classic"]);
  });

  test("what moves to another resource is replaced", () => {
    const policy = (value: unknown): Omit<Topology, "name"> => ({
      policies: { p: { pattern: "^a", definition: { "max-length": value } } },
    });
    const moved = (): string => "because";
    expect(objectChanges(one(policy(1)), one(policy(2)))).toMatchObject([{ consequence: "in place" }]);
    expect(objectChanges(one(policy(1)), one(policy(2)), { moved })).toMatchObject([
      { consequence: "replace", differences: [{ effect: "replace", why: "because" }] },
    ]);
  });
});

test("texts: losses first, with what the broker holds now", () => {
  const changes = objectChanges(
    one({ queues: { a: { type: "classic" }, b: { type: "classic" } } }),
    one({ queues: { b: { type: "quorum" } } }),
  );
  const counted = changes.map((change, index) => ({ ...change, messages: index === 0 ? 12 : null }));
  expect(objectCounts(changes)).toBe("1 deletion that loses messages, 1 replacement that loses messages");
  expect(objectsText(counted)).toContain("delete and lose messages   t: queue a: 12 messages in it now\n");
  expect(objectsText(counted)).toMatch(/\n12 messages would be lost now, and those in 1 queue that the broker has no count of$/);
  expect(objectsMarkdown(counted)).toContain("**12 messages would be lost now, and those in 1 queue that the broker has no count of.**");
  expect(objectsMarkdown(counted)).toContain('**⚠ Replace and lose messages**\n\n- queue `b` in `t`: type: "classic" -&gt; "quorum"');
  expect(objectsText([])).toBe("No change of objects.");
});
