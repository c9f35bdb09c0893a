/** Who has to reach whom, on which ports: what the topology's services and the stack's parts need, and nothing else. Pure. */
import { brokerLabels, EXPORTER, PORTS, serviceLabels } from "../names.js";
import { asksForDepth, partLabels, type ServicePart } from "../services.js";
import type { Egress, Peer, ProdSettings } from "../settings.js";
import { loadServices, STORE } from "../workers.js";

export interface Port {
  readonly port: number;
  /** Up to this one. */
  readonly endPort?: number;
  /** @default "TCP" */
  readonly protocol?: "TCP" | "UDP";
}

/** One end: pods of a namespace, all of them without labels; or what is outside. */
export type End = Peer | { readonly cidr: string; readonly except?: readonly string[] | undefined };

/** A connection that is opened from one side. */
export interface Flow {
  readonly why: string;
  readonly from: End;
  readonly to: End;
  readonly ports: readonly Port[];
}

const tcp = (...ports: readonly number[]): Port[] => ports.map((port) => ({ port }));

/** epmd, the distribution, replication of streams, the command line tools (source: networking guide). */
export const PEER_PORTS: readonly Port[] = [
  ...tcp(PORTS.epmd, PORTS.distribution),
  { port: 6000, endPort: 6500 },
  { port: 35_672, endPort: 35_682 },
];

/** Ends that an entry of the configuration names. */
function endsOf({ namespace, labels = {}, cidr, except }: Egress): End[] {
  return [...(namespace === undefined ? [] : [{ namespace, labels }]), ...(cidr === undefined ? [] : [{ cidr, except }])];
}

/** Port of an address, as it is written or as its scheme has it. */
const portOf = (url: string): number => {
  const { port, protocol } = new URL(url);
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
};

/** Pods whose policies are the installation's own; those of operators and others are not. */
export interface Parts {
  readonly services: readonly ServicePart[];
  readonly settings: ProdSettings;
}

export const brokerPods = ({ cluster, namespaces }: ProdSettings): Peer => ({
  namespace: namespaces.broker,
  labels: brokerLabels(cluster.name),
});
export const exporterPods = ({ namespaces }: ProdSettings): Peer => ({ namespace: namespaces.monitoring, labels: partLabels(EXPORTER) });
export const storePods = ({ namespaces }: ProdSettings): Peer => ({ namespace: namespaces.workers, labels: partLabels(STORE) });
/** As the workers' namespace has them, also where the service's own pods are elsewhere. */
export const loadPods = (
  { namespaces }: ProdSettings,
  { system, service }: { readonly system: string; readonly service: string },
): Peer => ({
  namespace: namespaces.workers,
  labels: serviceLabels(system, service),
});

function brokerFlows({ services, settings }: Parts): Flow[] {
  const { operators, network, monitoring } = settings;
  const to = brokerPods(settings);
  const into = (why: string, from: End, ...ports: readonly number[]): Flow => ({ why, from, to, ports: tcp(...ports) });
  const loads = loadServices(services, settings).map((load) => loadPods(settings, load));
  return [
    { why: "nodes of the broker are one cluster", from: to, to, ports: PEER_PORTS },
    ...services.map(({ pods, management, topology, service }) =>
      into(`${topology.name}'s ${service} publishes and consumes`, pods, PORTS.amqps, ...(management ? [PORTS.managementTls] : [])),
    ),
    ...loads.map((pods) => into("the load publishes", pods, PORTS.amqps)),
    ...network.clients.map((pods) => into("configured: network.clients", pods, PORTS.amqps)),
    ...network.provisioners.map((pods) => into("configured: network.provisioners", pods, PORTS.managementTls)),
    // Without an answer from every node it waits for minutes each time that it reconciles (source: its `checkQuorumStatus`).
    into("the cluster operator asks each node for its quorums", operators.cluster, PORTS.managementTls),
    ...(settings.provision === "operator"
      ? [into("the messaging topology operator provisions", operators.topology, PORTS.managementTls)]
      : []),
    ...(asksForDepth(services, settings) ? [into("KEDA asks for the depth of queues", operators.keda, PORTS.managementTls)] : []),
    ...(monitoring.enabled ? [into("Prometheus scrapes", operators.prometheus, PORTS.prometheusTls)] : []),
    ...(monitoring.enabled && monitoring.exporter
      ? [into("the exporter looks, and copies dead letters", exporterPods(settings), PORTS.managementTls, PORTS.amqps)]
      : []),
    ...network.brokerEgress.flatMap((egress) =>
      endsOf(egress).map((end): Flow => ({ why: "configured: network.brokerEgress", from: to, to: end, ports: tcp(...egress.ports) })),
    ),
  ];
}

function serviceFlows({ services, settings }: Parts): Flow[] {
  const { operators, monitoring, workers } = settings;
  return services.flatMap((part): Flow[] => {
    const { pods, deployed, start, settings: own, topology, service } = part;
    const title = `${topology.name}'s ${service}`;
    const others = services.filter((other) => other.topology === topology);
    return [
      ...(deployed && monitoring.enabled
        ? [{ why: `Prometheus scrapes ${title}`, from: operators.prometheus, to: pods, ports: tcp(own.health.port) }]
        : []),
      ...(deployed && start && workers.store
        ? [{ why: `${title} stores`, from: pods, to: storePods(settings), ports: tcp(PORTS.store) }]
        : []),
      ...(own.port === undefined
        ? []
        : [...others.map((other) => other.pods), ...own.ingress].map((from) => ({
            why: `${title} serves`,
            from,
            to: pods,
            ports: tcp(own.port ?? 0),
          }))),
      ...own.egress.flatMap((egress) =>
        endsOf(egress).map((to): Flow => ({ why: `configured: egress of ${title}`, from: pods, to, ports: tcp(...egress.ports) })),
      ),
    ];
  });
}

function monitoringFlows({ settings }: Parts): Flow[] {
  const { operators, monitoring } = settings;
  if (!monitoring.enabled || !monitoring.exporter) return [];
  const exporter = exporterPods(settings);
  const { prometheusUrl, alertmanagerUrl } = monitoring;
  const watched = prometheusUrl === undefined || alertmanagerUrl === undefined ? [] : [portOf(prometheusUrl), portOf(alertmanagerUrl)];
  return [
    { why: "Prometheus scrapes the exporter", from: operators.prometheus, to: exporter, ports: tcp(PORTS.exporter) },
    ...(watched.length > 0
      ? [
          {
            why: "the exporter watches Prometheus, and tells Alertmanager",
            from: exporter,
            to: { namespace: operators.prometheus.namespace, labels: {} },
            ports: tcp(...new Set(watched)),
          },
        ]
      : []),
    ...monitoring.egress.flatMap((egress) =>
      endsOf(egress).map((to): Flow => ({ why: "configured: monitoring.egress", from: exporter, to, ports: tcp(...egress.ports) })),
    ),
  ];
}

/** The pods that the installation answers for: each has a policy of its own. In a namespace of others these are those that it deploys. */
export function ownPods({ services, settings }: Parts): Peer[] {
  const { namespaces, monitoring, workers } = settings;
  const inside = new Set([namespaces.broker, namespaces.workers, namespaces.monitoring]);
  return distinct([
    brokerPods(settings),
    ...services.filter(({ deployed }) => deployed || namespaces.create).map(({ pods }) => pods),
    ...loadServices(services, settings).map((load) => loadPods(settings, load)),
    ...(workers.store ? [storePods(settings)] : []),
    ...(monitoring.enabled && monitoring.exporter ? [exporterPods(settings)] : []),
  ]).filter(({ namespace }) => inside.has(namespace));
}

const lookups = (from: End, { network }: ProdSettings): Flow[] =>
  network.dns.flatMap((resolver) => {
    const ports = resolver.ports.flatMap((port): Port[] => [
      { port, protocol: "UDP" },
      { port, protocol: "TCP" },
    ]);
    return endsOf(resolver).map((to): Flow => ({ why: "names are looked up", from, to, ports }));
  });

/** Everything that has to be let through. What does not stand here is not. */
export function flows(parts: Parts): Flow[] {
  const needed = [...brokerFlows(parts), ...serviceFlows(parts), ...monitoringFlows(parts)];
  // The store answers, and asks for nothing.
  const asking = ownPods(parts).filter((pods) => !same(pods, storePods(parts.settings)));
  return [...needed, ...asking.flatMap((from) => lookups(from, parts.settings))];
}

export const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
