// Every rule holds over the manifests of the five systems, and is broken by a change made for it.
import { describe, expect, it } from "vitest";
import type { Topology } from "../../topology/model.js";
import { systems } from "../../topology/systems/index.js";
import type { KubernetesObject } from "../objects.js";
import { objectsOf, prod } from "../prod.js";
import { readProdSettings, type ProdInput } from "../settings.js";
import { findingTexts, policyRules, review, type Manifests } from "./index.js";

function manifestsOf(names: readonly string[], input: ProdInput = {}): Manifests {
  const made = prod({ topologies: names.map((name) => systems[name] as Topology) }, readProdSettings(input), { environment: "prod" });
  return { objects: objectsOf(made), secrets: made.secrets, authorities: made.authorities };
}

const names = Object.keys(systems);

describe("the manifests", () => {
  const variants: readonly (readonly [string, ProdInput])[] = [
    ["as they are", {}],
    ["for trials", { workers: { store: true, load: 20 } }],
    ["with an autoscaler of CPU alone", { autoscaling: { kind: "hpa", cpu: 60 } }],
    ["with fixed numbers", { autoscaling: { kind: "none" } }],
    ["that go to zero", { autoscaling: { scaleToZero: true, min: 0 } }],
    ["with five nodes and a given certificate", { cluster: { nodes: 5 }, tls: { source: "secret" } }],
    ["with the topology as custom resources", { provision: "operator" }],
    ["without monitoring", { monitoring: { enabled: false } }],
    ["in namespaces of others", { namespaces: { create: false }, workers: { store: true, load: 20 } }],
    ["in one namespace", { namespaces: { broker: "messaging", workers: "messaging", monitoring: "messaging" } }],
  ];
  it.each(variants)("of each system and of all five break no rule, %s", (_, input) => {
    for (const chosen of [...names.map((name) => [name]), names]) expect(review(manifestsOf(chosen, input)), chosen.join()).toEqual([]);
  });
});

type Json = { [key: string]: Json } & Json[] & string;
type Change = (objects: Json[]) => void;

const spec = (objects: Json[], kind: string, name?: string): Json => {
  const found = objects.find((object) => object["kind"] === kind && (name === undefined || object["metadata"]?.["name"] === name));
  if (!found) throw new Error(`there is no ${kind} ${name ?? ""}`);
  return found["spec"] as Json;
};
const WORKER = "contextiq-extraction-worker";
const template = (objects: Json[], name = WORKER): Json => spec(objects, "Deployment", name)["template"]?.["spec"] as Json;
const container = (objects: Json[]): Json => template(objects)["containers"]?.[0] as Json;
const set = (target: Json, key: string, value: unknown): void => void ((target as Record<string, unknown>)[key] = value);
const conf =
  (line: string): Change =>
  (objects) => {
    const rabbitmq = spec(objects, "RabbitmqCluster")["rabbitmq"] as Json;
    set(rabbitmq, "additionalConfig", `${rabbitmq["additionalConfig"]}${line}\n`);
  };
const without =
  (kind: string, name?: string): Change =>
  (objects) => {
    const at = objects.findIndex((object) => object["kind"] === kind && (name === undefined || object["metadata"]?.["name"] === name));
    objects.splice(at, 1);
  };
const trigger = (objects: Json[]): Json => spec(objects, "ScaledObject", WORKER)["triggers"]?.[0] as Json;

const drains =
  (value: string): Change =>
  (objects) => {
    const env = container(objects)["env"]?.find(({ name }) => name === "WARREN_DRAIN_DEADLINE") as unknown as Json;
    set(env, "value", value);
  };

/** By rule: changes, and a word of what is then said. */
const CHANGES: Readonly<Record<string, readonly (readonly [string, Change])[]>> = {
  resources: [
    ["asks for no CPU", (all) => set(container(all)["resources"] as Json, "requests", { memory: "256Mi" })],
    ["may take 512Mi", (all) => set(container(all)["resources"] as Json, "limits", { memory: "512Mi" })],
    ["asks for no memory", (all) => set(spec(all, "RabbitmqCluster"), "resources", {})],
  ],
  probes: [
    ["no liveness", (all) => set(container(all), "livenessProbe", undefined)],
    ["no readiness", (all) => set(container(all), "readinessProbe", undefined)],
  ],
  restricted: [
    ["runs as root", (all) => set(template(all)["securityContext"] as Json, "runAsUser", 0)],
    ["no seccomp", (all) => set(template(all)["securityContext"] as Json, "seccompProfile", undefined)],
    ["keeps capabilities", (all) => set(container(all)["securityContext"] as Json, "capabilities", {})],
    ["gain privileges", (all) => set(container(all)["securityContext"] as Json, "allowPrivilegeEscalation", true)],
    ["shares a namespace", (all) => set(template(all), "hostNetwork", true)],
    ["a folder of its machine", (all) => set(template(all), "volumes", [{ name: "x", hostPath: { path: "/" } }])],
  ],
  "read-only-root": [["root file system", (all) => set(container(all)["securityContext"] as Json, "readOnlyRootFilesystem", false)]],
  "image-tag": [
    ["worker:latest", (all) => set(container(all), "image", "warren/worker:latest")],
    ["localhost:5000/worker", (all) => set(container(all), "image", "localhost:5000/worker")],
    ['runs "rabbitmq"', (all) => set(spec(all, "RabbitmqCluster"), "image", "rabbitmq")],
    ["rabbitmq:4.3-management", (all) => set(spec(all, "RabbitmqCluster"), "image", "rabbitmq:4.3-management")],
    ["mirror:5000/library/rabbitmq:4", (all) => set(spec(all, "RabbitmqCluster"), "image", "mirror:5000/library/rabbitmq:4")],
  ],
  "service-account": [
    ["token", (all) => set(template(all), "automountServiceAccountToken", true)],
    ["default account", (all) => set(template(all), "serviceAccountName", "default")],
    ["shares the account", (all) => set(template(all), "serviceAccountName", "contextiq-webhook")],
    ["not there", without("ServiceAccount", WORKER)],
  ],
  "grace-period": [
    ["ends after 30 s, and drains for 90 s", (all) => set(template(all), "terminationGracePeriodSeconds", 30)],
    ["ends after 105 s, and drains for 600 s", drains("10 minutes")],
    ["ends after 105 s, and drains for 600 s", drains("600000")],
    ['drains for "soon", which is no time', drains("soon")],
    ["gives a node 10 s", (all) => set(spec(all, "RabbitmqCluster"), "terminationGracePeriodSeconds", 10)],
  ],
  "secret-in-environment": [
    ["RABBITMQ_PASSWORD in clear", (all) => void container(all)["env"]?.push({ name: "RABBITMQ_PASSWORD", value: "x" } as unknown as Json)],
    [
      "credentials in RABBITMQ_URL",
      (all) => void container(all)["env"]?.push({ name: "RABBITMQ_URL", value: "amqps://a:b@c" } as unknown as Json),
    ],
    [
      "a Secret",
      (all) => void all.push({ apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "warren-workers" } } as unknown as Json),
    ],
  ],
  budget: [
    ["no budget", without("PodDisruptionBudget", WORKER)],
    ["lets none go", (all) => set(spec(all, "PodDisruptionBudget", WORKER), "maxUnavailable", 0)],
    ["lets all go", (all) => set(spec(all, "PodDisruptionBudget", WORKER), "maxUnavailable", "100%")],
    ["more than one node", (all) => set(spec(all, "PodDisruptionBudget", "rabbitmq"), "maxUnavailable", 2)],
    [
      "2 budgets",
      (all) => set(spec(all, "PodDisruptionBudget", "contextiq-webhook"), "selector", { matchLabels: { "warren/part": "worker" } }),
    ],
  ],
  spread: [
    ["over zones", (all) => set(template(all), "topologySpreadConstraints", [])],
    ["on one machine", (all) => set(spec(all, "RabbitmqCluster"), "affinity", {})],
    ["over zones", (all) => set(spec(all, "RabbitmqCluster"), "override", {})],
  ],
  "rolling-update": [["old pods away", (all) => set(spec(all, "Deployment", WORKER), "strategy", {})]],
  "one-autoscaler": [
    ["says 3 replicas", (all) => set(spec(all, "Deployment", WORKER), "replicas", 3)],
    ["no number", without("ScaledObject", WORKER)],
    ["2 autoscalers", (all) => set(spec(all, "ScaledObject", "contextiq-webhook"), "scaleTargetRef", { name: WORKER })],
    ["not there", (all) => set(spec(all, "ScaledObject", WORKER), "scaleTargetRef", { name: "nobody" })],
    ["from 30 to 20", (all) => set(spec(all, "ScaledObject", WORKER), "minReplicaCount", 30)],
    [
      "goes to zero",
      (all) => {
        set(spec(all, "ScaledObject", WORKER), "minReplicaCount", 0);
        set(spec(all, "ScaledObject", WORKER), "triggers", [{ type: "cpu", metadata: { value: "70" } }]);
      },
    ],
  ],
  "depth-over-http": [
    ["over amqp", (all) => set(trigger(all)["metadata"] as Json, "protocol", "amqp")],
    ["without TLS", (all) => set(trigger(all)["metadata"] as Json, "host", "http://rabbitmq:15672/")],
    ["unacknowledged", (all) => set(trigger(all)["metadata"] as Json, "excludeUnacknowledged", "true")],
    ["no fallback", (all) => set(spec(all, "ScaledObject", WORKER), "fallback", undefined)],
    ["not there", without("TriggerAuthentication")],
  ],
  "broker-nodes": [
    ["1 node", (all) => set(spec(all, "RabbitmqCluster"), "replicas", 1)],
    ["4 nodes", (all) => set(spec(all, "RabbitmqCluster"), "replicas", 4)],
    ["no volumes", (all) => set(spec(all, "RabbitmqCluster"), "persistence", { storage: "0" })],
  ],
  "memory-watermark": [
    ["76 %", conf("vm_memory_high_watermark.relative = 0.95")],
    ["8 %", conf("vm_memory_high_watermark.relative = 0.1")],
    ["in bytes", conf("vm_memory_high_watermark.absolute = 1GB")],
    ["another than", conf("total_memory_available_override_value = 8GB")],
    ["half of its volume", conf("disk_free_limit.absolute = 20000000000")],
    ["no limit of free space", conf("disk_free_limit.absolute = lots")],
  ],
  "tls-only": [
    ["no certificate", (all) => set(spec(all, "RabbitmqCluster"), "tls", { disableNonTLSListeners: true })],
    ["listens without TLS", (all) => set(spec(all, "RabbitmqCluster"), "tls", { secretName: "s" })],
    [
      "connects without TLS",
      (all) => void container(all)["env"]?.push({ name: "RABBITMQ_URL", value: "amqp://rabbitmq" } as unknown as Json),
    ],
  ],
  twice: [
    ["twice", (all) => void all.push(structuredClone(all.at(-1) as Json))],
    ["a name that", (all) => set(all.find((each) => each["kind"] === "Deployment")?.["metadata"] as Json, "name", "Big_Name")],
    [
      "a label that",
      (all) =>
        set(all.find((each) => each["kind"] === "Service" || each["kind"] === "Deployment")?.["metadata"] as Json, "labels", { a: "b c" }),
    ],
    ["in no namespace", (all) => set(all.find((each) => each["kind"] === "Deployment")?.["metadata"] as Json, "namespace", undefined)],
  ],
  namespace: [
    ["does not enforce", (all) => set(all[0]?.["metadata"] as Json, "labels", {})],
    ["nobody makes", without("Namespace", "warren-workers")],
  ],
  selectors: [
    ["its own pods", (all) => set(spec(all, "Deployment", WORKER), "selector", { matchLabels: { app: "x" } })],
    [
      "selects the pods of contextiq",
      (all) => set(spec(all, "Deployment", WORKER), "selector", { matchLabels: { "warren/part": "worker" } }),
    ],
    ["of 0 Deployments", (all) => set(spec(all, "Service", "store"), "selector", { app: "x" })],
    ["port 80, which", (all) => set(spec(all, "Service", "store"), "ports", [{ port: 80 }])],
  ],
  references: [
    ["Secret other", (all) => set(template(all), "volumes", [{ name: "c", secret: { secretName: "other" } }])],
    ["ConfigMap exporter-topology", without("ConfigMap", "exporter-topology")],
  ],
  "network-policy": [
    [
      "reached by everybody",
      (all) => {
        for (let at = all.length - 1; at >= 0; at--) if (all[at]?.["kind"] === "NetworkPolicy") all.splice(at, 1);
      },
    ],
    ["can reach everybody", (all) => void spec(all, "NetworkPolicy", "allow-contextiq-extraction-worker")["egress"]?.push({} as Json)],
  ],
  monitored: [["0 monitors", without("PodMonitor", "workers")]],
};

describe("every rule", () => {
  it("has a code of its own, says why, and has a change that breaks it", () => {
    const codes = policyRules.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.toSorted()).toEqual(Object.keys(CHANGES).toSorted());
    for (const { title, why } of policyRules) expect(title.length * why.length).toBeGreaterThan(500);
  });

  const cases = Object.entries(CHANGES).flatMap(([code, changes]) => changes.map(([word, change]) => [code, word, change] as const));
  const whole = manifestsOf(["contextiq"], { workers: { store: true } });

  it.each(cases)("%s finds: %s", (code, word, change) => {
    const objects = structuredClone(whole.objects) as unknown as Json[];
    change(objects);
    const found = review({ ...whole, objects: objects as unknown as KubernetesObject[] }).filter((finding) => finding.code === code);
    expect(found.map(({ message }) => message).join("\n")).toContain(word);
  });

  it("is silenced for one object, with a reason, and not without one", () => {
    const load = (annotation: string): Manifests => {
      const objects = structuredClone(manifestsOf(["fo-analytics"], { workers: { load: 5 } }).objects) as unknown as Json[];
      const pod = spec(objects, "Deployment", "fo-analytics-load")["template"] as Json;
      set(pod["metadata"] as Json, "annotations", { "warren/without.probes": annotation });
      return { ...manifestsOf(["fo-analytics"], { workers: { load: 5 } }), objects: objects as unknown as KubernetesObject[] };
    };
    expect(review(load("it ends by itself"))).toEqual([]);
    expect(review(load(" ")).map(({ code }) => code)).toEqual(["probes", "probes"]);
  });
});

it.each(["mirror:5000/library/rabbitmq:4.3.6-management", "warren/rabbitmq:4.3.6-debian-1", "rabbitmq:4@sha256:0f", "shop/broker:7"])(
  "an image that does not move may be called %s",
  (image) => expect(review(manifestsOf(["debias"], { cluster: { image } }))).toEqual([]),
);

it("what is broken by settings is told by rule, with its reason", () => {
  const found = review(manifestsOf(["debias"], { cluster: { nodes: 1 }, workers: { image: "warren/worker:latest" } }));
  expect(findingTexts(found)).toEqual([
    [
      "image-tag: Two pods of one Deployment could run different programs, and nobody could go back.",
      '  Deployment warren-workers/debias-neo4j-worker runs "warren/worker:latest"',
      '  Deployment warren-workers/debias-qdrant-worker runs "warren/worker:latest"',
      '  Deployment warren-monitoring/exporter runs "warren/worker:latest"',
    ].join("\n"),
    "broker-nodes: Of one or two none may be lost; without a volume a node that is moved comes back empty.\n  RabbitmqCluster warren-broker/rabbitmq has 1 node",
  ]);
  expect(findingTexts([])).toEqual([]);
});
