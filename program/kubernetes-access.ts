/** How the management API of a cluster in Kubernetes is spoken to: what its operator and its certificate left in Secrets. */
import { ApiException, CoreV1Api, CustomObjectsApi, PatchStrategy, setHeaderOptions, type KubeConfig } from "@kubernetes/client-node";
import { brokerNames, CA_KEY } from "../k8s/names.js";
import type { ProdSettings } from "../k8s/settings.js";
import { WarrenError } from "../topology/errors.js";

export interface Access {
  readonly username: string;
  readonly password: string;
  /** Who vouches for its certificate, PEM; none where an authority does that everybody knows. */
  readonly ca: string | undefined;
}

const isAbsent = (error: unknown): boolean => error instanceof ApiException && error.code === 404;

const decoded = (data: Readonly<Record<string, string>> | undefined, key: string): string | undefined =>
  data?.[key] === undefined ? undefined : Buffer.from(data[key], "base64").toString("utf8");

/** What is there; undefined while there is no such RabbitmqCluster, or it is being made. Throws a WarrenError if the cluster does not tell. */
export async function accessOf(config: KubeConfig, { cluster, namespaces, tls }: ProdSettings): Promise<Access | undefined> {
  const namespace = namespaces.broker;
  try {
    const objects = config.makeApiClient(CustomObjectsApi);
    await objects.getNamespacedCustomObject({
      ...{ group: "rabbitmq.com", version: "v1beta1", plural: "rabbitmqclusters" },
      ...{ namespace, name: cluster.name },
    });
    const core = config.makeApiClient(CoreV1Api);
    const user = await core.readNamespacedSecret({ namespace, name: brokerNames(cluster.name).defaultUser });
    const certificate = await core.readNamespacedSecret({ namespace, name: tls.secret });
    const [username, password] = [decoded(user.data, "username"), decoded(user.data, "password")];
    return username === undefined || password === undefined ? undefined : { username, password, ca: decoded(certificate.data, CA_KEY) };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    // What the API answers to who may not read a Secret names the Secret, not what is in it.
    const why = error instanceof ApiException ? `it answers ${error.code}` : (error as Error).message;
    throw new WarrenError(`The Kubernetes cluster of context ${config.getCurrentContext()} does not say what is in it: ${why}.`, {
      remedy: `see to it that it answers, and that you may read RabbitmqClusters and Secrets in namespace ${namespace}: kubectl auth can-i get secrets -n ${namespace}`,
      exitCode: 2,
      cause: error,
    });
  }
}

/** Takes `deleteIfEmpty` off an object of the messaging topology operator that is about to be deleted; one that is gone is fine. */
export async function releaseQueue(
  config: KubeConfig,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<void> {
  try {
    await config.makeApiClient(CustomObjectsApi).patchNamespacedCustomObject(
      {
        ...{ group: "rabbitmq.com", version: "v1beta1", plural: "queues", namespace, name },
        body: { spec: { deleteIfEmpty: false } },
      },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
  } catch (error) {
    if (isAbsent(error)) return;
    const why = error instanceof ApiException ? `the API answers ${error.code}` : (error as Error).message;
    throw new WarrenError(`The operator's guard on Queue ${namespace}/${name} cannot be taken off: ${why}.`, {
      remedy: `see to it that you may patch Queues: kubectl auth can-i patch queues.rabbitmq.com -n ${namespace}`,
      cause: error,
    });
  }
}
