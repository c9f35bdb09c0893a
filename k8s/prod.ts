/** All objects of an installation in Kubernetes, in the order in which they are applied, and what has to be there beside them. Pure. */
import { compileInstallation } from "../topology/compile/compile.js";
import { forEnvironment } from "../topology/environments.js";
import type { Installation } from "../topology/model.js";
import { certificates } from "./certificates.js";
import { brokerBudget, rabbitmqCluster } from "./cluster.js";
import { brokerHost, PORTS } from "./names.js";
import { namespaces } from "./namespaces.js";
import type { KubernetesObject } from "./objects.js";
import type { ProdSettings } from "./settings.js";

export interface Prod {
  readonly namespaces: readonly KubernetesObject[];
  /** The broker: certificates, the RabbitmqCluster, its policies. */
  readonly cluster: readonly KubernetesObject[];
  /** Custom resources of the messaging topology operator; none where Pulumi provisions over the management API. */
  readonly topology: readonly KubernetesObject[];
  readonly workers: readonly KubernetesObject[];
  readonly monitoring: readonly KubernetesObject[];
  /** In the cluster, without credentials. */
  readonly endpoints: { readonly amqp: string; readonly management: string };
}

export interface ProdOptions {
  /** Whose sizes hold. @default the topologies as they stand */
  readonly environment?: string;
}

export function prod(source: Installation, settings: ProdSettings, { environment }: ProdOptions = {}): Prod {
  const installation: Installation = { ...source, topologies: source.topologies.map((topology) => forEnvironment(topology, environment)) };
  const plan = compileInstallation(installation);
  const host = brokerHost(settings.cluster.name, settings.namespaces.broker);
  return {
    namespaces: namespaces(settings),
    cluster: [...certificates(settings), rabbitmqCluster(settings, plan), brokerBudget(settings)],
    topology: [],
    workers: [],
    monitoring: [],
    endpoints: { amqp: `amqps://${host}:${PORTS.amqps}`, management: `https://${host}:${PORTS.managementTls}` },
  };
}
