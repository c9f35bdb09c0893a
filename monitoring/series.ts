/** Every series that rules and dashboards may ask for: where it comes from, and its labels. All have `installation`, `job` and `instance` as well. */

/** What exports a series. `rabbitmq-detailed` is the broker's `/metrics/detailed`, which has a series only if its family is asked for. */
export type Source = "rabbitmq" | "rabbitmq-detailed" | "warren-workers" | "warren-exporter" | "rules" | "prometheus";

/** A job of Prometheus: what it scrapes for this. */
export type Job = Exclude<Source, "rules" | "prometheus">;

/** The families of `/metrics/detailed` that hold something used here. */
export type Family = "queue_coarse_metrics" | "queue_consumer_count" | "queue_delivery_metrics" | "queue_metrics" | "exchange_metrics";

export interface Series {
  readonly source: Source;
  readonly type: "gauge" | "counter" | "histogram";
  readonly labels: readonly string[];
  /** Of `/metrics/detailed`. */
  readonly family?: Family;
  readonly help: string;
}

const QUEUE = ["vhost", "queue"] as const;
const WORKER = ["service", "topology"] as const;

const detailed = (family: Family, type: "gauge" | "counter", labels: readonly string[], help: string): Series => ({
  source: "rabbitmq-detailed",
  family,
  type,
  labels,
  help,
});
const node = (help: string): Series => ({ source: "rabbitmq", type: "gauge", labels: [], help });
const exported = (type: "gauge" | "counter", labels: readonly string[], help: string): Series => ({
  source: "warren-exporter",
  type,
  labels,
  help,
});
const worker = (type: Series["type"], labels: readonly string[], help: string): Series => ({
  source: "warren-workers",
  type,
  labels: [...WORKER, ...labels],
  help,
});
const recorded = (labels: readonly string[], help: string): Series => ({ source: "rules", type: "gauge", labels, help });

/** By name. Names of the broker are those of RabbitMQ 4.3; a histogram stands here with the names of its parts that are used. */
export const SERIES = {
  up: { source: "prometheus", type: "gauge", labels: [], help: "1 while Prometheus reaches the target." },

  rabbitmq_alarms_memory_used_watermark: node("1 while the node's memory alarm holds."),
  rabbitmq_alarms_free_disk_space_watermark: node("1 while the node's disk alarm holds."),
  rabbitmq_disk_space_available_bytes: node("Free disk space of the node."),
  rabbitmq_disk_space_available_limit_bytes: node("Free disk space below which the disk alarm holds."),
  rabbitmq_process_resident_memory_bytes: node("Memory of the node."),
  rabbitmq_resident_memory_limit_bytes: node("Memory above which the memory alarm holds."),
  rabbitmq_unreachable_cluster_peers_count: node("Nodes of the cluster that this one does not reach."),
  rabbitmq_connections: node("Open connections of the node."),
  rabbitmq_channels: node("Open channels of the node."),

  rabbitmq_detailed_queue_messages: detailed("queue_coarse_metrics", "gauge", QUEUE, "Messages, ready and unacknowledged."),
  rabbitmq_detailed_queue_messages_ready: detailed(
    "queue_coarse_metrics",
    "gauge",
    QUEUE,
    "Messages that wait: those that a length limit counts.",
  ),
  rabbitmq_detailed_queue_messages_unacked: detailed("queue_coarse_metrics", "gauge", QUEUE, "Messages that a consumer holds."),
  rabbitmq_detailed_queue_info: detailed(
    "queue_coarse_metrics",
    "gauge",
    [...QUEUE, "queue_type", "membership"],
    "1 on each node that has a member of the queue; membership is leader or follower.",
  ),
  rabbitmq_detailed_queue_consumers: detailed("queue_consumer_count", "gauge", QUEUE, "Consumers."),
  rabbitmq_detailed_queue_messages_delivered_ack_total: detailed(
    "queue_delivery_metrics",
    "counter",
    QUEUE,
    "Deliveries that have to be acknowledged, repeated ones included.",
  ),
  rabbitmq_detailed_queue_messages_redelivered_total: detailed("queue_delivery_metrics", "counter", QUEUE, "Repeated deliveries."),
  rabbitmq_detailed_queue_messages_acked_total: detailed("queue_delivery_metrics", "counter", QUEUE, "Acknowledged deliveries."),
  rabbitmq_detailed_queue_messages_ready_bytes: detailed("queue_metrics", "gauge", QUEUE, "Bodies of the messages that wait."),
  rabbitmq_detailed_exchange_messages_unroutable_dropped_total: detailed(
    "exchange_metrics",
    "counter",
    ["vhost", "exchange"],
    "Messages that no queue got, and that were dropped without a word.",
  ),
  rabbitmq_detailed_exchange_messages_unroutable_returned_total: detailed(
    "exchange_metrics",
    "counter",
    ["vhost", "exchange"],
    "Messages that no queue got, and that went back to their publisher.",
  ),

  warren_dead_letters_total: exported(
    "counter",
    [...QUEUE, "source", "reason"],
    "Dead letters, by the queue they lie in and the one they died in.",
  ),
  warren_queue_head_age_seconds: exported(
    "gauge",
    QUEUE,
    "Age of the head: of a working classic queue by its timestamp, of dead letters that expire by when the first of them died.",
  ),
  warren_certificate_expiry_timestamp_seconds: exported("gauge", ["endpoint"], "When the certificate of an endpoint ends."),
  warren_queue_expected_consumers: exported(
    "gauge",
    [...QUEUE, "service"],
    "1 where the topology says that the service consumes the queue.",
  ),
  warren_queue_service_consumers: exported(
    "gauge",
    [...QUEUE, "service"],
    "Consumers of the service's users: its own, and the second one of a change of password.",
  ),
  warren_node_quorum_critical: exported("gauge", ["node"], "1 if a queue loses its quorum when this node stops."),
  warren_drift_objects: exported("gauge", ["vhost", "kind"], "Objects that differ from the topology: missing, mismatched, extra."),
  warren_exporter_look_up: exported(
    "gauge",
    ["look", "vhost", "endpoint"],
    "1 if the exporter's last look of this kind brought something; 0 from its start until then. Vhost and endpoint where it is about one.",
  ),
  warren_exporter_last_success_timestamp_seconds: exported("gauge", ["vhost"], "When the exporter last read the whole vhost."),

  warren_worker_message_age_seconds_bucket: worker("histogram", ["queue", "le"], "From a message's timestamp to its delivery."),
  warren_worker_blocked: worker("gauge", ["purpose"], "1 while an alarm of the broker blocks this connection."),
  warren_worker_connected: worker("gauge", ["purpose"], "1 while this connection is open."),
  warren_worker_published_total: worker("counter", ["message"], "Messages that the broker confirmed."),
  warren_worker_outcomes_total: worker("counter", ["queue", "message", "outcome"], "What became of deliveries."),
  warren_worker_retries_total: worker("counter", ["queue"], "Deliveries sent to the ladder of their queue."),
  warren_worker_near_ttl_total: worker("counter", ["queue"], "Deliveries that had spent 80 % of their queue's TTL in it."),
  warren_worker_in_flight: worker("gauge", ["queue"], "Deliveries that are not settled."),
  warren_worker_consumer_state: worker("gauge", ["queue", "state"], "Consumers in each state."),

  warren_topology_info: recorded(["topology", "vhost"], "1: the vhost of a topology."),
  warren_targets: recorded(["job"], "Targets of the job that there are meant to be."),
  warren_queue_limit_messages: recorded([...QUEUE, "role"], "The queue's length limit."),
  warren_queue_limit_bytes: recorded([...QUEUE, "role"], "The queue's length limit in bytes."),
  warren_queue_ttl_seconds: recorded([...QUEUE, "role"], "The queue's message TTL; none for a rung, whose messages are meant to expire."),
  warren_queue_delivery_limit: recorded([...QUEUE, "role"], "Deliveries that may fail before a message leaves the queue."),
  warren_queue_members: recorded([...QUEUE, "role"], "Members that the quorum queue is meant to have on these nodes."),
  warren_queue_promised_consumers: recorded([...QUEUE, "service"], "Least number of consumers that the service promises."),
  warren_queue_rung: recorded([...QUEUE, "source"], "1: the queue is a rung of the source's retry ladder."),
  warren_queue_dead_letters: recorded(QUEUE, "1: dead letters reach the queue, and nothing else does."),
  warren_ladder_seconds: recorded(["vhost", "source"], "How long a message waits in all the rungs of the ladder together."),
  warren_exchange_of_instances: recorded(
    ["vhost", "exchange"],
    "1: only queues of instances can be reached from the exchange; without a name the default one.",
  ),

  "warren:targets_missing:count": recorded(
    ["job"],
    "Targets of the job that Prometheus does not have: a pod that waits for a place, was evicted or deleted is none.",
  ),
  "warren:targets_down:count": recorded(["job"], "Targets of the job that do not answer or are missing."),
  "warren:queue_messages:max": recorded(QUEUE, "Messages, ready and unacknowledged."),
  "warren:queue_messages_ready:max": recorded(QUEUE, "Messages that wait."),
  "warren:queue_messages_ready_bytes:max": recorded(QUEUE, "Bodies of the messages that wait."),
  "warren:queue_consumers:max": recorded(QUEUE, "Consumers."),
  "warren:queue_fill:ratio": recorded([...QUEUE, "limit"], "Share of the length limit that is used; limit is messages or bytes."),
  "warren:queue_full_in:seconds": recorded(
    [...QUEUE, "limit"],
    "Time until the limit is reached at the rate of the last 15 minutes; only while it grows.",
  ),
  "warren:queue_delivered:rate5m": recorded(QUEUE, "Deliveries a second, repeated ones included."),
  "warren:queue_redelivered:rate5m": recorded(QUEUE, "Repeated deliveries a second."),
  "warren:queue_deliveries_per_message:ratio": recorded(QUEUE, "Deliveries for each message that is delivered."),
  "warren:ladder_messages:sum": recorded(["vhost", "source"], "Messages in the rungs of a queue's retry ladder."),
  "warren:ladder_limit:messages": recorded(
    ["vhost", "source"],
    "What the ladder would hold if each delivery failed: rate of deliveries, the highest of the last hour, times the ladder's time.",
  ),
  "warren:queue_members:count": recorded(QUEUE, "Members of a quorum queue on nodes that answer."),
  "warren:node_leaders:count": recorded(["instance"], "Leaders of quorum queues on the node."),
} as const satisfies Readonly<Record<string, Series>>;

export type SeriesName = keyof typeof SERIES;

export const isSeries = (name: string): name is SeriesName => Object.hasOwn(SERIES, name);
