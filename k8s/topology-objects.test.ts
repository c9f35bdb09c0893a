// The topology as custom resources in the stack: whole or refused, each after what it needs, and what they cannot say beside them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { itemId, plannedItems } from "../broker/items.js";
import { managedIn } from "../provision/managed.js";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { InstallationPlan, PlannedUser } from "../topology/compile/plan.js";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { keyOf, type KubernetesObject } from "./objects.js";
import { objectsOf, prod } from "./prod.js";
import { shapeFaults, type Schemas } from "./schemas/validate.js";
import { readProdSettings, type ProdInput } from "./settings.js";
import { topologyObjects, type TopologyPart } from "./topology-objects.js";
import { orderOf } from "./topology-order.js";

const schemas = JSON.parse(readFileSync(join(__dirname, "schemas/schemas.json"), "utf8")) as Schemas;
const settings = (input: ProdInput = {}) => readProdSettings({ provision: "operator", ...input });
const made = (topologies: readonly Topology[], input: ProdInput = {}) => prod({ topologies }, settings(input), { environment: "prod" });
const part = (topology: Omit<Topology, "name">): TopologyPart =>
  topologyObjects(compileInstallation({ topologies: [{ name: "t", ...topology }] }), settings());

/** As a state has them. */
const stateOf = (objects: readonly KubernetesObject[]): object =>
  Object.fromEntries(
    objects.map((object) => [`urn::a::b::${keyOf(object)}`, { type: `kubernetes:${object.apiVersion}:${object.kind}`, outputs: object }]),
  );

/** The same plan without what the operator would not provision as it is meant. */
const sayable = ({ vhosts, global }: InstallationPlan): InstallationPlan => {
  const known = ({ passwordHash: _, ...user }: PlannedUser): PlannedUser => user;
  return {
    vhosts: vhosts.map((each) => {
      const { description: _, deletionProtection: _also, ...vhost } = each.vhost;
      return { ...each, vhost, users: each.users.map(known), exchanges: each.exchanges.map((one) => ({ ...one, internal: false })) };
    }),
    global: { ...global, users: global.users.map(known) },
  };
};
const arbitraryPlan = fc
  .tuple(arbitraryInstallation(), fc.boolean())
  .map(([installation, whole]) => (whole ? sayable(compileInstallation(installation)) : compileInstallation(installation)));

/** What is provisioned, by the ids that plan and broker have for it. */
function provisioned({ objects, beside }: TopologyPart): string[] {
  const others = [
    ...beside.parameters.map(({ vhost, component, name }) => itemId("parameter", vhost, component, name)),
    ...beside.globalParameters.map(({ name }) => itemId("global parameter", undefined, name)),
  ];
  return [...managedIn(stateOf(objects)).objects, ...others].sort();
}

const planned = (plan: InstallationPlan): string[] =>
  plannedItems(plan)
    .map(({ id }) => id)
    .sort();

/** Places of what the operator would not provision as it is meant, told from the plan alone. */
function refused({ vhosts, global }: InstallationPlan): string[] {
  const users = [...global.users, ...vhosts.flatMap((vhost) => vhost.users)];
  const tags = ["management", "policymaker", "monitoring", "administrator"];
  return [
    ...vhosts.flatMap(({ vhost, exchanges, operatorPolicies }) => [
      ...(vhost.description === undefined ? [] : [`${vhost.origin}.description`]),
      ...(vhost.deletionProtection ? [`${vhost.origin}.deletionProtection`] : []),
      ...exchanges.filter(({ internal }) => internal).map(({ origin }) => `${origin}.internal`),
      ...operatorPolicies.filter(({ applyTo }) => applyTo === "all").map(({ origin }) => `${origin}.applyTo`),
    ]),
    ...users.filter((user) => user.tags.some((tag) => !tags.includes(tag))).map(({ origin }) => `${origin}.tags`),
    ...users.filter(({ passwordHash }) => passwordHash !== undefined).map(({ origin }) => `${origin}.passwordHash`),
  ];
}

describe("every object of a plan", () => {
  it.each(Object.keys(systems))("of %s is among the stack's objects, or beside them, with a Secret for each user", (name) => {
    const stack = made([systems[name] as Topology]);
    const { byOperator, users } = stack;
    const plan = compileInstallation({ topologies: [systems[name] as Topology] }, "prod");
    if (!byOperator) throw new Error("there is no such part");
    expect(provisioned(byOperator)).toEqual(planned(plan));
    expect(stack.topology).toEqual(byOperator.objects);
    expect(objectsOf(stack)).toEqual(expect.arrayContaining([...byOperator.objects]));
    for (const object of byOperator.objects) {
      expect(object.metadata.namespace).toBe("warren-broker");
      expect(object["spec"]).toMatchObject({ rabbitmqClusterReference: { name: "rabbitmq" } });
    }
    const names = plan.vhosts.flatMap((vhost) => vhost.users).map((user) => user.name);
    expect(byOperator.logins.map(({ user }) => user).sort()).toEqual([...new Set(names)].sort());
    // With the stack's own users, as the program gives them.
    const whole = prod({ topologies: [systems[name] as Topology], users }, settings(), { environment: "prod" }).byOperator;
    expect(whole?.logins.map(({ user }) => user)).toEqual(expect.arrayContaining(Object.keys(users)));
  });

  it("of any installation is among them, or beside them, or named in the error", () => {
    let [whole, wrong] = [0, 0];
    fc.assert(
      fc.property(arbitraryPlan, (plan) => {
        const places = refused(plan);
        if (places.length === 0) {
          const done = topologyObjects(plan, settings());
          expect(provisioned(done)).toEqual(planned(plan));
          expect(done.objects.flatMap((object) => shapeFaults(object, schemas))).toEqual([]);
          expect(done.beside.userLimits.map(({ user }) => user).sort()).toEqual(
            [
              ...new Set(
                [...plan.global.users, ...plan.vhosts.flatMap(({ users }) => users)]
                  .filter(({ limits }) => Object.keys(limits ?? {}).length > 0)
                  .map(({ name }) => name),
              ),
            ].sort(),
          );
          expect(done.beside.vhostLimits.length).toBe(plan.vhosts.filter(({ vhost }) => Object.keys(vhost.limits ?? {}).length > 0).length);
          whole++;
          return;
        }
        let message = "";
        try {
          topologyObjects(plan, settings());
        } catch (error) {
          message = (error as Error).message;
        }
        for (const place of places) expect(message).toContain(place);
        expect(message).toContain("provision' management");
        wrong++;
      }),
      { numRuns: 60 },
    );
    expect([whole, wrong]).not.toContain(0);
  });

  it("is none where the management API is spoken to", () => {
    const stack = made(Object.values(systems), { provision: "management" });
    expect([stack.topology, stack.byOperator]).toEqual([[], undefined]);
  });
});

describe("what the operator cannot say", () => {
  it("goes beside, where the operator does not write over it", () => {
    const { objects, beside } = part({
      vhost: { limits: { maxQueues: 5 } },
      users: { u: { limits: { maxChannels: 5 } } },
      queues: { q: { type: "quorum" } },
      shovels: { s: { from: { queue: "q" }, to: { uri: { secret: "s" }, queue: "r" } } },
      parameters: [{ component: "odd", name: "p", value: 1 }],
    });
    expect(beside).toMatchObject({
      vhostLimits: [{ vhost: "t", limits: { maxQueues: 5 } }],
      userLimits: [{ user: "u", limits: { maxChannels: 5 } }],
      parameters: [
        { component: "shovel", name: "s", vhost: "t" },
        { component: "odd", name: "p", vhost: "t" },
      ],
      globalParameters: [],
    });
    expect(objects.map(({ kind }) => kind)).not.toContain("Shovel");
  });

  it("is refused where it would be, or would be something else", () => {
    expect(() => part({ exchanges: { e: { type: "fanout", internal: true } } })).toThrow(/exchanges\.e\.internal/);
    expect(() => part({ vhost: { deletionProtection: true } })).toThrow(/vhost\.deletionProtection[^]*provision' management/);
  });

  it("of URIs is in Secrets, by the keys that the operator reads", () => {
    const { uris, objects } = part({ federationUpstreams: { f: { uri: { secret: "s" }, exchange: "e" } } });
    expect(uris).toMatchObject([{ namespace: "warren-broker", values: { uri: { secret: "s" } } }]);
    expect(objects.find(({ kind }) => kind === "Federation")?.["spec"]).toMatchObject({ uriSecret: { name: uris[0]?.name } });
  });
});

describe("the order", () => {
  /** Fails where two wait for each other. */
  function checked(objects: readonly KubernetesObject[]): ReturnType<typeof orderOf> {
    const order = orderOf(objects);
    const done = new Set<string>();
    const visit = (key: string, path: readonly string[]): void => {
      if (done.has(key)) return;
      expect(path).not.toContain(key);
      const one = order.get(key);
      if (!one) throw new Error(`${key} is nowhere`);
      for (const each of one.goesWith) expect(one.after).toContain(each);
      for (const each of one.after) visit(each, [...path, key]);
      done.add(key);
    };
    for (const object of objects) visit(keyOf(object), []);
    expect(order.size).toBe(objects.length);
    return order;
  }

  it("of any installation comes to an end", () => {
    fc.assert(
      fc.property(arbitraryInstallation(), (installation) => {
        checked(topologyObjects(sayable(compileInstallation(installation)), settings()).objects);
      }),
      { numRuns: 60 },
    );
  });

  it("is vhost, policy, queue, binding; and the user's topic permissions before what they narrow", () => {
    const { objects } = part({
      exchanges: { e: { type: "topic" }, f: { type: "fanout", from: { e: "#" } } },
      queues: { q: { type: "quorum", from: { e: "a" }, maxLength: 5 }, r: { type: "classic" } },
      users: { u: { permissions: { configure: "", write: "e", read: "" }, topicPermissions: { e: { write: "a", read: "" } } } },
    });
    const order = checked(objects);
    const find = (kind: string, field = "", value = ""): string => {
      const found = objects.find(
        (object) => object.kind === kind && (field === "" || (object["spec"] as Record<string, unknown>)[field] === value),
      );
      if (!found) throw new Error(`no ${kind} ${value}`);
      return keyOf(found);
    };
    const vhost = find("Vhost");
    expect(order.get(find("Queue", "name", "q"))).toEqual({
      after: [vhost, find("Policy", "name", "q")],
      goesWith: [],
      fixed: ["spec.rabbitmqClusterReference", "spec.type", "spec.durable", "spec.autoDelete", "spec.arguments"],
    });
    expect(order.get(find("Queue", "name", "r"))?.after).toEqual([vhost]);
    expect(order.get(find("Binding", "destination", "q"))?.goesWith).toEqual([find("Exchange", "name", "e"), find("Queue", "name", "q")]);
    expect(order.get(find("Binding", "destination", "f"))?.goesWith).toEqual([
      find("Exchange", "name", "e"),
      find("Exchange", "name", "f"),
    ]);
    expect(order.get(find("TopicPermission"))?.goesWith).toEqual([find("User"), find("Exchange", "name", "e")]);
    expect(order.get(find("Permission"))).toMatchObject({
      after: [vhost, find("TopicPermission"), find("User")],
      goesWith: [find("User")],
      fixed: ["spec.rabbitmqClusterReference"],
    });
  });
});
