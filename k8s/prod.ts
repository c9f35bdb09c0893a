/** All objects of an installation in Kubernetes, in the order in which they are applied, and what has to be there beside them. Pure. */
import { compileInstallation } from "../topology/compile/compile.js";
import { forEnvironment } from "../topology/environments.js";
import type { Installation } from "../topology/model.js";
import { certificates } from "./certificates.js";
import { brokerBudget, rabbitmqCluster } from "./cluster.js";
import { requireKnownServices } from "./known-services.js";
import { monitoring } from "./monitoring.js";
import { brokerHost, PORTS } from "./names.js";
import { namespaces } from "./namespaces.js";
import { networkPolicies } from "./network/policies.js";
import type { KubernetesObject } from "./objects.js";
import { authoritiesOf, secretsOf, type AuthorityNeed, type SecretNeed } from "./secrets.js";
import { servicesOf, type ServicePart } from "./services.js";
import type { ProdSettings } from "./settings.js";
import { topologyObjects, type TopologyPart } from "./topology-objects.js";
import { ownUsers } from "./users.js";
import { workers } from "./workers.js";

export interface Prod {
  readonly namespaces: readonly KubernetesObject[];
  /** The broker: its policies, certificates, the RabbitmqCluster. */
  readonly cluster: readonly KubernetesObject[];
  /** Custom resources of the messaging topology operator; none where Pulumi provisions over the management API. */
  readonly topology: readonly KubernetesObject[];
  /** The same with what has to be there beside them; none where Pulumi provisions over the management API. */
  readonly byOperator: TopologyPart | undefined;
  readonly workers: readonly KubernetesObject[];
  readonly monitoring: readonly KubernetesObject[];
  /** Secrets to be made, before the workers; the values are RabbitMQ users' passwords. */
  readonly secrets: readonly SecretNeed[];
  /** ConfigMaps to be made with the certificates of the broker's authorities, before the workers. */
  readonly authorities: readonly AuthorityNeed[];
  /** To be provisioned beside the installation's own users. */
  readonly users: NonNullable<Installation["users"]>;
  readonly services: readonly ServicePart[];
  /** In the cluster, without credentials. */
  readonly endpoints: { readonly amqp: string; readonly management: string };
}

export interface ProdOptions {
  /** Whose sizes hold. @default the topologies as they stand */
  readonly environment?: string;
}

/** Throws a WarrenError (exit code 2) if services are configured that are not there. */
export function prod(source: Installation, settings: ProdSettings, { environment }: ProdOptions = {}): Prod {
  const installation: Installation = { ...source, topologies: source.topologies.map((topology) => forEnvironment(topology, environment)) };
  requireKnownServices(installation.topologies, settings);
  const plan = compileInstallation(installation);
  const services = servicesOf(installation.topologies, settings);
  const policies = networkPolicies({ services, settings });
  const policiesOf = (...names: readonly string[]): KubernetesObject[] =>
    [...new Set(names)].flatMap((name) => [...(policies.get(name) ?? [])]);
  const { broker, workers: work, monitoring: watch } = settings.namespaces;
  const host = brokerHost(settings.cluster.name, broker);
  const byOperator = settings.provision === "operator" ? topologyObjects(plan, settings) : undefined;
  return {
    namespaces: namespaces(settings),
    // All of them here: nothing runs before what guards it.
    cluster: [...policiesOf(broker, work, watch), ...certificates(settings), rabbitmqCluster(settings, plan), brokerBudget(settings)],
    topology: byOperator?.objects ?? [],
    byOperator,
    workers: workers(services, settings),
    monitoring: monitoring({ installation, services, settings }),
    secrets: secretsOf(services, settings),
    authorities: authoritiesOf(settings),
    users: ownUsers({ topologies: installation.topologies, plan, services, settings }),
    services,
    endpoints: { amqp: `amqps://${host}:${PORTS.amqps}`, management: `https://${host}:${PORTS.managementTls}` },
  };
}

/** In the order in which they are applied. */
export const objectsOf = ({ namespaces: names, cluster, topology, workers: work, monitoring: watch }: Prod): KubernetesObject[] => [
  ...names,
  ...cluster,
  ...topology,
  ...work,
  ...watch,
];
