/** Drift: none against a broker's own image of the plan, and every single change found as exactly that. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import { liveImage } from "../testing/live-image.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import type { Topology } from "../topology/model.js";
import { path } from "../topology/path.js";
import { conflictText } from "./conflict-text.js";
import { drift, isDrifted, type Drift, type DriftOptions } from "./drift.js";
import { driftText } from "./drift-text.js";
import type { LiveInstallation, LiveVhost } from "./live.js";

const EMPTY: Drift = { version: 1, missing: [], mismatched: [], extra: [] };

const installations = arbitraryInstallation().map((installation) => compileInstallation(installation));

const shop: Topology = {
  name: "shop",
  exchanges: { orders: { type: "topic" }, lost: { type: "fanout" } },
  queues: {
    billing: { type: "quorum", from: { orders: ["order.*", "refund"] }, maxLength: 1000, deadLetterTo: "lost" },
    parking: { type: "classic", from: { lost: "" }, settings: "arguments", maxLength: 5, messageTtl: "1 hour" },
  },
  templates: { inbox: { name: "inbox-{id}", type: "classic", from: { orders: "{id}.#" } } },
  users: { anna: { tags: ["monitoring"], permissions: { configure: "", write: "", read: ".*" }, limits: { maxChannels: 5 } } },
  operatorPolicies: { cap: { pattern: "^billing$", definition: { "max-length": 800 } } },
  federationUpstreams: { north: { uri: { secret: "north" }, prefetchCount: 10 } },
  vhost: { description: "the shop", limits: { maxQueues: 50 } },
};
const plan = compileInstallation({ topologies: [shop], globalParameters: { owner: { team: "a" } } });

/** The live image of the plan with one vhost changed. */
function changed(change: (vhost: LiveVhost) => Partial<LiveVhost>, of: InstallationPlan = plan): LiveInstallation {
  const live = liveImage(of);
  return { ...live, vhosts: live.vhosts.map((vhost) => ({ ...vhost, ...change(vhost) })) };
}

const without = <T extends { readonly name: string }>(items: readonly T[], name: string): T[] => items.filter((item) => item.name !== name);
const edit = <T extends { readonly name: string }>(items: readonly T[], name: string, fields: Partial<T>): T[] =>
  items.map((item) => (item.name === name ? { ...item, ...fields } : item));

const driftOf = (live: LiveInstallation, options?: DriftOptions): Drift => drift(plan, live, options);

describe("properties", () => {
  test("a plan does not drift from its own live image, with all that the broker adds", () => {
    fc.assert(
      fc.property(installations, fc.boolean(), (any, whole) => {
        expect(drift(any, liveImage(any), { whole })).toEqual(EMPTY);
      }),
    );
  });

  const LISTS = [
    "exchanges",
    "queues",
    "bindings",
    "policies",
    "operatorPolicies",
    "permissions",
    "topicPermissions",
    "parameters",
  ] as const;
  /** One object of one vhost, and its removal. */
  const picked = installations.chain((any) => {
    const live = liveImage(any);
    const all = live.vhosts
      .flatMap((vhost, at) => LISTS.flatMap((list) => vhost[list].map((item, index) => ({ at, list, index, item }))))
      .filter(({ item }) => !("user" in item) || item.user !== live.reader);
    return all.length === 0
      ? fc.constant(undefined)
      : fc.record({ any: fc.constant(any), live: fc.constant(live), one: fc.constantFrom(...all) });
  });

  test("one object less on the broker is missing, and nothing else is wrong", () => {
    fc.assert(
      fc.property(picked, (pick) => {
        if (!pick) return;
        const { any, live, one } = pick;
        const vhosts = live.vhosts.map((vhost, at) =>
          at === one.at ? { ...vhost, [one.list]: vhost[one.list].filter((_, index) => index !== one.index) } : vhost,
        );
        const found = drift(any, { ...live, vhosts });
        expect(found).toMatchObject({ mismatched: [], extra: [] });
        expect(found.missing).toHaveLength(1);
        expect(found.missing[0]?.vhost).toBe(live.vhosts[one.at]?.vhost.name);
      }),
    );
  });

  test("one object less in the plan is extra on the broker, and nothing else is wrong", () => {
    const lesser = installations.chain((any) => {
      const all = any.vhosts.flatMap((vhost, at) => LISTS.flatMap((list) => vhost[list].map((_, index) => ({ at, list, index }))));
      return all.length === 0 ? fc.constant(undefined) : fc.record({ any: fc.constant(any), one: fc.constantFrom(...all) });
    });
    fc.assert(
      fc.property(lesser, (pick) => {
        if (!pick) return;
        const { any, one } = pick;
        const live = liveImage(any);
        // Covered by a template, or planned twice, it would rightly not be extra.
        fc.pre(
          (any.vhosts[one.at]?.templates.length ?? 0) === 0 && any.global.permissions.length + any.global.topicPermissions.length === 0,
        );
        const vhosts = any.vhosts.map((vhost, at) =>
          at === one.at ? { ...vhost, [one.list]: vhost[one.list].filter((_, index) => index !== one.index) } : vhost,
        );
        const found = drift({ ...any, vhosts }, live);
        expect(found.missing).toEqual([]);
        expect(found.extra).toHaveLength(1);
        // A policy that the plan lacks may decide settings of its queues as well.
        if (one.list !== "policies" && one.list !== "operatorPolicies") expect(found.mismatched).toEqual([]);
      }),
    );
  });

  test("one field changed on the broker is one mismatch of that field", () => {
    const value = (was: unknown): unknown =>
      typeof was === "boolean" ? !was : typeof was === "number" ? was + 1 : `${JSON.stringify(was)}!`;
    fc.assert(
      fc.property(picked, fc.nat(), (pick, seed) => {
        if (!pick || pick.one.list === "bindings") return;
        const { any, live, one } = pick;
        const object = live.vhosts[one.at]?.[one.list][one.index] as Readonly<Record<string, unknown>> | undefined;
        if (!object) return;
        const identity = new Set(["name", "user", "exchange", "component", "role", "origin", "arguments", "definition", "value"]);
        const fields = Object.keys(object).filter((field) => !identity.has(field));
        const inner = (["arguments", "definition"] as const).flatMap((field) =>
          Object.keys(object[field] ?? {})
            .filter((key) => key !== "x-queue-type")
            .map((key) => [field, key] as const),
        );
        const choices: (readonly [string, string?])[] = [...fields.map((field) => [field] as const), ...inner];
        const [field, key] = choices[seed % Math.max(choices.length, 1)] ?? [];
        if (field === undefined) return;
        const held = object[field] as Record<string, unknown>;
        const altered = { ...object, [field]: key === undefined ? value(object[field]) : { ...held, [key]: value(held[key]) } };
        const vhosts = live.vhosts.map((vhost, at) =>
          at === one.at ? { ...vhost, [one.list]: vhost[one.list].map((item, index) => (index === one.index ? altered : item)) } : vhost,
        );
        const found = drift(any, { ...live, vhosts });
        expect(found).toMatchObject({ missing: [], extra: [] });
        expect(found.mismatched).toHaveLength(1);
        expect(found.mismatched[0]?.field).toBe(key === undefined ? field : path(field, key));
      }),
    );
  });
});

describe("what is found", () => {
  test("a missing queue, with its place in the topology", () => {
    const found = driftOf(
      changed(({ queues, bindings }) => ({
        queues: without(queues, "billing"),
        bindings: bindings.filter(({ destination }) => destination !== "billing"),
      })),
    );
    expect(found.missing).toEqual([
      { kind: "queue", vhost: "shop", name: "billing", path: "queues.billing" },
      { kind: "binding", vhost: "shop", name: 'orders -> billing (key "order.*")', path: "queues.billing.from.orders[0]" },
      { kind: "binding", vhost: "shop", name: 'orders -> billing (key "refund")', path: "queues.billing.from.orders[1]" },
    ]);
  });

  test("a missing vhost is one finding", () => {
    expect(driftOf({ ...liveImage(plan), vhosts: [] }).missing).toEqual([{ kind: "vhost", vhost: null, name: "shop", path: "vhost" }]);
  });

  test("an argument of another value, of another type, too many, too few", () => {
    const set = (args: object) =>
      driftOf(changed(({ queues }) => ({ queues: edit(queues, "parking", { arguments: { "x-queue-type": "classic", ...args } }) })))
        .mismatched;
    const at = { kind: "queue", vhost: "shop", name: "parking", path: "queues.parking" };
    const ttl = { "x-message-ttl": 3_600_000 };
    expect(set({ "x-max-length": 6, ...ttl })).toEqual([{ ...at, field: 'arguments["x-max-length"]', expected: 5, actual: 6 }]);
    expect(set({ "x-max-length": "5", ...ttl })).toEqual([{ ...at, field: 'arguments["x-max-length"]', expected: 5, actual: "5" }]);
    expect(set({ "x-max-length": 5, ...ttl, "x-expires": 9 })).toEqual([
      { ...at, field: 'arguments["x-expires"]', expected: null, actual: 9 },
    ]);
    expect(set(ttl)).toEqual([{ ...at, field: 'arguments["x-max-length"]', expected: 5, actual: null }]);
  });

  test("a foreign policy that takes a queue over is extra, and each setting that it changes is a mismatch that names it", () => {
    const foreign = { name: "theirs", pattern: "bill", applyTo: "queues", priority: 99, definition: { "max-length": 7 } } as const;
    const found = driftOf(changed(({ policies }) => ({ policies: [...policies, foreign] })));
    expect(found.extra).toEqual([{ kind: "policy", vhost: "shop", name: "theirs", path: "policies.theirs" }]);
    const at = { kind: "queue", vhost: "shop", name: "billing", path: "queues.billing", winner: 'policy "theirs"' };
    expect(found.mismatched).toEqual([
      { ...at, field: 'effective["max-length"]', expected: 800, actual: 7 },
      { ...at, field: 'effective["dead-letter-exchange"]', expected: "lost", actual: null },
    ]);
  });

  test("a foreign policy that loses is only extra", () => {
    const foreign = { name: "theirs", pattern: "", applyTo: "all", priority: -1, definition: { "max-length": 7 } } as const;
    const found = driftOf(changed(({ policies }) => ({ policies: [...policies, foreign] })));
    // The queue "parking" has its limit as an argument, which a larger policy cannot lift; its own is smaller.
    expect(found.extra).toHaveLength(1);
    expect(found.mismatched).toEqual([]);
  });

  test("a foreign operator policy", () => {
    const foreign = { name: "ops", pattern: "^parking$", applyTo: "queues", priority: 0, definition: { "message-ttl": 60 } } as const;
    const found = driftOf(changed(({ operatorPolicies }) => ({ operatorPolicies: [...operatorPolicies, foreign] })));
    expect(found.mismatched).toEqual([
      {
        kind: "queue",
        vhost: "shop",
        name: "parking",
        path: "queues.parking",
        field: 'effective["message-ttl"]',
        expected: 3_600_000,
        actual: 60,
        winner: 'operator policy "ops"',
      },
    ]);
  });

  test("a user's tags, limits and, if the plan knows it, hash, which is not shown", () => {
    const hashed = compileInstallation({
      topologies: [{ name: "v", users: { anna: { passwordHash: "AAAA", limits: { maxChannels: 5 } } } }],
    });
    const live = liveImage(hashed);
    const users = live.users.map((user) => ({
      ...user,
      tags: ["administrator"],
      passwordHash: "BBBB",
      limits: { maxChannels: 9, maxConnections: 1 },
    }));
    const found = drift(hashed, { ...live, users });
    expect(found.mismatched.map(({ field, expected, actual }) => [field, expected, actual])).toEqual([
      ["tags", [], ["administrator"]],
      ["passwordHash", "(hidden)", "(another value, hidden)"],
      ["limits.maxChannels", 5, 9],
    ]);
    expect(JSON.stringify(found)).not.toMatch(/AAAA|BBBB/);
  });

  test("a permission that nobody planned, in a planned vhost", () => {
    const foreign = { user: "eve", configure: ".*", write: ".*", read: ".*" };
    expect(driftOf(changed(({ permissions }) => ({ permissions: [...permissions, foreign] }))).extra).toEqual([
      { kind: "permission", vhost: "shop", name: "eve", path: "users.eve.permissions" },
    ]);
  });

  test("a service's second user, which a change of a password makes, has the rights of the first or drifts", () => {
    const served = compileInstallation({
      topologies: [{ ...shop, messages: { order: { to: "orders", key: "order.new" } }, services: { api: { publishes: ["order"] } } }],
    });
    const extraWith = (user: string, more: object = {}) =>
      drift(
        served,
        changed(({ permissions, topicPermissions }) => {
          const alike = <Right extends { readonly user: string }>(rights: readonly Right[]): Right[] => [
            ...rights,
            ...rights.filter((right) => right.user === "shop.api").map((right) => ({ ...right, user, ...more })),
          ];
          return { permissions: alike(permissions), topicPermissions: alike(topicPermissions) };
        }, served),
      ).extra.map(({ kind, name }) => [kind, name]);
    expect(extraWith("shop.api.2")).toEqual([]);
    const both = (user: string) => [
      ["permission", user],
      ["topic permission", `${user} at orders`],
    ];
    expect(extraWith("shop.api.2", { write: ".*" })).toEqual(both("shop.api.2"));
    expect(extraWith("shop.api.3")).toEqual(both("shop.api.3"));
  });

  test("credentials in a parameter are compared when known, and never shown", () => {
    const live = (uri: string) =>
      changed(({ parameters }) => ({
        parameters: parameters.map((parameter) => ({ ...parameter, value: { ...(parameter.value as object), uri } })),
      }));
    const secrets = { north: "amqp://u:right@north" };
    expect(driftOf(live("amqp://u:any@north"))).toEqual(EMPTY);
    expect(driftOf(live("amqp://u:right@north"), { secrets })).toEqual(EMPTY);
    const found = driftOf(live("amqp://u:wrong@north"), { secrets });
    expect(found.mismatched).toMatchObject([{ kind: "parameter", field: "value.uri", expected: "(secret north)", actual: "amqp://north" }]);
    expect(JSON.stringify(found) + driftText(found)).not.toMatch(/right|wrong/);
  });

  test("what is secret inside of a value, or called so, is never shown of a live one", () => {
    const auth = { token: { secret: "t" }, version: 1, key: { id: 1 } };
    const planned = compileInstallation({
      topologies: [
        { ...shop, federationUpstreams: {}, parameters: [{ component: "c", name: "n", value: { auth, passphrase: "ours-1" } }] },
      ],
      globalParameters: { "their-token": "ours-2", owner: { team: "a" } },
    });
    const value = {
      auth: { token: "live-1", version: 2, key: { secret: "live-2" } },
      ...{ token: "https://live-3", "client-secret": "live-4", apiKey: ["live-5"], passphrase: "live-6", password: { secret: "live-7" } },
    };
    const live = {
      ...changed(({ parameters }) => ({ parameters: parameters.map((parameter) => ({ ...parameter, value })) }), planned),
      globalParameters: [
        { name: "their-token", value: "live-8" },
        { name: "owner", value: { team: "b", clientSecret: "live-9" } },
      ],
    };
    const found = drift(planned, live);
    const added = { expected: null, actual: "(hidden)" };
    const changedText = { expected: "(hidden)", actual: "(another value, hidden)" };
    expect(found.mismatched.map(({ field, expected, actual }) => [field, { expected, actual }])).toEqual([
      [
        "value.auth",
        {
          expected: { token: "(secret t)", version: 1, key: { id: 1 } },
          actual: { token: "(hidden)", version: 2, key: { secret: "(hidden)" } },
        },
      ],
      ["value.passphrase", changedText],
      ["value.token", added],
      ['value["client-secret"]', added],
      ["value.apiKey", { expected: null, actual: ["(hidden)"] }],
      ["value.password", { expected: null, actual: { secret: "(hidden)" } }],
      ["value", changedText],
      ["value.team", { expected: "a", actual: "b" }],
      ["value.clientSecret", added],
    ]);
    expect(JSON.stringify(found) + driftText(found) + conflictText(found.mismatched).lines.join("\n")).not.toMatch(/live-|ours-/);
  });

  test("two URIs that differ only in their credentials are hidden as such", () => {
    const open = compileInstallation({ topologies: [{ ...shop, federationUpstreams: { north: { uri: "amqp://u:one@north" } } }] });
    const live = changed(
      ({ parameters }) => ({ parameters: parameters.map((parameter) => ({ ...parameter, value: { uri: "amqp://u:two@north" } })) }),
      open,
    );
    const found = drift(open, live).mismatched;
    expect(found).toMatchObject([{ field: "value.uri", expected: "(hidden)" }]);
    expect(JSON.stringify(found)).not.toMatch(/one@|two@/);
  });
});

describe("what is no drift", () => {
  const queue = { name: "inbox-7", type: "classic", durable: true, autoDelete: false, arguments: { "x-queue-type": "classic" } } as const;
  const binding = { source: "orders", destination: "inbox-7", destinationType: "queue", routingKey: "7.#", arguments: {} } as const;

  test("an instance's queue and its bindings", () => {
    expect(driftOf(changed(({ queues, bindings }) => ({ queues: [...queues, queue], bindings: [...bindings, binding] })))).toEqual(EMPTY);
  });

  test("but a queue of another name, and its bindings, are", () => {
    const other = "outbox-7";
    const live = changed(({ queues, bindings }) => ({
      queues: [...queues, { ...queue, name: other }],
      bindings: [...bindings, { ...binding, destination: other }],
    }));
    expect(driftOf(live).extra.map(({ kind }) => kind)).toEqual(["queue", "binding"]);
  });

  test("limits and descriptions that the plan does not state", () => {
    const bare = compileInstallation({ topologies: [{ name: "v" }] });
    const live = changed(
      ({ vhost }) => ({ vhost: { ...vhost, description: "by hand", tags: ["x"], limits: { maxQueues: 3 }, defaultQueueType: "quorum" } }),
      bare,
    );
    expect(drift(bare, live)).toEqual(EMPTY);
  });

  test("but deletion protection is stated, by its default", () => {
    const live = changed(({ vhost }) => ({ vhost: { ...vhost, deletionProtection: true } }));
    expect(driftOf(live).mismatched).toMatchObject([{ kind: "vhost", field: "deletionProtection", expected: false, actual: true }]);
  });

  test("other vhosts, users and global parameters, unless the plan claims the whole broker", () => {
    const live = liveImage(plan);
    const vhost = (name: string): LiveVhost => ({
      ...(live.vhosts[0] as LiveVhost),
      vhost: { ...(live.vhosts[0] as LiveVhost).vhost, name },
    });
    const more: LiveInstallation = {
      ...live,
      vhosts: [...live.vhosts, vhost("/"), vhost("other")],
      users: [...live.users, { name: "eve", tags: [], limits: {} }, { name: live.reader, tags: ["administrator"], limits: {} }],
      globalParameters: [...live.globalParameters, { name: "theirs", value: 1 }],
    };
    expect(driftOf(more)).toEqual(EMPTY);
    expect(driftOf(more, { whole: true }).extra.map(({ kind, name }) => [kind, name])).toEqual([
      ["vhost", "other"],
      ["user", "eve"],
      ["global parameter", "theirs"],
    ]);
  });
});

test("text: a table with what wins, or one line", () => {
  expect(driftText(EMPTY)).toBe("No drift: the broker holds what the topology says.");
  const foreign = {
    name: "theirs",
    pattern: "bill",
    applyTo: "queues",
    priority: 99,
    definition: { "dead-letter-exchange": "lost", "max-length": 7 },
  } as const;
  const found = driftOf(
    changed(({ policies, exchanges }) => ({ policies: [...policies, foreign], exchanges: without(exchanges, "lost") })),
  );
  expect(isDrifted(found)).toBe(true);
  expect(driftText(found)).toBe(
    [
      "missing on the broker: 1",
      "  VHOST  KIND      NAME  IN THE TOPOLOGY",
      "  shop   exchange  lost  exchanges.lost",
      "",
      "mismatched: 1",
      "  VHOST  KIND   NAME     FIELD                    EXPECTED  ACTUAL  WHO WINS",
      '  shop   queue  billing  effective["max-length"]  800       7       policy "theirs"',
      "",
      "extra on the broker: 1",
      "  VHOST  KIND    NAME",
      "  shop   policy  theirs",
    ].join("\n"),
  );
});
