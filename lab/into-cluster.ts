/** The ways from this machine into a stack's Kubernetes cluster, open as long as a run lasts: through refresh and destroy too. */
import { resolve } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { brokerSelector, PORTS } from "../k8s/names.js";
import { kubeConfig } from "../kube/context.js";
import { forward, type Forward } from "../kube/forward.js";
import { amqpForward, FORWARD_PORT } from "../kube/ports.js";
import { prodSettingsOf, type Json } from "../kube/settings.js";
import { tell } from "./steps.js";
import { projectName } from "./workspace.js";

/** The stack's configuration below `warren:`, as its file and this checkout's choices have it. */
export type Configured = Readonly<Record<string, unknown>>;

const textOf = (config: Configured, key: string): string | undefined => {
  const value = config[`${projectName}:${key}`];
  return typeof value === "string" || typeof value === "number" ? String(value) || undefined : undefined;
};

/** Where the stack's broker is. */
export const isInKubernetes = (config: Configured): boolean => textOf(config, "broker") === "kubernetes";

/** The one cluster that is meant. Throws a WarrenError (exit code 2) if another one is the current one. */
export const clusterOf = (config: Configured): KubeConfig => kubeConfig(textOf(config, "kubeContext"));

/** Opens them, where the stack's broker is in Kubernetes and nothing else leads to it; the answer closes them. */
export async function intoCluster(config: Configured, program: string): Promise<() => Promise<void>> {
  if (!isInKubernetes(config)) return () => Promise.resolve();
  const cluster = clusterOf(config);
  if (textOf(config, "endpoint") !== undefined) return () => Promise.resolve();
  const file = textOf(config, "kubernetesFile");
  const { cluster: broker, namespaces } = prodSettingsOf({
    kubernetes: (config[`${projectName}:kubernetes`] ?? {}) as Json,
    file: file === undefined ? undefined : resolve(program, file),
  });
  const localPort = Number(textOf(config, "forwardPort") ?? FORWARD_PORT);
  const common = { namespace: namespaces.broker, selector: brokerSelector(broker.name) };
  const forwards: Forward[] = [];
  for (const ports of [
    { localPort, port: PORTS.managementTls },
    { localPort: amqpForward(localPort), port: PORTS.amqps },
  ])
    forwards.push(await forward(cluster, { ...common, ...ports }));
  tell(`• 127.0.0.1:${localPort} and ${amqpForward(localPort)} lead to ${broker.name} in context ${cluster.getCurrentContext()}`);
  return async () => void (await Promise.all(forwards.map(async (each) => each.close())));
}
