// Which objects go through the official provider, and which through resources of Warren's own.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Installation, Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { officialDefinition, ownBinding, ownExchange, ownNamed, ownPermission, ownPolicy } from "./official.js";
import { planResources } from "./plan-resources.js";

const resourcesOf = (topology: Partial<Topology>, rest: Partial<Installation> = {}): ReturnType<typeof planResources> =>
  planResources(compileInstallation({ topologies: [{ name: "t", ...topology }], ...rest }));

const exchange = { name: "x", type: "topic", durable: true, autoDelete: false, internal: false, arguments: {}, origin: "" } as const;
const binding = { source: "x", destination: "q", destinationType: "queue", routingKey: "k", arguments: {}, origin: "" } as const;

describe("an object is official", () => {
  it("unless its name or its vhost's has an @", () => {
    expect(ownNamed("v", "orders.dlq")).toBeUndefined();
    expect(ownNamed("a/b", "a/b")).toBeUndefined();
    expect(ownNamed("v", "a@b")).toBe("at-sign");
    expect(ownNamed("v@w", "a")).toBe("at-sign");
  });

  it("unless it is a binding with a slash in a name or the key", () => {
    expect(ownBinding(binding)).toBeUndefined();
    expect(ownBinding({ ...binding, source: "a@b", routingKey: "#.*" })).toBeUndefined();
    for (const part of ["source", "destination", "routingKey"]) expect(ownBinding({ ...binding, [part]: "a/b" })).toBe("slash");
  });

  it("unless it is an exchange that is internal, or has an argument that is no text", () => {
    expect(ownExchange("v", { ...exchange, arguments: { "alternate-exchange": "5" } })).toBeUndefined();
    expect(ownExchange("v", { ...exchange, internal: true })).toBe("internal");
    expect(ownExchange("v", { ...exchange, arguments: { n: 5 } })).toBe("typed-argument");
    expect(ownExchange("v", { ...exchange, arguments: { b: true } })).toBe("typed-argument");
  });

  it("unless it is a permission for nothing", () => {
    const nothing = { user: "u", configure: "", write: "", read: "" };
    expect(ownPermission("v", { ...nothing, read: "a" })).toBeUndefined();
    expect(ownPermission("v", nothing)).toBe("no-permission");
  });
});

describe("a policy's values", () => {
  it("are texts for the official provider", () => {
    expect(officialDefinition({ "max-length": 10, "delivery-limit": -1, overflow: "reject-publish" })).toEqual({
      "max-length": "10",
      "delivery-limit": "-1",
      overflow: "reject-publish",
    });
  });

  it.each([["5"], ["-5"], ["+5"], ["007"], ["9223372036854775807"], [true], [1.5], [[1]], [{ a: 1 }], [null], [1e300]])(
    "%j would come to something else on the broker",
    (value) => {
      expect(ownPolicy("v", { name: "p", definition: { key: value } })).toBe("typed-value");
    },
  );

  it("are the same on the broker as in the plan, or the policy is an own one", () => {
    // What the official provider does to a text on its way: strconv.ParseInt(text, 10, 64), and a number if that succeeds.
    const sent = (text: string): unknown =>
      /^[+-]?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text.replace("+", ""))) === BigInt(text.replace("+", "")) ? Number(text) : text;
    const value = fc.oneof(
      fc.integer(),
      fc.string({ unit: fc.constantFrom("1", "9", "-", "+", "a", ".") }),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.double(),
    );
    fc.assert(
      fc.property(value, (original) => {
        const official = officialDefinition({ key: original });
        // JSON has no negative zero.
        if (official) expect(sent(official["key"] ?? "")).toBe(Object.is(original, -0) ? 0 : original);
      }),
    );
  });
});

describe("the resources of a plan", () => {
  it("have names of their own, each one", () => {
    const { vhosts, users, globalParameters } = planResources(compileInstallation({ topologies: Object.values(systems) }));
    const names = [
      ...users.flatMap((user) => [user.name, user.passwordName, user.limitsName]),
      ...globalParameters.map(({ name }) => name),
      ...vhosts.flatMap((vhost) => [
        vhost.vhost.name,
        vhost.settingsName,
        vhost.limitsName,
        ...[vhost.policies, vhost.operatorPolicies, vhost.exchanges, vhost.queues, vhost.bindings, vhost.permissions].flatMap((list) =>
          (list as readonly { readonly name: string }[]).map(({ name }) => name),
        ),
      ]),
    ];
    expect(names.length).toBeGreaterThan(200);
    expect(new Set(names).size).toBe(names.length);
  });

  it("wait for the policies that hold for them, and for no others", () => {
    const { vhosts } = resourcesOf({
      queues: {
        a: { type: "quorum", maxLength: 5 },
        b: { type: "quorum", maxLength: 6 },
        c: { type: "classic" },
        s: { type: "super-stream", partitions: 1, maxAge: "1 hour" },
      },
      policies: { hand: { pattern: "^c", definition: { "max-length": 1 } } },
      operatorPolicies: { op: { pattern: "^(a|b)$", definition: { "max-length": 1 } } },
    });
    const after = Object.fromEntries((vhosts[0]?.queues ?? []).map((queue) => [queue.object.name, queue.after]));
    expect(after).toEqual({
      a: ["t/policy/a", "t/operator-policy/op"],
      b: ["t/policy/b", "t/operator-policy/op"],
      c: ["t/policy/hand"],
      "s-0": ["t/policy/s"],
    });
  });

  it("wait for a policy whose pattern cannot be evaluated here", () => {
    const { vhosts } = resourcesOf({
      queues: { q: { type: "classic" } },
      policies: { odd: { pattern: "(?<=a)(*SKIP)b", definition: { expires: 1 } } },
    });
    expect(vhosts[0]?.queues[0]?.after).toEqual(["t/policy/odd"]);
  });

  it("hold all topic permissions of a user in a vhost as one, from the topology and from the installation", () => {
    const { vhosts } = resourcesOf(
      { exchanges: { x: { type: "topic" }, y: { type: "topic" } }, users: { u: { topicPermissions: { x: { write: "a", read: "" } } } } },
      { users: { shared: { vhosts: { t: { topicPermissions: { x: { write: "b", read: "" }, y: { write: "c", read: "" } } } } } } },
    );
    expect(vhosts[0]?.topicPermissions.map(({ name, object }) => [name, object.permissions.map(({ exchange: of }) => of)])).toEqual([
      ["t/topic-permissions/u", ["x"]],
      ["t/topic-permissions/shared", ["x", "y"]],
    ]);
  });
});

describe("a user in several topologies", () => {
  const both =
    (first: object, second: object): (() => unknown) =>
    () =>
      planResources(
        compileInstallation({
          topologies: [
            { name: "a", users: { u: first } },
            { name: "b", users: { u: second } },
          ],
        }),
      );

  it("is one resource if it is the same", () => {
    expect(both({ tags: ["monitoring", "management"] }, { tags: ["management", "monitoring"] })()).toMatchObject({
      users: [{ name: "user/u" }],
    });
  });

  it.each([
    [{ tags: ["monitoring"] }, {}],
    [{ limits: { maxChannels: 1 } }, { limits: { maxChannels: 2 } }],
    [{ password: { secret: "a" } }, { password: { secret: "b" } }],
  ])("is refused if it is not: %j, %j", (first, second) => {
    expect(both(first, second)).toThrow(/User "u" is declared twice, and differently: topology "a", users\.u; topology "b", users\.u\./);
  });
});
