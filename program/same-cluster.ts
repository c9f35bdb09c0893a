/** Changes of a stack in Kubernetes that would take its broker away, or that the cluster operator does not make: refused before anything is registered. Pure. */
import { bytesOf } from "../k8s/quantities.js";
import type { ProdSettings } from "../k8s/settings.js";
import type { StackManaged } from "../provision/managed.js";
import { WarrenError } from "../topology/errors.js";
import type { LiveCluster } from "./kubernetes-access.js";

export interface SameClusterArgs {
  readonly stack: string;
  readonly context: string;
  /** Of the Kubernetes cluster that the context leads to; `undefined` if it may not be seen. */
  readonly uid: string | undefined;
}

/** What the one way has made, the other would make once more, and then delete: both have one object on the broker. */
export function refuseOtherWay(
  managed: Pick<StackManaged, "ways"> | undefined,
  { provision }: Pick<ProdSettings, "provision">,
  stack: string,
): void {
  const other = provision === "operator" ? "management" : "operator";
  if (!managed?.ways.has(other)) return;
  throw new WarrenError(
    `This stack's topology was provisioned with warren:kubernetes.provision "${other}", and now it says "${provision}": everything in the broker would be deleted by the way that it came.`,
    {
      remedy: `pulumi config set --path 'warren:kubernetes.provision' ${other}; or take the stack down first (npm run down -- --stack ${stack}), which takes the broker with its messages`,
      exitCode: 2,
    },
  );
}

/**
 * A stack has one broker. Under another name, or in another Kubernetes cluster, the engine would make an empty one and then delete the one that is
 * there, volumes and all; and whoever counts messages before a deletion would count those of the new one.
 */
export function refuseOtherPlace(
  managed: Pick<StackManaged, "inKubernetes"> | undefined,
  { cluster, namespaces }: Pick<ProdSettings, "cluster" | "namespaces">,
  { stack, context, uid }: SameClusterArgs,
): void {
  const made = managed?.inKubernetes;
  if (!made) return;
  const another = `for a second broker, take another stack; to give this one up, take it down first (npm run down -- --stack ${stack}), as it was`;
  const [before, now] = [`${made.namespace}/${made.name}`, `${namespaces.broker}/${cluster.name}`];
  if (before !== now)
    throw new WarrenError(
      `This stack's broker is RabbitmqCluster ${before}, and warren:kubernetes says ${now}: that one would be made, empty, and the other deleted with its messages.`,
      { remedy: `set warren:kubernetes.namespaces.broker and .cluster.name as they were; ${another}`, exitCode: 2 },
    );
  if (made.uid !== undefined && uid !== undefined && made.uid !== uid)
    throw new WarrenError(
      `This stack's broker is in another Kubernetes cluster than the one of context ${JSON.stringify(context)} (its namespace kube-system had the UID ${made.uid}, and has ${uid}).`,
      {
        remedy: `kubectl config use-context, and warren:kubeContext, for the cluster that it is in; ${another}. If that cluster is gone for good: pulumi stack rm --force, which forgets what was in it, and a new stack`,
        exitCode: 2,
      },
    );
}

/** The operator leaves everything as it is when it is asked for fewer nodes, or for smaller volumes, and says so in its conditions alone. */
export function refuseSmaller(live: Pick<LiveCluster, "nodes" | "storage">, { cluster, namespaces }: ProdSettings): void {
  const name = `RabbitmqCluster ${namespaces.broker}/${cluster.name}`;
  if (live.nodes !== undefined && live.nodes > cluster.nodes)
    throw new WarrenError(
      `${name} has ${live.nodes} nodes, and warren:kubernetes.cluster.nodes says ${cluster.nodes}: its operator takes no node away.`,
      {
        remedy: `set it to ${live.nodes}; docs/kubernetes.md tells how a node is taken out by hand`,
        exitCode: 2,
      },
    );
  if (live.storage !== undefined && bytesOf(live.storage) > bytesOf(cluster.storage.size))
    throw new WarrenError(
      `${name} has volumes of ${live.storage}, and warren:kubernetes.cluster.storage.size says ${cluster.storage.size}: a volume does not shrink.`,
      { remedy: `set it to ${live.storage}`, exitCode: 2 },
    );
}
