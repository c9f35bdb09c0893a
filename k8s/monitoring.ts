/** Monitoring for the Prometheus operator and Grafana: what to scrape, rules, dashboards, and the exporter; all of it from `monitoring/`. Pure. */
import { createHash } from "node:crypto";
import { exporterArguments } from "../exporter/words.js";
import { monitoring as derive, nameOf, type Monitoring } from "../monitoring/index.js";
import type { Topology } from "../topology/model.js";
import type { Installation } from "../topology/model.js";
import { topologyScript } from "../topology/script.js";
import { exporterPods } from "./network/flows.js";
import {
  brokerHost,
  brokerLabels,
  CA_CONFIG_MAP,
  CA_KEY,
  dnsName,
  EXPORTER,
  exporterSecret,
  LABELS,
  nodeHosts,
  OWN,
  PORTS,
  SECRET_KEYS,
} from "./names.js";
import type { KubernetesObject } from "./objects.js";
import { brokerFiles, budget, CA_FILE, deployment, PLACES } from "./pods.js";
import { withReplicas, type ServicePart } from "./services.js";
import type { ProdSettings } from "./settings.js";

const API = "monitoring.coreos.com/v1";
const TOPOLOGY_FILE = "topology.cjs";
const TOPOLOGY_MAP = "exporter-topology";
const EXPORTERS = 1;
/** By which Grafana's sidecar finds dashboards. */
export const DASHBOARD_LABEL = { grafana_dashboard: "1" } as const;

interface Parts {
  readonly installation: Installation;
  readonly services: readonly ServicePart[];
  readonly settings: ProdSettings;
}

/** The label `installation` of every series. */
export const installationName = (topologies: readonly Topology[]): string => nameOf(topologies);

function derived({ installation, services, settings }: Parts): Monitoring {
  const { cluster, namespaces, monitoring } = settings;
  const nodes = nodeHosts(cluster.name, namespaces.broker, cluster.nodes).map((host) => `${host}:${PORTS.prometheusTls}`);
  const topologies = withReplicas(installation.topologies, services);
  // A pod that does not run is no target: only by their number it is known that one is missing.
  const targets = {
    "warren-workers": services.reduce((sum, { deployed, replicas }) => sum + (deployed ? replicas.min : 0), 0),
    "warren-exporter": monitoring.exporter ? EXPORTERS : 0,
  };
  const { intervalSeconds: interval, runbooks } = monitoring;
  return derive({ ...installation, topologies }, { nodes, targets, interval, runbooks });
}

const metadata = (settings: ProdSettings, name: string, namespace: string, labels: Readonly<Record<string, string>> = {}) => ({
  name,
  namespace,
  labels: { ...OWN, ...settings.monitoring.labels, ...labels },
});

/** The labels by which rules and dashboards know a series: those that a scrape configuration would have set. */
const relabel = (job: string, installation: string): object[] => [
  { action: "replace", targetLabel: "job", replacement: job },
  { action: "replace", targetLabel: "installation", replacement: installation },
];

/** By node, with the broker's certificate checked for its Service: it is asked by address. */
function brokerMonitor({ families, installation, facts }: Monitoring, settings: ProdSettings): KubernetesObject {
  const { cluster, namespaces, monitoring } = settings;
  const common = {
    port: "prometheus-tls",
    scheme: "https",
    interval: `${monitoring.intervalSeconds}s`,
    tlsConfig: { ca: { configMap: { name: CA_CONFIG_MAP, key: CA_KEY } }, serverName: brokerHost(cluster.name, namespaces.broker) },
  };
  const vhost = [...new Set(facts.topologies.map((topology) => topology.vhost))];
  return {
    apiVersion: API,
    kind: "PodMonitor",
    metadata: metadata(settings, "broker", namespaces.broker),
    spec: {
      selector: { matchLabels: brokerLabels(cluster.name) },
      podMetricsEndpoints: [
        { ...common, path: "/metrics", relabelings: relabel("rabbitmq", installation) },
        {
          ...common,
          path: "/metrics/detailed",
          params: { family: families, vhost },
          relabelings: relabel("rabbitmq-detailed", installation),
        },
      ],
    },
  };
}

/** One for each port and path that workers have. */
function workerMonitors(services: readonly ServicePart[], { installation }: Monitoring, settings: ProdSettings): KubernetesObject[] {
  const paths = [...new Set(services.filter(({ deployed }) => deployed).map(({ settings: own }) => own.health.metrics))];
  return paths.map((path, index) => ({
    apiVersion: API,
    kind: "PodMonitor",
    metadata: metadata(settings, index === 0 ? "workers" : `workers-${index + 1}`, settings.namespaces.workers),
    spec: {
      selector: {
        matchLabels: { [LABELS.part]: "worker" },
        matchExpressions: [
          {
            key: LABELS.service,
            operator: "In",
            values: [
              ...new Set(
                services
                  .filter((part) => part.deployed && part.settings.health.metrics === path)
                  .map((part) => part.pods.labels[LABELS.service] ?? part.service),
              ),
            ],
          },
        ],
      },
      podMetricsEndpoints: [
        {
          port: "metrics",
          path,
          interval: `${settings.monitoring.intervalSeconds}s`,
          relabelings: relabel("warren-workers", installation),
        },
      ],
    },
  }));
}

const rule = ({ rules }: Monitoring, settings: ProdSettings): KubernetesObject => ({
  apiVersion: API,
  kind: "PrometheusRule",
  metadata: metadata(settings, "warren", settings.namespaces.monitoring),
  spec: rules,
});

/** One for each: together they may be too large for one object. */
const dashboards = ({ files }: Monitoring, settings: ProdSettings): KubernetesObject[] =>
  Object.entries(files).flatMap(([path, text]) => {
    const [, file] = /^dashboards\/(.+\.json)$/.exec(path) ?? [];
    if (file === undefined) return [];
    const name = dnsName("dashboard", file.replace(/\.json$/, ""));
    const { namespace, labels } = { namespace: settings.namespaces.monitoring, labels: { ...OWN, ...DASHBOARD_LABEL } };
    return [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data: { [file]: text } }];
  });

function exporter({ installation, settings }: Parts, { installation: name }: Monitoring): KubernetesObject[] {
  const { monitoring, cluster, namespaces, workers } = settings;
  const hosts = nodeHosts(cluster.name, namespaces.broker, cluster.nodes);
  const secret = exporterSecret(monitoring.exporterGeneration);
  const script = topologyScript(installation);
  const { labels } = exporterPods(settings);
  const pod = {
    ...{ name: EXPORTER, namespace: namespaces.monitoring, labels, image: workers.image, graceSeconds: 30, replicas: EXPORTERS },
    // It reads the script when it starts.
    annotations: { "warren/topology-hash": createHash("sha256").update(script).digest("hex").slice(0, 16) },
    args: exporterArguments({
      topology: `${PLACES.topology}/${TOPOLOGY_FILE}`,
      nodes: hosts.map((host) => `https://${host}:${PORTS.managementTls}`),
      certificates: hosts.flatMap((host) => [`amqps://${host}:${PORTS.amqps}`, `https://${host}:${PORTS.managementTls}`]),
      ...{ port: PORTS.exporter, intervalSeconds: monitoring.intervalSeconds, name },
      ...{ prometheus: monitoring.prometheusUrl, alertmanager: monitoring.alertmanagerUrl },
    }),
    env: [
      { name: "WARREN_BROKER_USERNAME", valueFrom: { secretKeyRef: { name: secret, key: SECRET_KEYS.username } } },
      { name: "WARREN_BROKER_PASSWORD_FILE", value: `${PLACES.credentials}/${SECRET_KEYS.password}` },
      { name: "WARREN_BROKER_CA_FILE", value: CA_FILE },
    ],
    ports: { metrics: PORTS.exporter },
    resources: monitoring.exporterResources,
    files: [...brokerFiles(secret), { name: "topology", mountPath: PLACES.topology, configMap: TOPOLOGY_MAP }],
    probes: { port: PORTS.exporter, live: "/health/live", ready: "/health/live" },
  };
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: TOPOLOGY_MAP, namespace: namespaces.monitoring, labels: { ...OWN } },
      data: { [TOPOLOGY_FILE]: script },
    },
    ...deployment(pod, settings),
    budget(pod),
    {
      apiVersion: API,
      kind: "PodMonitor",
      metadata: metadata(settings, EXPORTER, namespaces.monitoring),
      spec: {
        selector: { matchLabels: labels },
        podMetricsEndpoints: [
          { port: "metrics", path: "/metrics", interval: `${monitoring.intervalSeconds}s`, relabelings: relabel("warren-exporter", name) },
        ],
      },
    },
  ];
}

/** None where it is switched off. */
export function monitoring(parts: Parts): KubernetesObject[] {
  const { settings, services } = parts;
  if (!settings.monitoring.enabled) return [];
  const all = derived(parts);
  return [
    brokerMonitor(all, settings),
    ...workerMonitors(services, all, settings),
    rule(all, settings),
    ...dashboards(all, settings),
    ...(settings.monitoring.exporter ? exporter(parts, all) : []),
  ];
}
