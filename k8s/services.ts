/** The services of an installation as Kubernetes sees them: what each is called, who its pods are, what it may reach, how many there are. Pure. */
import type { Replicas, Topology } from "../topology/model.js";
import { startOf, takes, type Start } from "../workers/reference/jobs.js";
import { LABELS, labelValue, serviceLabels, serviceName, serviceSecret, userOf } from "./names.js";
import { defined } from "./objects.js";
import { serviceSettings, type Peer, type ProdSettings, type ServiceSettings } from "./settings.js";

export interface ServicePart {
  readonly topology: Topology;
  readonly vhost: string;
  /** In the topology. */
  readonly service: string;
  /** Of its objects. */
  readonly name: string;
  /** In RabbitMQ. */
  readonly user: string;
  readonly settings: ServiceSettings;
  /** Where it runs, and the labels by which the broker lets it in. */
  readonly pods: Peer;
  /** How a reference service starts; none for an application of one's own. */
  readonly start: Start | undefined;
  /** Whether the stack deploys it; else others do. */
  readonly deployed: boolean;
  /** Whether its user may ask the management API. */
  readonly management: boolean;
  /** Consumed queues whose depth says how much there is to do. */
  readonly queues: readonly string[];
  readonly replicas: Replicas;
  /** Unacknowledged deliveries of a consumer; none: the worker's own. */
  readonly prefetch: number | undefined;
  /** Name of the Secret of its credentials. */
  readonly secret: string;
}

/** Computed numbers, by topology and service, as `warren size` has them. */
export type Sizing = Readonly<Record<string, Readonly<Record<string, Sized>>>>;

export interface Sized {
  readonly replicas: { readonly min: number; readonly max: number };
  readonly perReplica?: number;
  readonly cpu?: number;
  readonly prefetch?: number;
}

/** In the order of the topologies, with the sizes that they have. */
export const servicesOf = (topologies: readonly Topology[], settings: ProdSettings, sizing: Sizing = {}): ServicePart[] =>
  topologies.flatMap((topology) =>
    Object.keys(topology.services ?? {}).map((service) => partOf(topology, service, settings, sizing[topology.name]?.[service])),
  );

function partOf(topology: Topology, service: string, settings: ProdSettings, sized: Sized | undefined): ServicePart {
  const own = serviceSettings(settings, topology.name, service);
  const { consumes = [], tags = [] } = topology.services?.[service] ?? {};
  const start = startOf(topology.name, service);
  return {
    ...{ topology, service, settings: own, start, user: userOf(topology, service) },
    vhost: topology.vhost?.name ?? topology.name,
    name: serviceName(topology.name, service),
    pods: own.pods ?? { namespace: settings.namespaces.workers, labels: serviceLabels(topology.name, service) },
    deployed: settings.workers.deploy && own.deploy && takes(topology, service) && (own.image !== undefined || start !== undefined),
    management: tags.some((tag) => ["management", "monitoring", "policymaker", "administrator"].includes(tag)),
    // How far readers of a stream are behind, its length does not tell.
    queues: consumes.filter((queue) => ["quorum", "classic"].includes(topology.queues?.[queue]?.type ?? "")),
    replicas: replicasOf(topology.services?.[service]?.replicas, own, settings, sized),
    prefetch: own.prefetch ?? sized?.prefetch,
    secret: serviceSecret(topology.name, service, own.generation),
  };
}

/** What is configured, else what is computed, else what the topology says, else the defaults; never none where that was not asked for. */
function replicasOf(
  promised: Replicas | undefined,
  own: ServiceSettings,
  { autoscaling }: ProdSettings,
  sized: Sized | undefined,
): Replicas {
  const { replicas, ...load } = sized ?? {};
  const said: Replicas | undefined =
    (own.replicas && defined(own.replicas)) ?? (replicas ? { ...promised, ...load, ...replicas } : promised);
  const { min, max } = said ?? autoscaling;
  const least = min === 0 && !autoscaling.scaleToZero ? 1 : min;
  const cpu = said?.cpu ?? autoscaling.cpu;
  return { min: least, max: Math.max(max, least, 1), perReplica: said?.perReplica ?? autoscaling.perReplica, ...(cpu > 0 ? { cpu } : {}) };
}

/** How the number of its pods is found; `none`: it is fixed. */
export function scalingOf(
  { settings, replicas: { min, max, cpu }, queues }: ServicePart,
  { autoscaling }: ProdSettings,
): "keda" | "hpa" | "none" {
  const kind = settings.autoscaling ?? autoscaling.kind;
  if (max <= min) return "none";
  if (kind === "keda") return queues.length > 0 || (cpu !== undefined && min > 0) ? "keda" : "none";
  if (kind === "hpa")
    return min > 0 && (cpu !== undefined || (autoscaling.queueMetric !== undefined && queues.length > 0)) ? "hpa" : "none";
  return "none";
}

/** Whether KEDA has to be let in to the management API. */
export const asksForDepth = (parts: readonly ServicePart[], settings: ProdSettings): boolean =>
  parts.some((part) => part.deployed && part.queues.length > 0 && scalingOf(part, settings) === "keda");

/** The installation's topologies with the numbers of pods that there really are: alerts promise no other. */
export const withReplicas = (topologies: readonly Topology[], parts: readonly ServicePart[]): Topology[] =>
  topologies.map((topology) => ({
    ...topology,
    services: Object.fromEntries(
      Object.entries(topology.services ?? {}).map(([name, service]) => {
        const part = parts.find((each) => each.topology === topology && each.service === name);
        return [name, part?.deployed ? { ...service, replicas: part.replicas } : service];
      }),
    ),
  }));

/** Of all pods of a part of the installation that is no service. */
export const partLabels = (part: string): Record<string, string> => ({ [LABELS.part]: labelValue(part) });
