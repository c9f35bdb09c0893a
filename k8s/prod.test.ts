// The stack of ContextIQ in production as its description has it, and what the settings change in it.
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- manifests are looked into as plain data */
import { describe, expect, it } from "vitest";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { certificateNames, dnsName, nodeHosts, serviceName } from "./names.js";
import type { KubernetesObject } from "./objects.js";
import { objectsOf, prod } from "./prod.js";
import { readProdSettings, type ProdInput } from "./settings.js";
import { settings as workerSettings } from "../workers/settings.js";

const made = (input: ProdInput = {}, name = "contextiq") =>
  prod({ topologies: [systems[name] as Topology] }, readProdSettings(input), { environment: "prod" });
const find = (objects: readonly KubernetesObject[], kind: string, name?: string) =>
  objects.find((object) => object.kind === kind && (name === undefined || object.metadata.name === name)) as any;
const of = (kind: string, name?: string, input: ProdInput = {}, system?: string) => find(objectsOf(made(input, system)), kind, name);
const WORKER = "contextiq-extraction-worker";

describe("ContextIQ in production", () => {
  it("is a cluster of three, with TLS alone, memory that is both asked for and the limit, and the plugins of its topology", () => {
    const { spec } = of("RabbitmqCluster");
    expect(spec).toMatchObject({
      replicas: 3,
      resources: { requests: { cpu: "1", memory: "4Gi" }, limits: { memory: "4Gi" } },
      tls: { secretName: "broker-tls", disableNonTLSListeners: true },
      persistence: { storage: "20Gi" },
      terminationGracePeriodSeconds: 3600,
    });
    expect(spec.rabbitmq.additionalPlugins).toBeUndefined();
    const streams: Topology = { name: "s", queues: { q: { type: "stream" } } };
    const [cluster] = prod({ topologies: [streams] }, readProdSettings({})).cluster.filter(({ kind }) => kind === "RabbitmqCluster");
    expect(cluster?.["spec"]).toMatchObject({ rabbitmq: { additionalPlugins: ["rabbitmq_stream", "rabbitmq_stream_management"] } });
  });

  it("scales from 2 to 20 by 70 % of CPU and by 100 messages a replica, ready or not, of its own queue and vhost", () => {
    const { spec } = of("ScaledObject", WORKER);
    expect(spec).toMatchObject({
      minReplicaCount: 2,
      maxReplicaCount: 20,
      fallback: { failureThreshold: 3, replicas: 2, behavior: "currentReplicasIfHigher" },
    });
    expect(spec.triggers).toEqual([
      {
        type: "rabbitmq",
        metricType: "AverageValue",
        metadata: {
          ...{ protocol: "http", host: "https://rabbitmq.warren-broker.svc:15671/", vhostName: "contextiq" },
          ...{ queueName: "extraction.requests", mode: "QueueLength", value: "100" },
        },
        authenticationRef: { name: "broker-depth-1" },
      },
      { type: "cpu", metricType: "Utilization", metadata: { value: "70" } },
    ]);
    expect(of("Deployment", WORKER).spec.replicas).toBeUndefined();
    expect(of("ScaledObject", "contextiq-event-handler").spec.triggers.map((trigger: never) => trigger["metadata"]["queueName"])).toEqual([
      "session.events",
      "memory.events",
    ]);
  });

  it("names the Secrets of its services, with their users, and holds none", () => {
    const { secrets, authorities, users, services } = made();
    expect(secrets.find(({ name }) => name === `${WORKER}-credentials-1`)).toEqual({
      ...{ name: `${WORKER}-credentials-1`, namespace: "warren-workers", user: "contextiq.extraction-worker", generation: 1, files: [] },
    });
    expect(secrets.map(({ user }) => user).slice(-2)).toEqual(["warren-autoscaler", "warren-exporter"]);
    expect(secrets.length).toBe(services.filter(({ deployed }) => deployed).length + 2);
    expect(authorities.map(({ namespace }) => namespace)).toEqual(["warren-broker", "warren-workers", "warren-monitoring"]);
    expect(users).toMatchObject({
      "warren-autoscaler": { tags: ["management"], vhosts: { contextiq: { permissions: { configure: "", write: "", read: "" } } } },
    });
    expect(services.filter(({ deployed }) => !deployed).map(({ service }) => service)).toEqual([
      "sessions-api",
      "memory-api",
      "dlq-handler",
    ]);
    expect(made({}, "cgcg").secrets[0]?.files).toEqual([{ key: "cgcg-api-keys.json", file: "CGCG_API_KEYS_FILE" }]);
  });

  it("makes the Secret of a service that others deploy beside its workers, and of none that is elsewhere", () => {
    const secrets = (own: object): string[] =>
      made({ services: { contextiq: { webhook: own, "memory-api": own } } })
        .secrets.map(({ name, namespace }) => `${namespace}/${name}`)
        .filter((name) => /webhook|memory-api/.test(name));
    const of = (service: string, generation: number) => `warren-workers/contextiq-${service}-credentials-${generation}`;
    expect(secrets({})).toEqual([of("webhook", 1)]);
    expect(secrets({ deploy: false, generation: 2 }).toSorted()).toEqual(
      ["memory-api", "webhook"].flatMap((service) => [of(service, 1), of(service, 2)]),
    );
    expect(secrets({ deploy: false, pods: { namespace: "apps" } })).toEqual([]);
  });

  it("changes a password by a Secret beside the old one, and restarts that service alone, some pods at a time", () => {
    const before = objectsOf(made());
    const after = objectsOf(made({ services: { contextiq: { "extraction-worker": { generation: 2 } } } }));
    const changed = after.filter((object, index) => JSON.stringify(object) !== JSON.stringify(before[index]));
    expect(changed.map(({ kind, metadata: { name } }) => `${kind} ${name}`)).toEqual([`Deployment ${WORKER}`]);
    expect(JSON.stringify(changed)).toContain(`${WORKER}-credentials-2`);
    expect(find(changed, "Deployment").spec.strategy.rollingUpdate).toEqual({ maxSurge: "25%", maxUnavailable: 0 });
  });

  it("has everything before what needs it: namespaces, policies, the broker, workers", () => {
    const kinds = objectsOf(made()).map(({ kind }) => kind);
    const order = ["Namespace", "NetworkPolicy", "Issuer", "RabbitmqCluster", "TriggerAuthentication", "Deployment", "PodMonitor"];
    const places = order.map((kind) => kinds.indexOf(kind));
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect(kinds.lastIndexOf("NetworkPolicy")).toBeLessThan(kinds.indexOf("RabbitmqCluster"));
  });

  it("is watched by the series and rules of monitoring/, by the names that these have", () => {
    const objects = objectsOf(made());
    const [metrics, detailed] = find(objects, "PodMonitor", "broker").spec.podMetricsEndpoints;
    const labelled = (endpoint: { relabelings: { targetLabel: string; replacement: string }[] }) =>
      Object.fromEntries(endpoint.relabelings.map(({ targetLabel, replacement }) => [targetLabel, replacement]));
    expect([labelled(metrics), labelled(detailed)]).toEqual([
      { job: "rabbitmq", installation: "contextiq" },
      { job: "rabbitmq-detailed", installation: "contextiq" },
    ]);
    expect(detailed.params).toMatchObject({ vhost: ["contextiq"], family: expect.arrayContaining(["queue_coarse_metrics"]) as unknown });
    expect(find(objects, "PrometheusRule").spec.groups.map(({ name }: { name: string }) => name)).toContain("warren-recording");
    const groups = find(objects, "PrometheusRule").spec.groups as {
      rules: { record?: string; expr: string; labels: { job?: string } }[];
    }[];
    const least = (job: string) =>
      groups.flatMap(({ rules }) => rules).find(({ record, labels }) => record === "warren_targets" && labels.job === job)?.expr;
    const workers = objects.filter(({ kind }) => kind === "ScaledObject") as any[];
    const pods = workers.reduce((sum, { spec }) => sum + Number(spec.minReplicaCount), 0);
    expect(pods).toBeGreaterThan(1);
    expect(["rabbitmq", "rabbitmq-detailed", "warren-workers", "warren-exporter"].map(least)).toEqual(
      [find(objects, "RabbitmqCluster").spec.replicas, 3, pods, 1].map((count) => `vector(${count})`),
    );
    const dashboards = objects.filter(({ metadata }) => metadata.labels?.["grafana_dashboard"] === "1");
    expect(dashboards.length).toBeGreaterThan(0);
    expect(find(objects, "Deployment", "exporter").spec.template.spec.containers[0].args.slice(0, 3)).toEqual([
      "exporter",
      "/run/warren/topology/topology.cjs",
      "--broker",
    ]);
  });
});

describe("settings", () => {
  it("choose another autoscaler, or none, or none for one service", () => {
    const hpa = of("HorizontalPodAutoscaler", WORKER, { autoscaling: { kind: "hpa", queueMetric: "rabbitmq_queue_depth" } });
    expect(hpa.spec.metrics.map(({ type }: { type: string }) => type)).toEqual(["External", "Resource"]);
    // Of the topology's 2 to 20, what its load asks for at its busiest.
    expect(of("Deployment", WORKER, { autoscaling: { kind: "none" } }).spec.replicas).toBe(20);
    expect(of("Deployment", WORKER, { autoscaling: { kind: "none", sizing: "topology" } }).spec.replicas).toBe(2);
    const one = objectsOf(made({ services: { contextiq: { "extraction-worker": { autoscaling: "none" } } } }));
    expect(find(one, "ScaledObject", WORKER)).toBeUndefined();
    expect(find(one, "ScaledObject", "contextiq-consolidation-worker")).toBeDefined();
  });

  it("let a service go to zero only where that is said", () => {
    const services = { contextiq: { webhook: { replicas: { min: 0, max: 4 } } } };
    expect(of("ScaledObject", "contextiq-webhook", { services }).spec.minReplicaCount).toBe(1);
    expect(of("ScaledObject", "contextiq-webhook", { services, autoscaling: { scaleToZero: true } }).spec.minReplicaCount).toBe(0);
  });

  it("give an application of one's own its image, its variables and its credentials as it reads them", () => {
    const own: Topology = {
      name: "shop",
      queues: { orders: { type: "quorum" } },
      services: { packer: { consumes: ["orders"] }, web: { publishes: [] } },
    };
    const settings = {
      services: { shop: { packer: { image: "shop/packer:7", env: { MODE: "fast" }, credentials: "env" as const, handlerSeconds: 600 } } },
    };
    const objects = objectsOf(prod({ topologies: [own] }, readProdSettings(settings)));
    const { spec } = find(objects, "Deployment", "shop-packer").spec.template;
    expect(spec.terminationGracePeriodSeconds).toBe(645);
    const [container] = spec.containers;
    expect(container).toMatchObject({ image: "shop/packer:7" });
    expect(container.args).toBeUndefined();
    expect(container.env).toEqual(
      expect.arrayContaining([
        { name: "MODE", value: "fast" },
        { name: "RABBITMQ_PASSWORD", valueFrom: { secretKeyRef: { name: "shop-packer-credentials-1", key: "password" } } },
      ]),
    );
    expect(find(objectsOf(prod({ topologies: [own] }, readProdSettings({}))), "Deployment", "shop-packer")).toBeUndefined();
  });

  it("let the slowest handler that can be said come to its end", () => {
    const slow = { workers: { drainSeconds: 3600 }, services: { contextiq: { webhook: { handlerSeconds: 86_400 } } } };
    const { spec } = of("Deployment", "contextiq-webhook", slow).spec.template;
    const drain = spec.containers[0].env.find(({ name }: { name: string }) => name === "WARREN_DRAIN_DEADLINE").value;
    expect(workerSettings({ RABBITMQ_URL: "amqp://localhost", WARREN_DRAIN_DEADLINE: drain }).drainDeadline).toBe(90_000_000);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(90_000);
  });

  it("win over what the topology says, and over computed numbers, in the Deployment and in its autoscaler", () => {
    const look = (name: string, input: ProdInput = {}) => {
      const objects = objectsOf(made(input));
      const [container] = find(objects, "Deployment", name).spec.template.spec.containers;
      const { minReplicaCount, maxReplicaCount, triggers } = find(objects, "ScaledObject", name).spec;
      const env = (key: string) => container.env.find(({ name: each }: { name: string }) => each === key)?.value;
      const values = triggers.map(({ metadata }: { metadata: { value: string } }) => metadata.value);
      return [minReplicaCount, maxReplicaCount, ...values, env("RABBITMQ_DEFAULT_PREFETCH_COUNT"), env("WARREN_CONCURRENCY")];
    };
    expect(look(WORKER)).toEqual([2, 20, "100", "70", "10", "10"]);
    expect(look("contextiq-result-handler")).toEqual([2, 4, "417", "208", "8", "5"]);
    const own = { replicas: { min: 4, max: 5, perReplica: 9 }, prefetch: 8, concurrency: 3 };
    expect(look(WORKER, { services: { contextiq: { "extraction-worker": own } } })).toEqual([4, 5, "9", "8", "3"]);
    expect(look("contextiq-result-handler", { autoscaling: { sizing: "topology" } })).toEqual([2, 10, "100", "100", undefined, undefined]);
    const hpa = find(
      objectsOf(made({ autoscaling: { kind: "hpa", queueMetric: "depth" } })),
      "HorizontalPodAutoscaler",
      "contextiq-result-handler",
    );
    expect(hpa.spec.metrics.map((metric: any) => metric.external.target.averageValue)).toEqual(["417", "208"]);
  });

  it("change what the alerts promise", () => {
    const rules = (input: ProdInput) => JSON.stringify(of("PrometheusRule", undefined, input));
    expect(rules({})).toBe(rules({ services: { contextiq: { webhook: { replicas: { min: 2, max: 9 } } } } }));
    expect(rules({})).not.toBe(rules({ services: { contextiq: { webhook: { replicas: { min: 3, max: 9 } } } } }));
  });

  it("of the systems hold where nothing else is said, key by key", () => {
    expect(of("Service", "cgcg-api", {}, "cgcg")).toBeDefined();
    expect(of("Deployment", "cgcg-api", { services: { cgcg: { api: { generation: 3 } } } }, "cgcg").spec).toMatchObject({ replicas: 1 });
    expect(of("Service", "cgcg-api", { services: { cgcg: { api: { generation: 3 } } } }, "cgcg")).toBeDefined();
    const [host] = of("Deployment", "stage7-brain", {}, "stage7").spec.template.spec.containers[0].env.filter(
      ({ name }: { name: string }) => name === "WARREN_API_HOST",
    );
    expect(host.valueFrom).toEqual({ fieldRef: { fieldPath: "status.podIP" } });
  });

  it("are texts also where Pulumi made numbers of them", () => {
    const { cluster, services } = readProdSettings({
      cluster: { resources: { cpu: 2 }, storage: { size: 0 } },
      services: { contextiq: { webhook: { env: { RETRIES: 3, QUIET: true } } } },
    });
    expect([cluster.resources.cpu, cluster.storage.size]).toEqual(["2", "0"]);
    expect(services["contextiq"]?.["webhook"]?.env).toEqual({ RETRIES: "3", QUIET: "true" });
  });

  it("of services that are not there are refused, with the name that is meant", () => {
    const services = { contextiq: { "extraction-workers": { prefetch: 5 }, "extraction-worker": { prefetch: 5 } }, shopp: { packer: {} } };
    expect(() => made({ services })).toThrow(
      /^warren:kubernetes\.services\.contextiq\["extraction-workers"\]: no such service; did you mean "extraction-worker"\?\nwarren:kubernetes\.services\.shopp: no such topology; there are: contextiq\n/,
    );
    // Of the other reference systems, and of one's own that is called as they are.
    expect(() => made({ services: { debias: { "neo4j-worker": {} } } })).not.toThrow();
    const own: Topology = { name: "contextiq", services: { mine: { publishes: [] } } };
    expect(() => prod({ topologies: [own] }, readProdSettings({ services: { contextiq: { mine: { generation: 2 } } } }))).not.toThrow();
    expect(() => prod({ topologies: [own] }, readProdSettings({ services: { contextiq: { other: {} } } }))).toThrow(
      /no such service; there are: mine/,
    );
  });

  it("name each end of the network by pods or by addresses", () => {
    const read = (network: unknown) => () => readProdSettings({ network });
    expect(read({ dns: { ports: [5353] } })).toThrow("warren:kubernetes.network.dns[0]: names nobody: a namespace of pods, or a cidr");
    expect(read({ dns: [{ namespace: "a" }, { cidr: "10.0.0.1" }] })).toThrow("network.dns[1].cidr: addresses as a block");
    expect(read({ dns: [] })).toThrow("warren:kubernetes.network.dns: ");
    expect(read({ dns: "kube-system" })).toThrow("warren:kubernetes.network.dns[0]: ");
    expect(read({ brokerEgress: [{ labels: { app: "x" }, cidr: "::/0", ports: [1] }] })).toThrow("labels are of pods in a namespace");
    expect(read({ brokerEgress: [{ namespace: "a", except: ["10.0.0.0/8"], ports: [1] }] })).toThrow("except is of a cidr");
    expect(read({ brokerEgress: [{ namespace: "a" }] })).toThrow("brokerEgress[0].ports: ");
  });

  it("of how many there are at least and at most are refused where the one is more than the other", () => {
    const said = (min: number, max: number) => ({ services: { contextiq: { webhook: { replicas: { min, max } } } } });
    expect(() => made(said(5, 2))).toThrow("warren:kubernetes.services.contextiq.webhook.replicas: min 5 is more than max 2");
    expect(() => made(said(2, 2))).not.toThrow();
    // The other one is the default.
    expect(() => made({ autoscaling: { max: 1 } })).toThrow("warren:kubernetes.autoscaling: min 2 is more than max 1");
  });

  it("that are wrong are all told at once, each with its place", () => {
    const read = () =>
      readProdSettings({
        cluster: { nodes: 2, resources: { memory: "lots" } },
        services: { contextiq: { webhook: { nope: 1 } }, shop: 3 },
        foo: 1,
      });
    expect(read).toThrow("warren:kubernetes.cluster.nodes: ");
    expect(read).toThrow("warren:kubernetes.cluster.resources.memory: bytes as Kubernetes writes them");
    expect(read).toThrow('warren:kubernetes.services.contextiq.webhook: Unrecognized key: "nope"');
    expect(read).toThrow("warren:kubernetes.services.shop: ");
    expect(read).toThrow('warren:kubernetes: Unrecognized key: "foo"');
    expect(() => readProdSettings("yes")).toThrow("warren:kubernetes: ");
  });
});

describe("names", () => {
  it("are those of RFC 1123, at most 63 long, and different for different texts", () => {
    expect(serviceName("contextiq", "extraction-worker")).toBe(WORKER);
    const odd = [
      dnsName("a_b"),
      dnsName("a.b"),
      dnsName("A-b"),
      dnsName("x".repeat(80)),
      dnsName("x".repeat(81)),
      dnsName("ü"),
      dnsName(""),
    ];
    for (const name of odd) expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    expect(new Set(odd).size).toBe(odd.length);
  });

  it("of nodes are in the certificate", () => {
    const names = certificateNames("rabbitmq", "b");
    for (const host of nodeHosts("rabbitmq", "b", 3)) expect(names).toContain(host.replace(/^[^.]+/, "*"));
  });
});
