/** What runs beside the broker in Kubernetes: workers with their autoscalers, and monitoring. */
import type * as pulumi from "@pulumi/pulumi";
import { components } from "../provision/components.js";
import { guardConsumers } from "../provision/guard-consumers.js";
import type { Provisioned } from "../provision/topology.js";
import { registerObjects } from "./kubernetes-objects.js";
import { registerSecrets } from "./kubernetes-secrets.js";
import type { InKubernetes } from "./open-kubernetes.js";

export function runInKubernetes(inKubernetes: InKubernetes, topology: Provisioned, directory: string): void {
  const { objects, options } = inKubernetes;
  const secrets = registerSecrets(inKubernetes, topology.passwords, directory);
  const after = [...(options.dependsOn as readonly pulumi.Resource[]), topology, ...secrets];
  const workers = registerObjects(objects.workers, { ...options, dependsOn: after });
  registerObjects(objects.monitoring, { ...options, dependsOn: after });
  const vhosts = workers.length === 0 ? [] : components().flatMap((component) => component.vhosts);
  guardConsumers({ vhosts, resources: [topology, ...workers], first: "" });
}
