/** The metrics that dashboards and alerts are made of are there, for every queue. */
import type { Plan } from "../../topology/compile/plan.js";
import type { Ground } from "../ground.js";
import { metrics as readMetrics, type Metric } from "../metrics.js";
import { Broken, type Case, type Note, type Probe } from "../probe.js";

const NEEDED = [
  ...["identity_info", "build_info", "queues", "connections", "channels", "consumers"],
  ...["queue_messages", "queue_messages_ready", "queue_messages_unacked"],
  ...["global_messages_received_total", "global_messages_routed_total", "global_messages_acknowledged_total"],
  ...["process_resident_memory_bytes", "resident_memory_limit_bytes", "disk_space_available_bytes"],
].map((name) => `rabbitmq_${name}`);

const PER_QUEUE = ["rabbitmq_detailed_queue_messages_ready", "rabbitmq_detailed_queue_messages_unacked"];

async function checkNeeded({ target: { metricsUrl = "" }, management }: Ground, note: Note): Promise<void> {
  const all = await readMetrics(metricsUrl);
  const names = new Set(all.map(({ name }) => name));
  const missing = NEEDED.filter((name) => !names.has(name));
  note("read", `${names.size} metrics at ${metricsUrl}`);
  if (missing.length > 0) throw new Broken(`${metricsUrl} has no metric ${missing.join(", ")}`);
  const cluster = identity(all)?.["rabbitmq_cluster"];
  const { cluster_name: expected } = await management.overview();
  note("read", `they are of cluster ${JSON.stringify(cluster)}`);
  if (expected !== undefined && cluster !== expected)
    throw new Broken(
      `${metricsUrl} has the metrics of cluster ${JSON.stringify(cluster)}, and the broker is of cluster ${JSON.stringify(expected)}`,
    );
}

const identity = (all: readonly Metric[]): Metric["labels"] | undefined =>
  all.find(({ name }) => name === "rabbitmq_identity_info")?.labels;

/** A node has the metrics of the queues that it leads. */
async function ledHere({ management, plan, vhost }: Ground, node: string | undefined): Promise<string[]> {
  const leaders = await Promise.all(plan.queues.map(async ({ name }) => [name, (await management.getQueue(vhost, name))?.node] as const));
  return leaders.filter(([, leader]) => leader === undefined || node === undefined || leader === node).map(([name]) => name);
}

async function checkQueues(ground: Ground, note: Note): Promise<void> {
  const { target, vhost, timeouts } = ground;
  const url = `${target.metricsUrl?.replace(/\/+$/, "")}/detailed?vhost=${encodeURIComponent(vhost)}&family=queue_coarse_metrics`;
  let missing: string[] = [];
  await ground.eventually(
    `${url} to have every queue`,
    async () => {
      const all = await readMetrics(url);
      const here = await ledHere(ground, identity(all)?.["rabbitmq_node"]);
      const found = new Set(all.filter(({ labels }) => labels["vhost"] === vhost).map(({ name, labels }) => `${name} ${labels["queue"]}`));
      missing = here.flatMap((queue) =>
        PER_QUEUE.filter((name) => !found.has(`${name} ${queue}`)).map((name) => `${name} of queue ${JSON.stringify(queue)}`),
      );
      note("read", `${found.size} series of queues in vhost ${JSON.stringify(vhost)}, ${missing.length} missing`);
      return missing.length === 0 || undefined;
    },
    timeouts.counts,
    () => `missing ${missing.join(", ")}`,
  );
}

export const metrics: Probe = {
  name: "metrics",
  promise: "The metrics endpoint answers with what dashboards need, for the broker and for each of its queues.",
  level: "core",
  profile: "read-only",
  needs: ["metrics"],
  cases: (plan: Plan): readonly Case[] => [
    { name: "metrics of the broker", run: checkNeeded },
    ...(plan.queues.length === 0 ? [] : [{ name: "metrics of each queue", run: checkQueues }]),
  ],
};
