/** The broker: a RabbitmqCluster of the cluster operator, and how many of its pods may be away. Pure. */
import { pluginsOf } from "../topology/compile/plugins.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { brokerLabels, OWN } from "./names.js";
import { defined, type KubernetesObject } from "./objects.js";
import { bytesOf } from "./quantities.js";
import { rabbitmqConf } from "./rabbitmq-conf.js";
import type { ProdSettings, Resources } from "./settings.js";

/** Source: the operator's `Plugin` documentation. */
const OPERATORS_OWN = ["rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_peer_discovery_k8s"];

export const ZONE = "topology.kubernetes.io/zone";
export const HOST = "kubernetes.io/hostname";

/** Of a container. */
export const containerResources = ({ cpu, cpuLimit, memory }: Resources): object => ({
  requests: { cpu, memory },
  limits: { ...(cpuLimit === undefined ? {} : { cpu: cpuLimit }), memory },
});

/** On different machines and in different zones: a must, or where it can be had. */
function placement({ cluster }: ProdSettings): { readonly affinity: object; readonly topologySpreadConstraints: object[] } {
  const must = cluster.spread === "required";
  const labelSelector = { matchLabels: brokerLabels(cluster.name) };
  const term = { labelSelector, topologyKey: HOST };
  return {
    affinity: {
      podAntiAffinity: must
        ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
        : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
    },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: must ? "DoNotSchedule" : "ScheduleAnyway", labelSelector },
    ],
  };
}

export function rabbitmqCluster(settings: ProdSettings, plan: InstallationPlan): KubernetesObject {
  const { cluster, tls, namespaces } = settings;
  const { affinity, topologySpreadConstraints } = placement(settings);
  const additionalPlugins = [...new Set([...pluginsOf(plan), ...cluster.plugins])].filter((name) => !OPERATORS_OWN.includes(name)).sort();
  const { nodeSelector, priorityClass } = cluster;
  return {
    apiVersion: "rabbitmq.com/v1beta1",
    kind: "RabbitmqCluster",
    metadata: { name: cluster.name, namespace: namespaces.broker, labels: { ...OWN } },
    spec: {
      replicas: cluster.nodes,
      image: cluster.image,
      ...(cluster.imagePullSecrets.length > 0 ? { imagePullSecrets: cluster.imagePullSecrets.map((name) => ({ name })) } : {}),
      service: { type: "ClusterIP" },
      persistence: defined({
        storageClassName: cluster.storage.class,
        // The operator compares with "0".
        storage: bytesOf(cluster.storage.size) === 0 ? "0" : cluster.storage.size,
      }),
      resources: containerResources(cluster.resources),
      affinity,
      ...(cluster.tolerations.length > 0 ? { tolerations: cluster.tolerations } : {}),
      rabbitmq: { ...(additionalPlugins.length > 0 ? { additionalPlugins } : {}), additionalConfig: rabbitmqConf(settings, plan) },
      tls: { secretName: tls.secret, disableNonTLSListeners: true },
      terminationGracePeriodSeconds: cluster.terminationGraceSeconds,
      delayStartSeconds: cluster.delayStartSeconds,
      skipPostDeploySteps: false,
      autoEnableAllFeatureFlags: cluster.enableFeatureFlags,
      override: {
        statefulSet: {
          spec: {
            template: {
              spec: {
                // The operator's containers, left as they are: restricted already (source: its `podTemplateSpec`).
                containers: [],
                // A volume with many files is not walked through at each start.
                securityContext: { fsGroupChangePolicy: "OnRootMismatch" },
                topologySpreadConstraints,
                ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
                ...(priorityClass === undefined ? {} : { priorityClassName: priorityClass }),
              },
            },
          },
        },
      },
    },
  };
}

/** One node at a time, whoever drains machines. */
export const brokerBudget = ({ cluster, namespaces }: ProdSettings): KubernetesObject => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: cluster.name, namespace: namespaces.broker, labels: { ...OWN } },
  spec: { maxUnavailable: 1, selector: { matchLabels: brokerLabels(cluster.name) } },
});
