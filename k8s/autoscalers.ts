/** How many pods a service has: KEDA on the depth of its queues and on CPU, or the plain autoscaler. Pure. */
import { AUTOSCALER_TLS, autoscalerSecret, brokerHost, CA_CONFIG_MAP, CA_KEY, OWN, PORTS, SECRET_KEYS, serviceLabels } from "./names.js";
import { defined, type KubernetesObject } from "./objects.js";
import { asksForDepth, scalingOf, type ServicePart } from "./services.js";
import type { ProdSettings } from "./settings.js";

/** A change of its credentials is a new one, which the operator cannot overlook. */
const accessName = ({ autoscaling }: ProdSettings): string => `broker-depth-${autoscaling.generation}`;

/** What KEDA needs to ask the management API: credentials of a user that only looks, and the broker's authorities. None where nothing is scaled by it. */
export function autoscalerAccess(parts: readonly ServicePart[], settings: ProdSettings): KubernetesObject[] {
  const namespace = settings.namespaces.workers;
  if (!asksForDepth(parts, settings)) return [];
  const secret = autoscalerSecret(settings.autoscaling.generation);
  const labels = { ...OWN };
  return [
    // KEDA takes this word from nowhere but a Secret or a ConfigMap (source: its rabbitmq scaler, `EnableTLS`).
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: AUTOSCALER_TLS, namespace, labels }, data: { tls: "enable" } },
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "TriggerAuthentication",
      metadata: { name: accessName(settings), namespace, labels },
      spec: {
        secretTargetRef: [
          { parameter: "username", name: secret, key: SECRET_KEYS.username },
          { parameter: "password", name: secret, key: SECRET_KEYS.password },
        ],
        configMapTargetRef: [
          { parameter: "tls", name: AUTOSCALER_TLS, key: "tls" },
          { parameter: "ca", name: CA_CONFIG_MAP, key: CA_KEY },
        ],
      },
    },
  ];
}

/** Up at once, to as many again or some more in a minute; down slowly, and by a share. */
function behaviour({
  autoscaling: { scaleUpSeconds, scaleUpPods, scaleUpPercent, scaleDownSeconds, scaleDownPercent },
}: ProdSettings): object {
  return {
    scaleUp: {
      stabilizationWindowSeconds: scaleUpSeconds,
      selectPolicy: "Max",
      policies: [
        { type: "Percent", value: scaleUpPercent, periodSeconds: 60 },
        { type: "Pods", value: scaleUpPods, periodSeconds: 60 },
      ],
    },
    scaleDown: {
      stabilizationWindowSeconds: scaleDownSeconds,
      selectPolicy: "Max",
      policies: [{ type: "Percent", value: scaleDownPercent, periodSeconds: 60 }],
    },
  };
}

const metadataOf = (part: ServicePart, { namespaces }: ProdSettings): KubernetesObject["metadata"] => ({
  name: part.name,
  namespace: namespaces.workers,
  labels: { ...OWN, ...serviceLabels(part.topology.name, part.service) },
});

/** One for all its triggers: two would fight over the number. */
function scaledObject(part: ServicePart, settings: ProdSettings): KubernetesObject {
  const { min, max, cpu } = part.replicas;
  const { autoscaling, cluster, namespaces } = settings;
  const host = `https://${brokerHost(cluster.name, namespaces.broker)}:${PORTS.managementTls}/`;
  const depth = [...part.thresholds].map(([queueName, messages]) => ({
    type: "rabbitmq",
    metricType: "AverageValue",
    // Over HTTP it counts what is unacknowledged too; over AMQP pods would be taken away from their work.
    metadata: { protocol: "http", host, vhostName: part.vhost, queueName, mode: "QueueLength", value: String(messages) },
    authenticationRef: { name: accessName(settings) },
  }));
  const { failures, replicas = min } = autoscaling.fallback;
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: metadataOf(part, settings),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: part.name },
      pollingInterval: autoscaling.pollingSeconds,
      cooldownPeriod: autoscaling.cooldownSeconds,
      minReplicaCount: min,
      maxReplicaCount: max,
      // At least so many: those that are there may be at work, and the broker is away for a moment at each restart of a node.
      ...(depth.length > 0
        ? { fallback: { failureThreshold: failures, replicas: Math.min(max, Math.max(replicas, 1)), behavior: "currentReplicasIfHigher" } }
        : {}),
      advanced: { horizontalPodAutoscalerConfig: { name: part.name, behavior: behaviour(settings) } },
      triggers: [...depth, ...(cpu === undefined ? [] : [{ type: "cpu", metricType: "Utilization", metadata: { value: String(cpu) } }])],
    },
  };
}

function horizontal(part: ServicePart, settings: ProdSettings): KubernetesObject {
  const { min, max, cpu } = part.replicas;
  const { queueMetric } = settings.autoscaling;
  const depth =
    queueMetric === undefined
      ? []
      : [...part.thresholds].map(([queue, messages]) => ({
          type: "External",
          external: {
            metric: { name: queueMetric, selector: { matchLabels: { vhost: part.vhost, queue } } },
            target: { type: "AverageValue", averageValue: String(messages) },
          },
        }));
  const use = { type: "Resource", resource: { name: "cpu", target: defined({ type: "Utilization", averageUtilization: cpu }) } };
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: metadataOf(part, settings),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: part.name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [...depth, ...(cpu === undefined ? [] : [use])],
      behavior: behaviour(settings),
    },
  };
}

/** None where the number is fixed. */
export function autoscaler(part: ServicePart, settings: ProdSettings): KubernetesObject[] {
  switch (scalingOf(part, settings)) {
    case "keda":
      return [scaledObject(part, settings)];
    case "hpa":
      return [horizontal(part, settings)];
    case "none":
      return [];
  }
}
