// Every object has the shape that its API serves, by the schemas of Kubernetes and of the operators; and a wrong one is seen.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryInstallation } from "../../testing/arbitrary-topology.js";
import type { Topology } from "../../topology/model.js";
import { systems } from "../../topology/systems/index.js";
import type { KubernetesObject } from "../objects.js";
import { objectsOf, prod } from "../prod.js";
import { review } from "../rules/index.js";
import { readProdSettings, type ProdInput } from "../settings.js";
import { shapeFaults, type Schemas } from "./validate.js";

const schemas = JSON.parse(readFileSync(join(__dirname, "schemas.json"), "utf8")) as Schemas;
const all = Object.values(systems);
const made = (topologies: readonly Topology[], input: ProdInput = {}): KubernetesObject[] =>
  objectsOf(prod({ topologies }, readProdSettings(input), { environment: "prod" }));
const faultsOf = (objects: readonly KubernetesObject[]): string[] => objects.flatMap((object) => shapeFaults(object, schemas));

const rich: ProdInput = {
  cluster: {
    nodes: 5,
    storage: { class: "fast", size: "100Gi" },
    nodeSelector: { pool: "brokers" },
    tolerations: [{ key: "broker", operator: "Exists", effect: "NoSchedule" }],
    priorityClass: "high",
    imagePullSecrets: ["pull"],
    plugins: ["rabbitmq_shovel"],
    config: "heartbeat = 20",
    diskFreeLimit: "4Gi",
  },
  tls: { issuer: { name: "company" } },
  workers: {
    store: true,
    load: 20,
    imagePullSecrets: ["pull"],
    nodeSelector: { pool: "workers" },
    tolerations: [{ operator: "Exists" }],
    priorityClass: "low",
  },
  network: { provisioners: [{ namespace: "ci" }], brokerEgress: [{ cidr: "192.0.2.0/24", except: ["192.0.2.7/32"], ports: [5671] }] },
  monitoring: {
    labels: { release: "prometheus" },
    prometheusUrl: "http://prometheus.monitoring.svc:9090",
    alertmanagerUrl: "http://alertmanager.monitoring.svc:9093",
  },
  services: {
    contextiq: {
      webhook: { image: "shop/webhook:7", command: ["/app"], args: ["run"], env: { A: "b" }, credentials: "env", port: 8000, prefetch: 5 },
    },
  },
};

/** What the five systems have not. */
const linked: Topology = {
  name: "linked",
  exchanges: { e: { type: "topic" } },
  queues: { q: { type: "quorum", from: { e: "a" } } },
  users: { u: { permissions: { configure: "", write: "e", read: "" }, topicPermissions: { e: { write: "a", read: "" } } } },
  operatorPolicies: { o: { pattern: "^q$", applyTo: "queues", definition: { "max-length": 9 } } },
  federationUpstreams: { f: { uri: { secret: "s" }, exchange: "e" } },
  shovels: { s: { from: { uri: { secret: "s" }, queue: "other" }, to: { uri: { secret: "s" }, queue: "r" } } },
};

describe("the objects", () => {
  const variants: readonly (readonly [string, ProdInput])[] = [
    ["as they are", {}],
    ["with all that can be set", rich],
    ["with the topology as custom resources", { provision: "operator" }],
    ["with the plain autoscaler", { autoscaling: { kind: "hpa", cpu: 70, queueMetric: "rabbitmq_queue_depth" } }],
    [
      "for trials",
      { cluster: { storage: { size: "0" }, spread: "preferred" }, tls: { source: "stack" }, autoscaling: { scaleToZero: true, min: 0 } },
    ],
  ];
  it.each(variants)("of all five systems are what the APIs serve, %s", (_, input) => {
    const objects = made(all, input);
    expect(objects.length).toBeGreaterThan(90);
    expect(faultsOf(objects)).toEqual([]);
  });

  it("of any installation are what the APIs serve, and break no rule", () => {
    fc.assert(
      fc.property(arbitraryInstallation(), (installation) => {
        // Names of instances' services are no reference systems', so that whatever is deployed has an image of its own.
        const services = Object.fromEntries(
          installation.topologies.map(({ name, services: each = {} }) => [
            name,
            Object.fromEntries(Object.keys(each).map((key) => [key, { image: "shop/app:1" }])),
          ]),
        );
        const stack = prod(installation, readProdSettings({ services }));
        const objects = objectsOf(stack);
        expect(faultsOf(objects)).toEqual([]);
        expect(review({ objects, secrets: stack.secrets, authorities: stack.authorities })).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it("of kinds that are made have their schemas, and no other schema is kept", () => {
    const inputs: readonly ProdInput[] = [rich, { autoscaling: { kind: "hpa", cpu: 70 } }, { provision: "operator" }];
    const kinds = new Set(inputs.flatMap((input) => made([...all, linked], input)).map(({ apiVersion, kind }) => `${apiVersion}/${kind}`));
    expect(Object.keys(schemas.schemas).filter((kind) => !kinds.has(kind) && kind !== "v1/Secret")).toEqual([]);
  });
});

describe("a wrong object", () => {
  const objects = made([systems["contextiq"] as Topology]);
  const wrong = (kind: string, change: (object: Record<string, object>) => void): string[] => {
    const object = structuredClone(objects.find((each) => each.kind === kind)) as unknown as Record<string, object>;
    change(object);
    return shapeFaults(object as unknown as KubernetesObject, schemas).map((fault) =>
      fault.replace(/^.*?\): /, "").replace(/^.*?\)\./, ""),
    );
  };
  it("is seen: unknown and missing fields, other types, values that are not allowed", () => {
    expect(wrong("Deployment", ({ spec }) => void Object.assign(spec ?? {}, { replica: 3 }))).toEqual(["spec: replica is unknown"]);
    expect(wrong("Deployment", ({ spec }) => void Object.assign(spec ?? {}, { replicas: "3" }))).toEqual([
      "spec.replicas: string is no integer",
    ]);
    expect(wrong("Deployment", ({ spec }) => void Object.assign(spec ?? {}, { selector: undefined }))).toEqual([
      "spec: selector is missing",
    ]);
    expect(
      wrong("ScaledObject", ({ spec }) => void Object.assign(spec ?? {}, { triggers: [{ type: "cpu", metadata: { value: 70 } }] })),
    ).toEqual(["spec.triggers[0].metadata.value: integer is no string"]);
    expect(wrong("RabbitmqCluster", ({ spec }) => void Object.assign(spec ?? {}, { replicas: -1 }))).toEqual([
      "spec.replicas: -1 is out of range",
    ]);
    expect(wrong("RabbitmqCluster", ({ spec }) => void Object.assign(spec ?? {}, { service: { type: "Public" } }))[0]).toMatch(
      /^spec.service.type: "Public" is none of/,
    );
    expect(wrong("PodMonitor", ({ spec }) => void Object.assign(spec ?? {}, { podMetricsEndpoints: [{ interval: "soon" }] }))[0]).toMatch(
      /does not match/,
    );
    expect(wrong("PodDisruptionBudget", ({ spec }) => void Object.assign(spec ?? {}, { maxUnavailable: true }))).toEqual([
      "spec.maxUnavailable: boolean is neither a whole number nor a text",
    ]);
    expect(wrong("Namespace", (object) => void Object.assign(object, { kind: "Nothing" }))[0]).toMatch(/no schema of v1\/Nothing/);
  });
});
