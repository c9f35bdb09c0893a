/** How things are called in the cluster: the names, labels, ports and addresses on which all builders agree. Pure. */
import { createHash } from "node:crypto";

/** The longest name of a label's value, of a Service, and of what pods are called after. */
const LONGEST = 63;

/** What may stand in a name of Kubernetes (RFC 1123 label); cut off and hashed where the text was longer or had other characters. */
export function dnsName(...parts: readonly string[]): string {
  const text = parts.join("-");
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (plain === text && plain.length <= LONGEST && plain !== "") return plain;
  const hash = createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 8);
  return `${plain.slice(0, LONGEST - 9).replace(/-+$/, "") || "x"}-${hash}`;
}

/** The Deployment, ServiceAccount, autoscaler, ... of a service. */
export const serviceName = (topology: string, service: string): string => dnsName(topology, service);

/** The Secret of a service's user: a new generation is a new Secret beside the old one. Keys: SECRET_KEYS, and the service's files. */
export const serviceSecret = (topology: string, service: string, generation: number): string =>
  dnsName(serviceName(topology, service), "credentials", String(generation));

/** Of the autoscaler's user and of the exporter's. Keys: SECRET_KEYS. */
export const autoscalerSecret = (generation: number): string => `autoscaler-credentials-${generation}`;
export const exporterSecret = (generation: number): string => `exporter-credentials-${generation}`;

export const SECRET_KEYS = { username: "username", password: "password" } as const;

/** RabbitMQ users of the installation's own: they look, and consume nothing. */
export const AUTOSCALER_USER = "warren-autoscaler";
export const EXPORTER_USER = "warren-exporter";

/** A ConfigMap in each namespace that talks to the broker: the authorities that vouch for it, PEM. */
export const CA_CONFIG_MAP = "broker-ca";
export const CA_KEY = "ca.crt";
/** A ConfigMap of the autoscaler alone. */
export const AUTOSCALER_TLS = "autoscaler-tls";

/** The part that looks where the broker exports nothing. */
export const EXPORTER = "exporter";

export const PORTS = {
  ...{ amqp: 5672, amqps: 5671, management: 15672, managementTls: 15671, prometheus: 15692, prometheusTls: 15691 },
  ...{ streams: 5551, epmd: 4369, distribution: 25672 },
  /** Health and metrics of workers, of the exporter, the HTTP API of reference services, the reference store. */
  ...{ worker: 9090, exporter: 9419, api: 8080, store: 7001 },
} as const;

/** Who an object belongs to, for selectors and policies: `warren/topology`, `warren/service`, `warren/part`. */
export const LABELS = {
  managedBy: "app.kubernetes.io/managed-by",
  name: "app.kubernetes.io/name",
  partOf: "app.kubernetes.io/part-of",
  component: "app.kubernetes.io/component",
  topology: "warren/topology",
  service: "warren/service",
  part: "warren/part",
} as const;

/** Of everything that Warren makes. */
export const OWN = { [LABELS.managedBy]: "warren" } as const;

/** The pods of a service, also of one that others deploy. */
export const serviceLabels = (topology: string, service: string): Record<string, string> => ({
  [LABELS.topology]: labelValue(topology),
  [LABELS.service]: labelValue(service),
});

/** What may be a label's value. */
export const labelValue = (text: string): string => (/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(text) ? text : dnsName(text));

/** The cluster operator's labels of a broker's pods (source: its `internal/metadata`). */
export const brokerLabels = (cluster: string): Record<string, string> => ({
  [LABELS.name]: cluster,
  [LABELS.component]: "rabbitmq",
  [LABELS.partOf]: "rabbitmq",
});

/** The same, as the API takes them. */
export const brokerSelector = (cluster: string): string =>
  Object.entries(brokerLabels(cluster))
    .map(([name, value]) => `${name}=${value}`)
    .join(",");

/** Names that the cluster operator gives (source: its `internal/resource`). */
export const brokerNames = (cluster: string) =>
  ({ statefulSet: `${cluster}-server`, nodesService: `${cluster}-nodes`, defaultUser: `${cluster}-default-user` }) as const;

/** The broker's Service in the cluster. */
export const brokerHost = (cluster: string, namespace: string): string => `${cluster}.${namespace}.svc`;

/** Of each node, by which clients and the exporter can ask for one in particular. */
export const nodeHosts = (cluster: string, namespace: string, nodes: number): string[] =>
  Array.from({ length: nodes }, (_, index) => `${cluster}-server-${index}.${cluster}-nodes.${namespace}.svc`);

/** Every name that the broker's certificate has to have; `localhost` for a port-forward. */
export const certificateNames = (cluster: string, namespace: string): string[] => {
  const of = (name: string): string[] => ["", ".svc", ".svc.cluster.local"].map((domain) => `${name}.${namespace}${domain}`);
  return ["localhost", cluster, ...of(cluster), ...of(`${cluster}-nodes`), ...of(`*.${cluster}-nodes`)];
};
