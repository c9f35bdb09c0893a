/** What the objects ask of a cluster: pods, CPU, memory, volumes; at the fewest and at the most that autoscaling allows. Pure. */
import { columns, span } from "./columns.js";
import type { KubernetesObject } from "./objects.js";
import { bytesOf, bytesText, coresText, millicoresOf } from "./quantities.js";

export interface Size {
  readonly pods: number;
  /** Requested, in thousandths of a core. */
  readonly millicores: number;
  /** Requested, which is the limit too. */
  readonly memoryBytes: number;
  readonly volumes: number;
  readonly volumeBytes: number;
}

export interface SizeRow {
  /** `RabbitmqCluster rabbitmq`, `Deployment contextiq-webhook`. */
  readonly of: string;
  readonly least: Size;
  readonly most: Size;
}

export interface Sizes {
  readonly rows: readonly SizeRow[];
  readonly least: Size;
  readonly most: Size;
}

interface ResourceRequests {
  readonly requests?: { readonly cpu?: string; readonly memory?: string };
}

const NOTHING: Size = { pods: 0, millicores: 0, memoryBytes: 0, volumes: 0, volumeBytes: 0 };

const plus = (one: Size, other: Size): Size => ({
  pods: one.pods + other.pods,
  millicores: one.millicores + other.millicores,
  memoryBytes: one.memoryBytes + other.memoryBytes,
  volumes: one.volumes + other.volumes,
  volumeBytes: one.volumeBytes + other.volumeBytes,
});

function podsOf(count: number, containers: readonly ResourceRequests[], volumeBytes = 0): Size {
  const sum = (read: (each: ResourceRequests) => number): number => containers.reduce((total, each) => total + read(each), 0);
  return {
    pods: count,
    millicores: count * sum(({ requests }) => millicoresOf(requests?.cpu ?? "0")),
    memoryBytes: count * sum(({ requests }) => bytesOf(requests?.memory ?? "0")),
    volumes: volumeBytes === 0 ? 0 : count,
    volumeBytes: count * volumeBytes,
  };
}

interface ClusterSpec {
  readonly replicas: number;
  readonly resources: ResourceRequests;
  readonly persistence: { readonly storage: string };
}
interface DeploymentSpec {
  readonly replicas?: number;
  readonly template: { readonly spec: { readonly containers: readonly { readonly resources: ResourceRequests }[] } };
}
interface ScalerSpec {
  readonly scaleTargetRef: { readonly name: string };
  readonly minReplicaCount?: number;
  readonly maxReplicaCount?: number;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
}

/** How many pods a Deployment may have: as its autoscaler says, else as it says itself. */
export function rangeOf(deployment: KubernetesObject, objects: readonly KubernetesObject[]): readonly [number, number] {
  const { name, namespace } = deployment.metadata;
  const scaler = objects.find(
    ({ kind, metadata, ["spec"]: spec }) =>
      ["ScaledObject", "HorizontalPodAutoscaler"].includes(kind) &&
      metadata.namespace === namespace &&
      (spec as ScalerSpec).scaleTargetRef.name === name,
  );
  const { replicas = 1 } = deployment["spec"] as DeploymentSpec;
  if (!scaler) return [replicas, replicas];
  const { minReplicaCount, maxReplicaCount, minReplicas, maxReplicas } = scaler["spec"] as ScalerSpec;
  return [minReplicaCount ?? minReplicas ?? 1, maxReplicaCount ?? maxReplicas ?? replicas];
}

export function sizeOf(objects: readonly KubernetesObject[]): Sizes {
  const rows = objects.flatMap((object): SizeRow[] => {
    const of = `${object.kind} ${object.metadata.name}`;
    if (object.kind === "RabbitmqCluster") {
      const { replicas, resources, persistence } = object["spec"] as ClusterSpec;
      const size = podsOf(replicas, [resources], bytesOf(persistence.storage));
      return [{ of, least: size, most: size }];
    }
    if (object.kind !== "Deployment") return [];
    const containers = (object["spec"] as DeploymentSpec).template.spec.containers.map(({ resources }) => resources);
    const [least, most] = rangeOf(object, objects);
    return [{ of, least: podsOf(least, containers), most: podsOf(most, containers) }];
  });
  const total = (side: "least" | "most"): Size => rows.map((row) => row[side]).reduce(plus, NOTHING);
  return { rows, least: total("least"), most: total("most") };
}

const GIB = 2 ** 30;
const memoryText = (bytes: number): string => (bytes >= GIB ? `${Number((bytes / GIB).toFixed(1))}Gi` : bytesText(bytes));

/** Pods, CPU, memory and volumes for people: from the fewest to the most. */
export const sizeCells = ({ least: low, most: high }: Pick<Sizes, "least" | "most">): string[] => [
  span(String(low.pods), String(high.pods)),
  span(coresText(low.millicores), coresText(high.millicores)),
  span(memoryText(low.memoryBytes), memoryText(high.memoryBytes)),
  high.volumes === 0 ? "" : `${span(String(low.volumes), String(high.volumes))} (${memoryText(high.volumeBytes)})`,
];

/** As a table for people: one line each, and their sum. */
export const sizeTable = (sizes: Sizes): string =>
  columns([
    ["", "pods", "CPU", "memory", "volumes"],
    ...sizes.rows.map((row) => [row.of, ...sizeCells(row)]),
    ["together", ...sizeCells(sizes)],
  ]);
