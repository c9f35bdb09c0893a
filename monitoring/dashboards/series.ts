/** The series that the dashboards ask for, by who exports them: the jobs of Prometheus. Nothing else may stand in a query. */

export type SeriesSource = "rabbitmq" | "rabbitmq-detailed" | "warren-workers" | "warren-exporter" | "prometheus";

export const SERIES_USED = {
  up: "prometheus",

  rabbitmq_alarms_memory_used_watermark: "rabbitmq",
  rabbitmq_alarms_free_disk_space_watermark: "rabbitmq",
  rabbitmq_disk_space_available_bytes: "rabbitmq",
  rabbitmq_disk_space_available_limit_bytes: "rabbitmq",
  rabbitmq_process_resident_memory_bytes: "rabbitmq",
  rabbitmq_resident_memory_limit_bytes: "rabbitmq",
  rabbitmq_unreachable_cluster_peers_count: "rabbitmq",
  rabbitmq_connections: "rabbitmq",
  rabbitmq_channels: "rabbitmq",

  rabbitmq_detailed_queue_messages: "rabbitmq-detailed",
  rabbitmq_detailed_queue_messages_ready: "rabbitmq-detailed",
  rabbitmq_detailed_queue_messages_unacked: "rabbitmq-detailed",
  rabbitmq_detailed_queue_consumers: "rabbitmq-detailed",
  rabbitmq_detailed_queue_messages_delivered_ack_total: "rabbitmq-detailed",
  rabbitmq_detailed_queue_messages_redelivered_total: "rabbitmq-detailed",
  rabbitmq_detailed_queue_messages_acked_total: "rabbitmq-detailed",

  warren_worker_published_total: "warren-workers",
  warren_worker_outcomes_total: "warren-workers",
  warren_worker_retries_total: "warren-workers",
  warren_worker_in_flight: "warren-workers",
  warren_worker_message_age_seconds_bucket: "warren-workers",
  warren_worker_connected: "warren-workers",
  warren_worker_blocked: "warren-workers",
  warren_worker_consumer_state: "warren-workers",

  warren_dead_letters_total: "warren-exporter",
  warren_certificate_expiry_timestamp_seconds: "warren-exporter",
  warren_queue_expected_consumers: "warren-exporter",
  warren_queue_service_consumers: "warren-exporter",
  warren_node_quorum_critical: "warren-exporter",
  warren_drift_objects: "warren-exporter",
  warren_exporter_last_success_timestamp_seconds: "warren-exporter",
} as const satisfies Readonly<Record<string, SeriesSource>>;

export type SeriesUsed = keyof typeof SERIES_USED;
