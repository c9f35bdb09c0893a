// Pair by pair: what the policies let through is what the topology's services and the stack's parts need, and nothing else.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryInstallation } from "../../testing/arbitrary-topology.js";
import type { Service, Topology } from "../../topology/model.js";
import { systems } from "../../topology/systems/index.js";
import { serviceLabels } from "../names.js";
import type { KubernetesObject } from "../objects.js";
import { objectsOf, prod } from "../prod.js";
import { deployments, type Deployed } from "../rules/rule.js";
import { readProdSettings, type ProdInput } from "../settings.js";
import { allows, selects, type Pod } from "./evaluate.js";

interface Actor extends Pod {
  readonly title: string;
}

const PORTS = [4369, 5671, 5672, 5551, 6250, 7001, 8080, 9090, 9093, 9419, 15671, 15672, 15691, 15692, 25672, 35680, 443, 22];
const CLUSTER = {
  "app.kubernetes.io/name": "rabbitmq",
  "app.kubernetes.io/component": "rabbitmq",
  "app.kubernetes.io/part-of": "rabbitmq",
};

/** Everybody who might try: each kind of pods twice, those of operators, and strangers, some with labels that are right elsewhere. */
function actors(topologies: readonly Topology[], settings: ProdInput): Actor[] {
  const actor = (title: string, namespace: string, labels: Record<string, string> = {}): Actor => ({ title, namespace, labels });
  const services = topologies.flatMap(({ name, services: each = {} }) => Object.keys(each).map((key) => [name, key] as const));
  return [
    ...["broker", "broker"].map((title) => actor(title, "warren-broker", CLUSTER)),
    ...services.map(([topology, name]) => actor(`${topology}/${name}`, "warren-workers", serviceLabels(topology, name))),
    ...(settings.workers?.store ? [actor("store", "warren-workers", { "warren/part": "store" })] : []),
    actor("exporter", "warren-monitoring", { "warren/part": "exporter" }),
    actor("prometheus", "monitoring", { "app.kubernetes.io/name": "prometheus" }),
    actor("keda", "keda", { app: "keda-operator" }),
    actor("cluster operator", "rabbitmq-system", {
      "app.kubernetes.io/component": "rabbitmq-operator",
      "app.kubernetes.io/name": "rabbitmq-cluster-operator",
    }),
    actor("topology operator", "rabbitmq-system", { "app.kubernetes.io/name": "messaging-topology-operator" }),
    actor("dns", "kube-system", { "k8s-app": "kube-dns" }),
    actor("stranger in the broker's namespace", "warren-broker", { app: "stranger" }),
    actor("stranger among workers", "warren-workers", { app: "stranger" }),
    actor("stranger among the monitoring", "warren-monitoring"),
    actor("stranger", "default", { app: "stranger" }),
    actor("stranger in KEDA's namespace", "keda", { app: "other" }),
    actor("impostor of KEDA", "default", { app: "keda-operator" }),
    actor("impostor of Prometheus", "warren-workers", { "app.kubernetes.io/name": "prometheus" }),
    ...services.slice(0, 1).map(([topology, name]) => actor("impostor of a service", "default", serviceLabels(topology, name))),
  ];
}

const OURS = new Set(["warren-broker", "warren-workers", "warren-monitoring"]);
const owns = ({ namespaces }: ProdInput): boolean => namespaces?.create ?? true;

interface Wanting {
  readonly scaled: boolean;
  /** By the messaging topology operator. */
  readonly operated: boolean;
  /** Whether the namespaces are the stack's own: then they hold back strangers in them too, else only what the stack deploys. */
  readonly owned: boolean;
}

/** What has to be let through, told from the topologies and not from the flows. */
function needed(from: Actor, to: Actor, port: number, topologies: readonly Topology[], { scaled, operated, owned }: Wanting): boolean {
  const isService = (actor: Actor): boolean => actor.title.includes("/");
  const found = topologies.flatMap(({ name, services = {} }) =>
    Object.entries(services).map(([key, value]) => [`${name}/${key}`, value] as const),
  );
  const of = new Map<string, Service>(found);
  const manages = (actor: Actor): boolean => (of.get(actor.title)?.tags ?? []).some((tag) => tag !== "impersonator");
  const takes = (actor: Actor): boolean => {
    const { consumes = [], instances = {} } = of.get(actor.title) ?? {};
    const [system = ""] = actor.title.split("/");
    return system in systems && consumes.length + Object.keys(instances).length > 0;
  };
  const serves = (actor: Actor): boolean => actor.title === "cgcg/api" || (actor.title.startsWith("stage7/") && takes(actor));
  const system = (actor: Actor): string => actor.title.split("/")[0] ?? "";
  const isHeld = (actor: Actor): boolean =>
    owned ? OURS.has(actor.namespace) : ["broker", "store", "exporter"].includes(actor.title) || takes(actor);
  // It is not for these policies to say.
  if (!isHeld(from) && !isHeld(to)) return true;
  if (to.title === "broker") {
    if (from.title === "broker") return [4369, 25672, 6250, 35680].includes(port);
    if (isService(from)) return port === 5671 || (port === 15671 && manages(from));
    if (from.title === "keda") return port === 15671 && scaled;
    if (from.title === "cluster operator") return port === 15671;
    if (from.title === "topology operator") return port === 15671 && operated;
    if (from.title === "prometheus") return port === 15691;
    return from.title === "exporter" && [15671, 5671].includes(port);
  }
  if (to.title === "exporter") return from.title === "prometheus" && port === 9419;
  if (to.title === "store") return isService(from) && takes(from) && port === 7001;
  if (isService(to)) {
    if (from.title === "prometheus") return takes(to) && port === 9090;
    return serves(to) && port === 8080 && isService(from) && system(from) === system(to);
  }
  return false;
}

/** Every pair that is let through and should not be, or the other way round; the first, if that is enough. */
function wrongOf(policies: readonly KubernetesObject[], topologies: readonly Topology[], input: ProdInput, scaled: boolean, first = false) {
  const all = actors(topologies, input);
  const wrong: string[] = [];
  for (const port of PORTS)
    for (const from of all)
      for (const to of all) {
        const is = allows(policies, { from, to, port });
        if (is !== needed(from, to, port, topologies, { scaled, operated: input.provision === "operator", owned: owns(input) }))
          wrong.push(`${from.title} -> ${to.title}:${port} is ${is ? "let through" : "refused"}`);
        if (first && wrong.length > 0) return wrong;
      }
  return wrong;
}

function madeOf(topologies: readonly Topology[], input: ProdInput) {
  const objects = objectsOf(prod({ topologies }, readProdSettings(input)));
  const policies = objects.filter(({ kind }) => kind === "NetworkPolicy");
  return { objects, policies, scaled: objects.some(({ kind }) => kind === "TriggerAuthentication") };
}

function wrongPairs(topologies: readonly Topology[], input: ProdInput): string[] {
  const { policies, scaled } = madeOf(topologies, input);
  return wrongOf(policies, topologies, input, scaled);
}

const all = Object.values(systems);

describe("network policies", () => {
  it.each(Object.keys(systems))("of %s let through what its services need, and nothing else, tried pair by pair", (name) => {
    const topologies = [systems[name] as Topology];
    const inputs: readonly ProdInput[] = [{}, { workers: { store: true, load: 10 } }, { provision: "operator" }];
    for (const input of inputs) expect(wrongPairs(topologies, input)).toEqual([]);
    expect(actors(topologies, {}).length).toBeGreaterThan(14);
  });

  it.each(Object.keys(systems))("of %s in namespaces of others hold what the stack deploys to the same, and nobody else", (name) => {
    const namespaces = { create: false };
    const inputs: readonly ProdInput[] = [{ namespaces }, { namespaces, workers: { store: true } }, { namespaces, provision: "operator" }];
    for (const input of inputs) expect(wrongPairs([systems[name] as Topology], input)).toEqual([]);
  });

  it("of all five on one broker keep the systems apart", () => {
    expect(wrongPairs(all, { workers: { store: true } })).toEqual([]);
    expect(wrongPairs(all, { workers: { store: true }, namespaces: { create: false } })).toEqual([]);
  });

  it("of any installation let through what its services need, and nothing else", () => {
    fc.assert(
      fc.property(arbitraryInstallation(), ({ topologies }) => {
        expect(wrongPairs(topologies, {})).toEqual([]);
        expect(wrongPairs(topologies, { namespaces: { create: false } })).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it("select nobody whom the stack does not deploy where the namespaces are others', and each pod of its own, in and out", () => {
    const elsewhere = { namespace: "apps", labels: {} };
    const input: ProdInput = {
      namespaces: { monitoring: "monitoring", workers: "apps", create: false },
      workers: { store: true, load: 10 },
      // Of one that is deployed it says nothing.
      services: { contextiq: { webhook: { pods: elsewhere }, "memory-api": { pods: elsewhere } } },
    };
    const { objects, policies } = madeOf(all, input);
    type Isolation = { readonly podSelector: Parameters<typeof selects>[0]; readonly policyTypes: readonly string[] };
    const isolating = ({ namespace, labels }: Pod): string[] =>
      policies
        .filter(({ metadata, ["spec"]: spec }) => metadata.namespace === namespace && selects((spec as Isolation).podSelector, labels))
        .flatMap(({ ["spec"]: spec }) => (spec as Isolation).policyTypes);
    const podOf = ({ object, labels }: Pick<Deployed, "object" | "labels">): Pod => ({
      namespace: object.metadata.namespace ?? "",
      labels,
    });
    const pods = deployments({ objects, secrets: [], authorities: [] }).map(podOf);
    expect(pods.length).toBeGreaterThan(20);
    for (const pod of [...pods, { namespace: "warren-broker", labels: CLUSTER }])
      expect(new Set(isolating(pod)), JSON.stringify(pod)).toEqual(new Set(["Ingress", "Egress"]));
    for (const namespace of ["apps", "monitoring", "warren-broker"])
      expect([{}, { app: "stranger" }].flatMap((labels) => isolating({ namespace, labels }))).toEqual([]);
  });

  it("of which one is gone, or one rule is wider or narrower, are seen to be wrong", () => {
    const topologies = [systems["fo-analytics"] as Topology];
    const { policies, scaled } = madeOf(topologies, {});
    const isSeen = (changed: readonly KubernetesObject[]): boolean => wrongOf(changed, topologies, {}, scaled, true).length > 0;
    const unseen: string[] = [];
    for (const [at, policy] of policies.entries()) {
      if (!isSeen(policies.filter((_, index) => index !== at))) unseen.push(policy.metadata.name);
      const spec = policy["spec"] as { readonly [side: string]: readonly { readonly ports: readonly { readonly port: number }[] }[] };
      const changed = (side: string, rules: readonly object[]) =>
        policies.map((one, index) => (index === at ? { ...one, spec: { ...spec, [side]: rules } } : one));
      for (const side of ["ingress", "egress"])
        for (const [index, rule] of (spec[side] ?? []).entries()) {
          const others = (spec[side] ?? []).filter((_, other) => other !== index);
          // Names are looked up over port 53, which another test tries.
          if (rule.ports[0]?.port !== 53 && !isSeen(changed(side, others))) unseen.push(`${policy.metadata.name} without ${side} ${index}`);
          // To anybody: the other end refuses, unless it is nobody's.
          if (!isSeen(changed(side, [...others, { ports: rule.ports }])) && side === "ingress")
            unseen.push(`${policy.metadata.name}, ${side} ${index} for everybody`);
        }
    }
    expect(policies.length).toBeGreaterThan(5);
    expect(unseen).toEqual([]);
  });

  it("let pods look up names, but not the store", () => {
    const { policies } = madeOf(all, { workers: { store: true } });
    const dns = { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
    const asks = (from: Actor) => allows(policies, { from, to: dns, port: 53, protocol: "UDP" });
    const refused = actors(all, { workers: { store: true } })
      .filter((from) => OURS.has(from.namespace) && !asks(from))
      .map(({ title }) => title);
    expect(refused).toEqual([
      "store",
      "stranger in the broker's namespace",
      "stranger among workers",
      "stranger among the monitoring",
      "impostor of Prometheus",
    ]);
  });

  it("let pods look up names where the configuration says that they are answered, and nowhere else", () => {
    const usual = { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
    const openshift = { namespace: "openshift-dns", labels: { "dns.operator.openshift.io/daemonset-dns": "default" } };
    const cache = { ip: "169.254.20.10" };
    const ends = [usual, { ...usual, labels: {} }, openshift, cache, { ip: "169.254.20.11" }];
    const webhook = { namespace: "warren-workers", labels: serviceLabels("contextiq", "webhook") };
    const asked = (dns?: NonNullable<ProdInput["network"]>["dns"]): string[] => {
      const { policies } = madeOf([systems["contextiq"] as Topology], dns === undefined ? {} : { network: { dns } });
      return ends.flatMap((to, at) =>
        [53, 5353].flatMap((port) =>
          (["UDP", "TCP"] as const)
            .filter((protocol) => allows(policies, { from: webhook, to, port, protocol }))
            .map((protocol) => `${at}:${port} ${protocol}`),
        ),
      );
    };
    expect(asked()).toEqual(["0:53 UDP", "0:53 TCP"]);
    // As it was written when there was one, by namespace and labels.
    expect(asked({ namespace: "kube-system" })).toEqual(["0:53 UDP", "0:53 TCP", "1:53 UDP", "1:53 TCP"]);
    expect(asked({ ...openshift, ports: [5353] })).toEqual(["2:5353 UDP", "2:5353 TCP"]);
    expect(asked([usual, { cidr: "169.254.20.10/32" }])).toEqual(["0:53 UDP", "0:53 TCP", "3:53 UDP", "3:53 TCP"]);
  });

  it("let the exporter watch Prometheus at its pods' port, and go where else the configuration says", () => {
    const exporter = { namespace: "warren-monitoring", labels: { "warren/part": "exporter" } };
    const prometheus = { namespace: "monitoring", labels: { "app.kubernetes.io/name": "prometheus" } };
    const alertmanager = { namespace: "alerting", labels: { "app.kubernetes.io/name": "alertmanager" } };
    // A Service's port 80 leads to the pods' 9090, and only the pods' is looked at.
    const urls = { prometheusUrl: "http://prometheus-server.monitoring", alertmanagerUrl: "http://alertmanager.alerting:9093" };
    const reached = (monitoring: NonNullable<ProdInput["monitoring"]>): string[] => {
      const { policies } = madeOf([systems["contextiq"] as Topology], { monitoring });
      return [prometheus, alertmanager, { ...alertmanager, labels: {} }].flatMap((to) =>
        [80, 9090, 9093]
          .filter((port) => allows(policies, { from: exporter, to, port }))
          .map((port) => `${Object.values(to.labels)[0] ?? "stranger"}.${to.namespace}:${port}`),
      );
    };
    const ways = ["prometheus.monitoring:9090", "alertmanager.alerting:9093"];
    expect(reached({})).toEqual([]);
    expect(reached(urls)).not.toEqual(expect.arrayContaining(ways));
    expect(reached({ ...urls, prometheusUrl: "http://prometheus-server.monitoring:9090" })).toContain(ways[0]);
    const egress = [
      { ...prometheus, ports: [9090] },
      { ...alertmanager, ports: [9093] },
    ];
    expect(reached({ egress })).toEqual(ways);
    expect(reached({ ...urls, egress })).toEqual(expect.arrayContaining(ways));
  });

  it("let in whom the configuration names, and none without policies", () => {
    const topologies = [systems["contextiq"] as Topology];
    const provisioner = { namespace: "ci", labels: { app: "pulumi" } };
    const outside = { namespace: "apis", labels: { app: "sessions" } };
    const operator = { namespace: "openshift-operators", labels: { "app.kubernetes.io/name": "rabbitmq-cluster-operator" } };
    const { policies } = madeOf(topologies, {
      operators: { cluster: operator },
      network: {
        provisioners: [provisioner],
        clients: [{ namespace: "legacy", labels: {} }],
        brokerEgress: [{ cidr: "192.0.2.0/24", ports: [5671] }],
      },
      services: {
        contextiq: {
          "sessions-api": { pods: outside },
          webhook: { egress: [{ cidr: "0.0.0.0/0", except: ["10.0.0.0/8"], ports: [443] }] },
        },
      },
    });
    const broker = { namespace: "warren-broker", labels: CLUSTER };
    const webhook = { namespace: "warren-workers", labels: { "warren/topology": "contextiq", "warren/service": "webhook" } };
    const tries = [
      { from: provisioner, to: broker, port: 15671 },
      { from: provisioner, to: broker, port: 5671 },
      { from: { namespace: "legacy", labels: { app: "old" } }, to: broker, port: 5671 },
      { from: outside, to: broker, port: 5671 },
      { from: { ...outside, namespace: "warren-workers" }, to: broker, port: 5671 },
      { from: operator, to: broker, port: 15671 },
      { from: operator, to: broker, port: 5671 },
      { from: { ...operator, namespace: "rabbitmq-system" }, to: broker, port: 15671 },
      { from: broker, to: { ip: "192.0.2.7" }, port: 5671 },
      { from: broker, to: { ip: "192.0.3.7" }, port: 5671 },
      { from: webhook, to: { ip: "93.184.216.34" }, port: 443 },
      { from: webhook, to: { ip: "10.1.2.3" }, port: 443 },
    ];
    const isLetThrough = tries.map((each) => allows(policies, each));
    expect(isLetThrough).toEqual([true, false, true, true, false, true, false, false, true, false, true, false]);
    expect(madeOf(topologies, { network: { policies: false } }).policies).toEqual([]);
  });
});
