/** Custom resources: valid, named apart, complete, and what they cannot say is said. The API server's own word is in custom-resources.k8s.test.ts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../../testing/arbitrary-topology.js";
import type { Installation, Topology } from "../model.js";
import { systems } from "../systems/index.js";
import { compileInstallation } from "./compile.js";
import { customResources, type CustomResource, type CustomResourceOptions } from "./custom-resources.js";
import { resourceName } from "./resource-names.js";

const made = (installation: Installation, options: Partial<CustomResourceOptions> = {}) =>
  customResources(compileInstallation(installation), { cluster: { name: "rabbitmq" }, ...options });
const of = (topology: Omit<Topology, "name">) => made({ topologies: [{ name: "t", ...topology }] });

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === "string";
const whole: Check = (value) => Number.isSafeInteger(value);
const flag: Check = (value) => typeof value === "boolean";
const map: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const oneOf =
  (...choices: readonly string[]): Check =>
  (value) =>
    choices.includes(value as string);
const listOf =
  (each: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(each);
const fields =
  (known: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value) =>
    map(value) &&
    required.every((field) => field in (value as object)) &&
    Object.entries(value as object).every(([field, inner]) => known[field]?.(inner));

const reference = fields({ name: text, namespace: text, connectionSecret: fields({ name: text }) });
const named = { name: text, vhost: text, rabbitmqClusterReference: reference };
const policy = { ...named, pattern: text, priority: whole, definition: map };
const secret = fields({ name: text }, ["name"]);
const ackMode = oneOf("on-confirm", "on-publish", "no-ack");
/** What the CRDs of 1.15.0 know of what is written here. */
const SPECS: Readonly<Record<CustomResource["kind"], Check>> = {
  Vhost: fields({ ...named, tags: listOf(text), defaultQueueType: oneOf("quorum", "classic", "stream") }, ["name"]),
  User: fields({
    tags: listOf(oneOf("management", "policymaker", "monitoring", "administrator")),
    rabbitmqClusterReference: reference,
    importCredentialsSecret: secret,
  }),
  Exchange: fields({ ...named, type: text, durable: flag, autoDelete: flag, arguments: map }, ["name", "vhost", "type"]),
  Queue: fields({ ...named, type: text, durable: flag, autoDelete: flag, deleteIfEmpty: flag, arguments: map }, ["name", "vhost", "type"]),
  Binding: fields(
    { ...named, source: text, destination: text, destinationType: oneOf("queue", "exchange"), routingKey: text, arguments: map },
    ["vhost", "source", "destination"],
  ),
  Policy: fields({ ...policy, applyTo: oneOf("queues", "classic_queues", "quorum_queues", "streams", "exchanges", "all") }, [
    "name",
    "pattern",
    "definition",
  ]),
  OperatorPolicy: fields({ ...policy, applyTo: oneOf("queues", "classic_queues", "quorum_queues", "streams") }, [
    "name",
    "pattern",
    "definition",
  ]),
  Permission: fields({ ...named, userReference: secret, permissions: fields({ configure: text, write: text, read: text }) }, [
    "userReference",
    "vhost",
    "permissions",
  ]),
  TopicPermission: fields(
    { ...named, userReference: secret, permissions: fields({ exchange: text, write: text, read: text }, ["exchange"]) },
    ["userReference", "permissions"],
  ),
  Federation: fields(
    {
      ...named,
      ...{ uriSecret: secret, ackMode, exchange: text, queue: text, trustUserId: flag },
      ...{ "prefetch-count": whole, expires: whole, messageTTL: whole, maxHops: whole, reconnectDelay: whole },
    },
    ["name", "uriSecret"],
  ),
  Shovel: fields(
    {
      ...named,
      ...{ uriSecret: secret, ackMode, reconnectDelay: whole, srcPrefetchCount: whole, srcDeleteAfter: text },
      ...{ srcProtocol: oneOf("amqp091", "amqp10"), srcQueue: text, srcExchange: text, srcExchangeKey: text },
      ...{ destProtocol: oneOf("amqp091", "amqp10"), destQueue: text, destExchange: text, destExchangeKey: text },
    },
    ["name", "uriSecret"],
  ),
};

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function valid({ objects, secrets }: ReturnType<typeof made>): void {
  for (const { kind, metadata, spec } of objects) {
    expect(metadata.name).toMatch(LABEL);
    expect({ kind, spec, valid: SPECS[kind](spec) }).toEqual({ kind, spec, valid: true });
  }
  const ids = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(secrets.map(({ name }) => name)).size).toBe(secrets.length);
}

test.each(Object.entries(systems))("%s: valid, named apart, and nothing is missing on the broker but limits of users", (_, system) => {
  const all = made({ topologies: [system] });
  valid(all);
  expect(all.findings.filter(({ path }) => !path.endsWith(".limits"))).toEqual([]);
});

test("any installation: valid, and each object of the plan has one resource or a finding", () => {
  fc.assert(
    fc.property(arbitraryInstallation(), (installation) => {
      const plan = compileInstallation(installation);
      const all = customResources(plan, { cluster: { connectionSecret: "broker" }, namespace: "n" });
      valid(all);
      const kinds = (kind: CustomResource["kind"]): number => all.objects.filter((object) => object.kind === kind).length;
      const count = (pick: (vhost: (typeof plan.vhosts)[number]) => readonly unknown[]): number =>
        plan.vhosts.reduce((sum, vhost) => sum + pick(vhost).length, 0);
      expect(kinds("Vhost")).toBe(plan.vhosts.length);
      expect(kinds("Exchange")).toBe(count(({ exchanges }) => exchanges));
      expect(kinds("Queue")).toBe(count(({ queues }) => queues));
      expect(kinds("Policy")).toBe(count(({ policies }) => policies));
      expect(kinds("OperatorPolicy")).toBe(count(({ operatorPolicies }) => operatorPolicies));
      expect(kinds("User")).toBe(
        new Set([...plan.global.users, ...plan.vhosts.flatMap(({ users }) => users)].map(({ name }) => name)).size,
      );
      expect(kinds("Shovel") + kinds("Federation")).toBe(
        count(({ parameters }) => parameters.filter(({ component }) => ["shovel", "federation-upstream"].includes(component))),
      );
      for (const { spec, metadata } of all.objects) {
        expect(spec["rabbitmqClusterReference"]).toEqual({ connectionSecret: { name: "broker" } });
        expect(metadata.namespace).toBe("n");
      }
    }),
    { numRuns: 60 },
  );
});

describe("names", () => {
  const words = fc.array(fc.oneof(fc.string({ maxLength: 80 }), fc.stringMatching(/^[a-c.A-]{0,6}$/)), { minLength: 1, maxLength: 4 });

  test("are DNS labels, with room for what controllers append, and differ where the things do", () => {
    fc.assert(
      fc.property(fc.uniqueArray(words, { maxLength: 40, selector: (each) => JSON.stringify(each) }), (all) => {
        const names = all.map((each) => resourceName("Queue", ...each));
        for (const name of names) {
          expect(name).toMatch(LABEL);
          expect(`${name}-user-credentials`.length).toBeLessThanOrEqual(253);
        }
        expect(new Set(names).size).toBe(all.length);
      }),
    );
  });

  test("stay: another name would delete the object and make it anew", () => {
    expect(resourceName("Queue", "contextiq", "extraction.requests")).toBe("contextiq-extraction-requests-d877cf319836");
    expect(resourceName("Vhost", "/")).toMatch(/^vhost-[0-9a-f]{12}$/);
    expect(resourceName("User", "a")).not.toBe(resourceName("Vhost", "a"));
  });
});

describe("what the operator cannot say", () => {
  test.each([
    [{ vhost: { description: "d" } }, "warning", "vhost.description"],
    [{ vhost: { limits: { maxQueues: 5 } } }, "error", "vhost.limits"],
    [{ vhost: { deletionProtection: true } }, "error", "vhost.deletionProtection"],
    [{ exchanges: { e: { type: "fanout", internal: true } } }, "warning", "exchanges.e.internal"],
    [{ users: { u: { tags: ["impersonator", "monitoring"] } } }, "error", "users.u.tags"],
    [{ users: { u: { limits: { maxChannels: 5 } } } }, "error", "users.u.limits"],
    [{ users: { u: { passwordHash: "aGFzaA==" } } }, "error", "users.u.passwordHash"],
    [
      { operatorPolicies: { p: { pattern: "", applyTo: "all", definition: { "max-length": 1 } } } },
      "warning",
      "operatorPolicies.p.applyTo",
    ],
    [{ federationUpstreams: { f: { uri: { secret: "s" }, consumerTag: "t" } } }, "error", "federationUpstreams.f"],
    [
      {
        shovels: { s: { from: { queue: "q", deleteAfter: 5 }, to: { uri: { secret: "s" }, queue: "r" } } },
        queues: { q: { type: "quorum" } },
      },
      "error",
      "shovels.s",
    ],
    [{ parameters: [{ component: "odd", name: "p", value: 1 }] }, "error", "parameters[0]"],
  ] as [Omit<Topology, "name">, string, string][])("%j", (topology, severity, path) => {
    const { findings } = of(topology);
    expect(findings.map((finding) => [finding.code, finding.severity, finding.path])).toContainEqual(["custom-resource", severity, path]);
    expect(findings.every(({ message, remedy }) => message.length > 10 && remedy.length > 10)).toBe(true);
  });

  test("a global parameter", () => {
    expect(made({ topologies: [], globalParameters: { cluster_tags: {} } }).findings).toMatchObject([
      { severity: "error", path: "globalParameters.cluster_tags" },
    ]);
  });
});

test("the rest of an object is made all the same, and no secret is in it", () => {
  const { objects, secrets } = of({
    users: {
      u: { tags: ["impersonator", "monitoring"], password: { secret: "geheim" }, permissions: { configure: "", write: "", read: ".*" } },
    },
    federationUpstreams: { f: { uri: { secret: "geheim" }, consumerTag: "t", prefetchCount: 3 } },
  });
  const spec = (kind: CustomResource["kind"]): unknown => objects.find((object) => object.kind === kind)?.spec;
  const name = resourceName("User", "u");
  expect(spec("User")).toMatchObject({ tags: ["monitoring"], importCredentialsSecret: { name: `${name}-login` } });
  expect(spec("Permission")).toMatchObject({ userReference: { name }, vhost: "t", permissions: { read: ".*" } });
  expect(spec("Federation")).toMatchObject({ name: "f", "prefetch-count": 3 });
  expect(secrets).toEqual([
    { name: `${name}-login`, keys: ["username", "password"], of: "User u" },
    { name: `${resourceName("Federation", "t", "f")}-uri`, keys: ["uri"], of: "Federation f" },
  ]);
  expect(JSON.stringify(objects)).not.toContain("geheim");
});

test("queues that hold messages are not deleted with their resource", () => {
  const { objects } = of({ queues: { a: { type: "quorum" }, b: { type: "classic" }, c: { type: "stream" } } });
  expect(objects.filter(({ kind }) => kind === "Queue").map(({ spec }) => spec["deleteIfEmpty"])).toEqual([true, true, undefined]);
});

test("a user of several topologies is one, with the Secret that it is given", () => {
  const member = { queues: { q: { type: "quorum" } }, services: { s: { consumes: ["q"], user: "shared" } } } as const;
  const { objects, secrets } = made(
    {
      topologies: [
        { name: "a", ...member },
        { name: "b", ...member },
      ],
    },
    { secretOf: ({ name }) => `${name}-credentials-2` },
  );
  expect(objects.filter(({ kind }) => kind === "User")).toHaveLength(1);
  expect(objects.filter(({ kind }) => kind === "Permission")).toHaveLength(2);
  expect(secrets).toEqual([{ name: "shared-credentials-2", keys: ["username", "password"], of: "User shared" }]);
});
