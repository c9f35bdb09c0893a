/** The broker of a stack in Kubernetes as it is now, and how its management API is spoken to: what its operator and its certificate left in Secrets. */
import { X509Certificate } from "node:crypto";
import { ApiException, CoreV1Api, CustomObjectsApi, PatchStrategy, setHeaderOptions, type KubeConfig } from "@kubernetes/client-node";
import { z } from "zod";
import { brokerHost, brokerNames, CA_KEY, nodeHosts } from "../k8s/names.js";
import type { ProdSettings } from "../k8s/settings.js";
import { WarrenError } from "../topology/errors.js";

export interface Access {
  readonly username: string;
  readonly password: string;
  /** Who vouches for its certificate, PEM: its own authority, and those that are trusted beside it. */
  readonly ca: string;
}

/** A RabbitmqCluster that is there. */
export interface LiveCluster {
  readonly nodes: number | undefined;
  /** Of one node's volume. */
  readonly storage: string | undefined;
  /** What its operator says that it could not do. */
  readonly failing: string | undefined;
  /** `undefined` while it is being made. */
  readonly access: Access | undefined;
}

export interface AccessOptions {
  /** It has answered once, so that what is missing has been taken away: nobody counts its messages without it. @default its conditions tell */
  readonly wasReady?: boolean;
  /** A port-forward leads to it. */
  readonly forwarded: boolean;
  /** Trusted beside the one of its certificate, PEM. @default none */
  readonly authorities?: readonly string[];
}

const isAbsent = (error: unknown): boolean => error instanceof ApiException && error.code === 404;

const decoded = (data: Readonly<Record<string, string>> | undefined, key: string): string | undefined =>
  data?.[key] === undefined ? undefined : Buffer.from(data[key], "base64").toString("utf8");

const Cluster = z.object({
  spec: z.object({
    replicas: z.number().optional(),
    persistence: z.object({ storage: z.string().optional() }).optional(),
    tls: z.object({ secretName: z.string().optional() }).optional(),
  }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() })).optional() })
    .optional(),
});

/** `undefined` where there is none. */
async function orNone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Throws what the API answers as a WarrenError: it names a Secret that may not be read, and not what is in it. */
async function asking<T>(config: KubeConfig, namespace: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof WarrenError) throw error;
    const why = error instanceof ApiException ? `it answers ${error.code}` : (error as Error).message;
    throw new WarrenError(`The Kubernetes cluster of context ${config.getCurrentContext()} does not say what is in it: ${why}.`, {
      remedy: `see to it that it answers, and that you may read RabbitmqClusters and Secrets in namespace ${namespace}: kubectl auth can-i get secrets -n ${namespace}`,
      exitCode: 2,
      cause: error,
    });
  }
}

/**
 * `undefined` if there is no such RabbitmqCluster. Throws a WarrenError if the cluster does not tell, or if the broker runs and cannot be spoken to:
 * its Secrets are missing, or not what is needed.
 */
export async function liveCluster(config: KubeConfig, wanted: ProdSettings, options: AccessOptions): Promise<LiveCluster | undefined> {
  const { cluster, namespaces, tls } = wanted;
  const namespace = namespaces.broker;
  return asking(config, namespace, async () => {
    const found: unknown = await orNone(
      config.makeApiClient(CustomObjectsApi).getNamespacedCustomObject({
        ...{ group: "rabbitmq.com", version: "v1beta1", plural: "rabbitmqclusters" },
        ...{ namespace, name: cluster.name },
      }),
    );
    if (found === undefined) return undefined;
    const { spec, status } = Cluster.parse(found);
    const condition = (type: string) => status?.conditions?.find((each) => each.type === type);
    const runs = ["AllReplicasReady", "ClusterAvailable"].some((type) => condition(type)?.status === "True");
    // As it is now: another one may be wanted, which the update makes.
    const secret = spec.tls?.secretName ?? tls.secret;
    const access = await accessIn(config, wanted, secret, { isThere: options.wasReady === true || runs, ...options });
    const reconciled = condition("ReconcileSuccess");
    return {
      nodes: spec.replicas,
      storage: spec.persistence?.storage,
      failing: reconciled?.status === "False" ? (reconciled.message ?? "it does not say why") : undefined,
      access,
    };
  });
}

async function accessIn(
  config: KubeConfig,
  { cluster, namespaces: { broker: namespace } }: ProdSettings,
  secret: string,
  { isThere, forwarded, authorities = [] }: AccessOptions & { readonly isThere: boolean },
): Promise<Access | undefined> {
  const core = config.makeApiClient(CoreV1Api);
  const { defaultUser } = brokerNames(cluster.name);
  const user = await orNone(core.readNamespacedSecret({ namespace, name: defaultUser }));
  const certificate = await orNone(core.readNamespacedSecret({ namespace, name: secret }));
  const missing = [...(user ? [] : [defaultUser]), ...(certificate ? [] : [secret])];
  if (missing.length > 0) {
    if (!isThere) return undefined;
    throw new WarrenError(
      `RabbitmqCluster ${namespace}/${cluster.name} is there, and not ${missing.length === 1 ? "its Secret" : "its Secrets"} ${missing.join(" and ")}: it cannot be asked what it holds.`,
      {
        remedy: `make what is missing anew (kubectl -n ${namespace} get secrets,certificates; of the default user, with its username and password, as the operator had made it), and run again`,
      },
    );
  }
  const [username, password] = [decoded(user?.data, "username"), decoded(user?.data, "password")];
  if (username === undefined || password === undefined) return undefined;
  const hosts = [brokerHost(cluster.name, namespace), ...nodeHosts(cluster.name, namespace, cluster.nodes)];
  const own = authorityIn(certificate?.data, `${namespace}/${secret}`, forwarded ? ["localhost", ...hosts] : hosts);
  return { username, password, ca: [own, ...authorities].map((pem) => pem.trim()).join("\n") + "\n" };
}

/** Whoever made the Secret: workers, the autoscaler, Prometheus and the exporter need all of this. Throws a WarrenError that says what is missing. */
export function authorityIn(data: Readonly<Record<string, string>> | undefined, secret: string, hosts: readonly string[]): string {
  const [certificate, ca] = [decoded(data, "tls.crt"), decoded(data, CA_KEY)];
  const missing = ["tls.crt", "tls.key", CA_KEY].filter((key) => !decoded(data, key));
  const remedy =
    "kubectl create secret generic with --from-file=tls.crt, --from-file=tls.key and --from-file=ca.crt (the authority's certificate), for the names of the broker's Services and nodes; see docs/kubernetes.md, The broker's certificate";
  if (certificate === undefined || ca === undefined || missing.length > 0)
    throw new WarrenError(`Secret ${secret}, with the broker's certificate, has no ${missing.join(" and no ")}.`, { remedy, exitCode: 2 });
  let own: X509Certificate;
  try {
    own = new X509Certificate(certificate);
    new X509Certificate(ca);
  } catch (cause) {
    throw new WarrenError(`Secret ${secret}: tls.crt or ${CA_KEY} is no certificate in PEM.`, { remedy, exitCode: 2, cause });
  }
  const others = hosts.filter((host) => own.checkHost(host) === undefined);
  if (others.length > 0)
    throw new WarrenError(`Secret ${secret}: the certificate is not for ${others.join(", ")}; nobody could connect there.`, {
      allowed: (own.subjectAltName ?? "no names").split(", "),
      remedy,
      exitCode: 2,
    });
  return ca;
}

/** What a Kubernetes cluster is known by, whatever its context is called; `undefined` to who may not see its namespace kube-system. */
export async function clusterUid(config: KubeConfig): Promise<string | undefined> {
  return asking(config, "kube-system", async () => {
    try {
      return (await config.makeApiClient(CoreV1Api).readNamespace({ name: "kube-system" })).metadata?.uid;
    } catch (error) {
      if (error instanceof ApiException && [401, 403, 404].includes(error.code)) return undefined;
      throw error;
    }
  });
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
