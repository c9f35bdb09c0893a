/** Recording rules: what the broker, the workers and the exporter say, brought to one series for each queue. */
import type { RecordingRule } from "./constants.js";
import type { Facts } from "./facts.js";

const QUEUE = "installation, vhost, queue";

const fill = (limit: string, held: string, constant: string): RecordingRule[] => [
  { record: "warren:queue_fill:ratio" as const, expr: `${held} / on (${QUEUE}) ${constant}`, labels: { limit } },
  {
    record: "warren:queue_full_in:seconds" as const,
    // Both: a burst that has ended is no growth, though the quarter of an hour still shows one.
    expr: `(${constant} - on (${QUEUE}) ${held}) / on (${QUEUE}) (deriv(${held}[15m]) > 0 and deriv(${held}[5m]) > 0)`,
    labels: { limit },
  },
];

/** A queue that moved is for moments known to two nodes; the larger number counts. */
const largest = (of: string): string => `max by (${QUEUE}) (${of})`;

const rate = (...series: readonly string[]): string => series.map((name) => `sum by (${QUEUE}) (rate(${name}[5m]))`).join(" + ");

/**
 * Of the targets that are meant to be there, those of which Prometheus has no such series. Static targets are always there; a pod that does not run is
 * none, and has no `up` that could be 0.
 */
const lacking = (up: string): string =>
  `clamp_min(warren_targets - on (installation, job) (count by (installation, job) (${up}) or on (installation, job) warren_targets * 0), 0)`;

/** Of bytes only where a queue has such a limit: what they need is the dearest family of the broker. */
export function derivedRules(facts: Facts): RecordingRule[] {
  const bytes = facts.queues.some(({ maxLengthBytes }) => maxLengthBytes !== undefined && maxLengthBytes > 0);
  return [
    { record: "warren:targets_missing:count", expr: lacking("up") },
    { record: "warren:targets_down:count", expr: lacking("up == 1") },
    { record: "warren:queue_messages:max", expr: largest("rabbitmq_detailed_queue_messages") },
    { record: "warren:queue_messages_ready:max", expr: largest("rabbitmq_detailed_queue_messages_ready") },
    { record: "warren:queue_consumers:max", expr: largest("rabbitmq_detailed_queue_consumers") },
    ...fill("messages", "warren:queue_messages_ready:max", "warren_queue_limit_messages"),
    ...(bytes
      ? [
          { record: "warren:queue_messages_ready_bytes:max" as const, expr: largest("rabbitmq_detailed_queue_messages_ready_bytes") },
          ...fill("bytes", "warren:queue_messages_ready_bytes:max", "warren_queue_limit_bytes"),
        ]
      : []),
    {
      record: "warren:queue_delivered:rate5m",
      expr: rate("rabbitmq_detailed_queue_messages_delivered_ack_total"),
    },
    { record: "warren:queue_redelivered:rate5m", expr: rate("rabbitmq_detailed_queue_messages_redelivered_total") },
    {
      record: "warren:queue_deliveries_per_message:ratio",
      // Where all are repeated ones, it is infinite.
      expr: "warren:queue_delivered:rate5m / clamp_min(warren:queue_delivered:rate5m - warren:queue_redelivered:rate5m, 0)",
    },
    {
      record: "warren:ladder_messages:sum",
      expr: `sum by (installation, vhost, source) (warren:queue_messages:max * on (${QUEUE}) group_left (source) warren_queue_rung)`,
    },
    {
      record: "warren:ladder_limit:messages",
      // If each delivery of the busiest minutes of the last hour failed. Less of late is no fuller ladder.
      expr: `max by (installation, vhost, source) (label_replace(max_over_time(warren:queue_delivered:rate5m[1h]), "source", "$1", "queue", "(.*)")) * on (installation, vhost, source) warren_ladder_seconds`,
    },
    {
      record: "warren:queue_members:count",
      expr: `count by (${QUEUE}) (rabbitmq_detailed_queue_info{queue_type="rabbit_quorum_queue",membership=~"leader|follower"})`,
    },
    {
      record: "warren:node_leaders:count",
      // A node without a leader has no series to count.
      expr: `count by (installation, instance) (rabbitmq_detailed_queue_info{queue_type="rabbit_quorum_queue",membership="leader"}) or max by (installation, instance) (up{job="rabbitmq-detailed"} == 1) * 0`,
    },
  ];
}
