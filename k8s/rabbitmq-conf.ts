/** rabbitmq.conf of a node in production: what agrees with its memory, its volume and the size of its cluster. Pure. */
import type { InstallationPlan } from "../topology/compile/plan.js";
import { bytesOf } from "./quantities.js";
import type { ProdSettings } from "./settings.js";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** What the cluster operator tells the broker of its memory: the limit less a fifth, at most 2 GiB (source: its `removeHeadroom`). */
export const brokerMemory = (limit: number): number => limit - Math.min(Math.floor(limit / 5), 2 * GIB);

/** Bytes at which publishers are held back. */
export const watermarkBytes = ({ cluster: { resources, memoryWatermark } }: ProdSettings): number =>
  Math.floor(brokerMemory(bytesOf(resources.memory)) * memoryWatermark);

/** A node that runs out of space is lost; one that holds publishers back is not. */
export function diskFreeLimit({ cluster }: ProdSettings): number {
  const { diskFreeLimit: chosen, storage, resources } = cluster;
  if (chosen !== undefined) return bytesOf(chosen);
  const volume = bytesOf(storage.size);
  const wanted = bytesOf(resources.memory);
  return volume === 0 ? Math.min(wanted, 256 * MIB) : Math.min(wanted, Math.floor(volume / 5));
}

/** Quorum queues keep up to three of these files in memory (source: quorum queues, resource use). */
export const walBytes = (memory: number): number => Math.min(512 * MIB, Math.max(32 * MIB, Math.floor(memory / 16 / MIB) * MIB));

const isTransient = (plan: InstallationPlan): boolean =>
  plan.vhosts.some(({ queues, templates }) => [...queues, ...templates].some(({ type, durable }) => type === "classic" && !durable));

/** Beside what the operator says: where peers are found, the certificate's place, the listeners. */
export function rabbitmqConf(settings: ProdSettings, plan: InstallationPlan): string {
  const { cluster } = settings;
  const groups: readonly (readonly [string, readonly string[]])[] = [
    [
      "Of the memory that the operator names, which is the pod's limit less its headroom.",
      [`vm_memory_high_watermark.relative = ${cluster.memoryWatermark}`],
    ],
    [
      "",
      [`disk_free_limit.absolute = ${diskFreeLimit(settings)}`, `raft.wal_max_size_bytes = ${walBytes(bytesOf(cluster.resources.memory))}`],
    ],
    ["The smaller side of a network that falls apart stops.", ["cluster_partition_handling = pause_minority"]],
    ["Else the node that provisions would lead every queue.", ["queue_leader_locator = balanced"]],
    [
      "Queues get members on nodes that come, and lose those on nodes that are forgotten.",
      [
        "quorum_queue.continuous_membership_reconciliation.enabled = true",
        "quorum_queue.continuous_membership_reconciliation.auto_remove = true",
        `quorum_queue.continuous_membership_reconciliation.target_group_size = ${Math.min(3, cluster.nodes)}`,
      ],
    ],
    [
      "Gone in a later version: refused from the start.",
      ["global_qos", ...(isTransient(plan) ? [] : ["transient_nonexcl_queues"])].map(
        (feature) => `deprecated_features.permit.${feature} = false`,
      ),
    ],
    ["", ["ssl_options", "management.ssl"].flatMap((options) => [`${options}.versions.1 = tlsv1.3`, `${options}.versions.2 = tlsv1.2`])],
    ["", ["log.console = true", "log.console.level = info", "log.console.formatter = json"]],
    // The operator closes every other plain listener (source: rabbitmq_prometheus 4.3.6, which opens this one beside the other).
    ["Metrics without TLS for the node itself alone.", ["prometheus.tcp.ip = 127.0.0.1", "prometheus.tcp.port = 15692"]],
    ["Per queue there is /metrics/detailed.", ["prometheus.return_per_object_metrics = false"]],
    ["", cluster.config.split("\n").filter((line) => line.trim() !== "")],
  ];
  return groups
    .filter(([, lines]) => lines.length > 0)
    .map(([why, lines]) => [...(why === "" ? [] : [`# ${why}`]), ...lines, ""].join("\n"))
    .join("");
}
