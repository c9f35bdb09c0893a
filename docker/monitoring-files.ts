/** What the containers of the monitoring start with: where things are in the stack's network, Alertmanager's and Grafana's files, the exporter's words. Pure. */
import { stringify } from "yaml";
import { exporterArguments } from "../exporter/words.js";
import { INSIDE, managementInside, nodeNames, type Listeners } from "./nodes.js";

export interface MonitoringPorts {
  readonly prometheus: number;
  readonly alertmanager: number;
  readonly grafana: number;
}

/** The tools' own. */
export const MONITORING_PORTS: MonitoringPorts = { prometheus: 9090, alertmanager: 9093, grafana: 3000 };

/** In the stack's network. */
export const EXPORTER_PORT = 9419;
export const PROMETHEUS = "prometheus";
export const ALERTMANAGER = "alertmanager";
export const EXPORTER = "exporter";
export const GRAFANA = "grafana";

/** Of the exporter: uploaded into its container. */
export const EXPORTER_FILES = { topology: "/run/warren/topology.cjs", password: "/run/warren/password", ca: "/run/warren/ca.pem" } as const;

export { topologyScript } from "../topology/script.js";

/** What Prometheus scrapes of the broker, and where it sends alerts. Metrics are plain in the stack's network, with TLS too. */
export const targetsOf = (
  nodes: number,
): { readonly nodes: string[]; readonly exporters: readonly string[]; readonly alertmanagers: readonly string[] } => ({
  nodes: nodeNames(nodes).map((node) => `${node}:${INSIDE.metrics}`),
  exporters: [`${EXPORTER}:${EXPORTER_PORT}`],
  alertmanagers: [`${ALERTMANAGER}:${MONITORING_PORTS.alertmanager}`],
});

/** Every node is asked, with TLS every certificate watched, and Prometheus itself. */
export function exporterWords(nodes: number, listeners: Listeners, intervalSeconds: number, name: string): string[] {
  const hosts = nodeNames(nodes);
  return exporterArguments({
    topology: EXPORTER_FILES.topology,
    nodes: hosts.map((host) => managementInside(host, listeners)),
    certificates: listeners.tls ? hosts.flatMap((host) => [`amqps://${host}:${INSIDE.amqps}`, `https://${host}:${INSIDE.https}`]) : [],
    ...{ port: EXPORTER_PORT, intervalSeconds, name },
    prometheus: `http://${PROMETHEUS}:${MONITORING_PORTS.prometheus}`,
    alertmanager: `http://${ALERTMANAGER}:${MONITORING_PORTS.alertmanager}`,
  });
}

/** Grafana's files, by path: the stack's Prometheus as its only source, and the dashboards, by file name. */
export function grafanaFiles(dashboards: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const folder = "/etc/grafana/warren";
  const source = { name: "Prometheus", type: "prometheus", access: "proxy", url: `http://${PROMETHEUS}:${MONITORING_PORTS.prometheus}` };
  const provider = { name: "warren", folder: "Warren", type: "file", options: { path: folder } };
  return {
    "/etc/grafana/provisioning/datasources/warren.yml": stringify({ apiVersion: 1, datasources: [{ ...source, isDefault: true }] }),
    "/etc/grafana/provisioning/dashboards/warren.yml": stringify({ apiVersion: 1, providers: [provider] }),
    ...Object.fromEntries(Object.entries(dashboards).map(([name, text]) => [`${folder}/${name}`, text])),
  };
}
