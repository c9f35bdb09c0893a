/** A prod stack of a topology alone, for an API that has no nodes: its cluster's place is taken by a broker in Docker. */
import type { LiveBroker } from "../broker-api.js";
import { until } from "../until.js";
import type { KubernetesApi } from "./api.js";
import { pretendCluster } from "./topology-operator.js";

export const NAMESPACE = "warren-broker";
const CLUSTER = "rabbitmq";
const LIMIT_MS = 240_000;

/** The stack's configuration: no workers, no monitoring. @param system the topology's file */
export const bareStack = (system: string, { managementUrl }: LiveBroker): Readonly<Record<string, string>> => ({
  ...{ broker: "kubernetes", kubeContext: "test", system, endpoint: managementUrl },
  "kubernetes.tls.source": "secret",
  "kubernetes.workers.deploy": "false",
  "kubernetes.autoscaling.kind": "none",
  "kubernetes.monitoring.enabled": "false",
});

/** What the cluster operator does while an update runs, and whoever gives the certificate. */
export async function pretendBroker(api: KubernetesApi, broker: LiveBroker): Promise<void> {
  await until(() => api.has("namespace", NAMESPACE), LIMIT_MS);
  await api.ask(["create", "secret", "generic", "broker-tls", "--namespace", NAMESPACE, "--from-literal=tls.crt=PEM"]);
  await until(() => api.has(`rabbitmqclusters.rabbitmq.com/${CLUSTER}`, "--namespace", NAMESPACE), LIMIT_MS);
  await pretendCluster(api, NAMESPACE, CLUSTER, broker);
}
