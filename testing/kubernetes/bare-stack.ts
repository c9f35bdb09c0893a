/** A prod stack of a topology alone, for an API that has no nodes: its cluster's place is taken by a broker in Docker. */
import { makeAuthority, makeServer } from "../../docker/certificates.js";
import { certificateNames } from "../../k8s/names.js";
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
  const authority = await makeAuthority("test", 1);
  const names = certificateNames(CLUSTER, NAMESPACE).map((name) => `DNS:${name}`);
  const { cert, key } = await makeServer(authority, names, 1);
  const stringData = { "tls.crt": cert, "tls.key": key, "ca.crt": authority.cert };
  const metadata = { name: "broker-tls", namespace: NAMESPACE };
  await api.ask(["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, stringData }));
  await until(() => api.has(`rabbitmqclusters.rabbitmq.com/${CLUSTER}`, "--namespace", NAMESPACE), LIMIT_MS);
  await pretendCluster(api, NAMESPACE, CLUSTER, broker);
}
