/** The services of an installation as Kubernetes sees them: what each is called, who its pods are, what it may reach, how many there are. Pure. */
import type { Topology } from "../topology/model.js";
import { startOf, takes, type Start } from "../workers/reference/jobs.js";
import { userOf, vhostName } from "../topology/names.js";
import { LABELS, labelValue, serviceLabels, serviceName, serviceSecret } from "./names.js";
import { numbersOf, scalingBy, type Numbers } from "./numbers.js";
import { serviceSettings, type Peer, type ProdSettings, type ServiceSettings } from "./settings.js";

export interface ServicePart extends Numbers {
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
  /** Name of the Secret of its credentials. */
  readonly secret: string;
}

/** In the order of the topologies. */
export const servicesOf = (topologies: readonly Topology[], settings: ProdSettings): ServicePart[] =>
  topologies.flatMap((topology) => Object.keys(topology.services ?? {}).map((service) => partOf(topology, service, settings)));

function partOf(topology: Topology, service: string, settings: ProdSettings): ServicePart {
  const own = serviceSettings(settings, topology.name, service);
  const { consumes = [], tags = [] } = topology.services?.[service] ?? {};
  const start = startOf(topology.name, service);
  // How far readers of a stream are behind, its length does not tell.
  const queues = consumes.filter((queue) => ["quorum", "classic"].includes(topology.queues?.[queue]?.type ?? ""));
  const deployed = settings.workers.deploy && own.deploy && takes(topology, service) && (own.image !== undefined || start !== undefined);
  const here = { namespace: settings.namespaces.workers, labels: serviceLabels(topology.name, service) };
  return {
    ...{ topology, service, settings: own, start, user: userOf(topology, service), queues },
    ...numbersOf({ topology, service, own, settings, queues }),
    vhost: vhostName(topology),
    name: serviceName(topology.name, service),
    pods: deployed ? here : (own.pods ?? here),
    deployed,
    management: tags.some((tag) => ["management", "monitoring", "policymaker", "administrator"].includes(tag)),
    secret: serviceSecret(topology.name, service, own.generation),
  };
}

/** How the number of its pods is found; `none`: it is fixed. */
export const scalingOf = ({ settings: own, replicas, queues }: ServicePart, settings: ProdSettings): ReturnType<typeof scalingBy> =>
  scalingBy(replicas, queues, own, settings);

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
