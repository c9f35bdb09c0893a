/** Plain objects of Kubernetes as resources of the engine: each of the class that its kind has, or a custom one. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { keyOf, type KubernetesObject } from "../k8s/objects.js";
import { kindsProvider } from "./kubernetes-providers.js";

type Class = new (name: string, args: never, options: pulumi.CustomResourceOptions) => pulumi.CustomResource;

/** The groups that builders use, by `apiVersion`. */
const BUILT_IN: Readonly<Record<string, object>> = {
  v1: kubernetes.core.v1,
  "apps/v1": kubernetes.apps.v1,
  "autoscaling/v2": kubernetes.autoscaling.v2,
  "networking.k8s.io/v1": kubernetes.networking.v1,
  "policy/v1": kubernetes.policy.v1,
  "rbac.authorization.k8s.io/v1": kubernetes.rbac.v1,
};

/** What an object of its kind has to say of itself before anything goes on; of others the provider knows when they are ready. */
const WAIT_FOR: Readonly<Record<string, string>> = {
  "rabbitmq.com/v1beta1": "condition=Ready",
  "rabbitmq.com/v1beta1/RabbitmqCluster": JSON.stringify(["condition=AllReplicasReady", "condition=ReconcileSuccess"]),
  "cert-manager.io/v1": "condition=Ready",
};
/** A node of a broker waits at most an hour for those that depend on it. */
const TIMEOUTS: pulumi.CustomTimeouts = { create: "20m", update: "90m", delete: "20m" };

const KIND = "CustomResourceDefinition";

function classOf({ apiVersion, kind }: KubernetesObject): Class {
  const group = BUILT_IN[apiVersion] as Readonly<Record<string, Class>> | undefined;
  return group?.[kind] ?? kubernetes.apiextensions.CustomResource;
}

/** `values` are laid into the object where its builder leaves a place for them, as a Secret's data. */
export function registerObject(
  object: KubernetesObject & { readonly [field: string]: unknown },
  options: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
  const { apiVersion, kind, metadata } = object;
  const waitFor = WAIT_FOR[`${apiVersion}/${kind}`] ?? WAIT_FOR[apiVersion];
  const said =
    waitFor === undefined
      ? object
      : { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, "pulumi.com/waitFor": waitFor } } };
  return new (classOf(object))(keyOf(object), said as never, pulumi.mergeOptions({ customTimeouts: TIMEOUTS }, options));
}

/** In their order, each kind of thing after those before it that it may need: `dependsOn` of a list's members is what went before the list. */
export const registerObjects = (objects: readonly KubernetesObject[], options: pulumi.CustomResourceOptions): pulumi.CustomResource[] =>
  objects.map((object) => registerObject(object, options));

/** Those of others: namespaces first, then kinds, then the rest. Kinds stay when the stack goes: every object of them in the cluster would go too. */
export function registerManifests(
  objects: readonly KubernetesObject[],
  { provider, context }: { readonly provider: pulumi.ProviderResource; readonly context: string },
): pulumi.CustomResource[] {
  const order = ["Namespace", KIND];
  const steps = [order[0], order[1], undefined].map((wanted) =>
    objects.filter(({ kind }) => (wanted === undefined ? !order.includes(kind) : kind === wanted)),
  );
  const ofKinds = objects.some(({ kind }) => kind === KIND) ? { provider: kindsProvider(context), retainOnDelete: true } : {};
  return steps.reduce<pulumi.CustomResource[]>((made, step) => {
    const next = step.map((object) => registerObject(object, { provider, dependsOn: made, ...(object.kind === KIND ? ofKinds : {}) }));
    return [...made, ...next];
  }, []);
}
