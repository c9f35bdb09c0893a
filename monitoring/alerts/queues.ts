/** Alerts about what a queue holds: its length, its age, its ladder, its deliveries. */
import { type Alert, given, ofQueue, percent, queueLabels, type Sample, type TestSeries } from "./alert.js";

const READY = "rabbitmq_detailed_queue_messages_ready";

/** Workers know topologies, not vhosts. */
const IN_VHOST = "* on (installation, topology) group_left (vhost) warren_topology_info";
const settled = `sum by (installation, vhost, queue) (rate(warren_worker_outcomes_total[5m]) ${IN_VHOST})`;

/** A series of a worker. */
const ofWorker = (sample: Sample, name: string, labels: Readonly<Record<string, string>>, values: string): TestSeries =>
  given(sample, name, { job: "warren-workers", instance: "worker:9394", service: "worker", topology: sample.topology, ...labels }, values);

export const queueAlerts: readonly Alert[] = [
  {
    name: "QueueFilling",
    severity: "page",
    when: ({ fillShare }) => `a queue uses more than ${percent(fillShare)} of its own length limit, for 2 minutes`,
    expr: ({ fillShare }) => `warren:queue_fill:ratio > ${fillShare}`,
    forMinutes: 2,
    summary: "{{ $labels.queue }} is {{ $value | humanizePercentage }} full",
    description:
      "Queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) uses {{ $value | humanizePercentage }} of its limit of {{ $labels.limit }}. When it is full, it drops or refuses messages: see whether its consumers run and keep up.",
    fires: (sample) => {
      const on = sample.limited;
      return (
        on && {
          series: [ofQueue(sample, READY, on, `${on.limit * 0.9}x20`)],
          at: 10,
          labels: { ...queueLabels(sample, on), limit: "messages" },
          summary: `${on.queue} is 90% full`,
          description: `Queue ${on.queue} (vhost ${on.vhost}) uses 90% of its limit of messages. When it is full, it drops or refuses messages: see whether its consumers run and keep up.`,
        }
      );
    },
    quiet: (sample) => sample.limited && { series: [ofQueue(sample, READY, sample.limited, `${sample.limited.limit * 0.75}x20`)], at: 10 },
  },
  {
    name: "QueueFullSoon",
    severity: "page",
    when: ({ fullWithinSeconds }) =>
      `at the rate of the last 15 minutes a queue is full within ${fullWithinSeconds / 60} minutes, for 5 minutes`,
    expr: ({ fullWithinSeconds }) => `round(warren:queue_full_in:seconds) < ${fullWithinSeconds} and warren:queue_fill:ratio > 0.1`,
    forMinutes: 5,
    summary: "{{ $labels.queue }} is full in {{ $value | humanizeDuration }}",
    description:
      "Queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) grows so fast that its limit of {{ $labels.limit }} is reached in {{ $value | humanizeDuration }}. Its consumers are too slow or gone, or somebody publishes far more than usual.",
    fires: (sample) => {
      const on = sample.limited;
      return (
        on && {
          // A hundredth of the limit each minute: half full after 50 minutes, and 50 more to go.
          series: [ofQueue(sample, READY, on, `0+${on.limit / 100}x60`)],
          at: 50,
          labels: { ...queueLabels(sample, on), limit: "messages" },
          summary: `${on.queue} is full in 50m 0s`,
          description: `Queue ${on.queue} (vhost ${on.vhost}) grows so fast that its limit of messages is reached in 50m 0s. Its consumers are too slow or gone, or somebody publishes far more than usual.`,
        }
      );
    },
    quiet: (sample) =>
      sample.limited && {
        series: [ofQueue(sample, READY, sample.limited, `${sample.limited.limit * 0.5}+${sample.limited.limit / 1000}x60`)],
        at: 50,
      },
  },
  {
    name: "MessagesNearTtl",
    severity: "page",
    when: ({ ttlShare }) =>
      `workers got messages that had spent 80 % of their queue's own TTL in it, or a working classic queue's head has reached ${percent(ttlShare)} of it, for 2 minutes`,
    // A head that is older than the TTL was put back, or came back from a ladder: it has not been in the queue for so long.
    expr: ({ ttlShare }) =>
      `sum by (installation, vhost, queue) (increase(warren_worker_near_ttl_total[5m]) * on (installation, topology) group_left (vhost) warren_topology_info) > 0 or (max by (installation, vhost, queue) (warren_queue_head_age_seconds) / on (installation, vhost, queue) warren_queue_ttl_seconds{role="work"} > ${ttlShare}) <= 1`,
    forMinutes: 2,
    summary: "Messages of {{ $labels.queue }} are about to expire",
    description:
      "The oldest messages of queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) have used up most of their time to live there. After that they are dead-lettered or lost: the consumers are behind, or none takes them.",
    fires: (sample) => {
      const on = sample.expiring;
      return (
        on && {
          series: [ofWorker(sample, "warren_worker_near_ttl_total", { queue: on.queue }, "0x5 1+3x20")],
          at: 10,
          labels: queueLabels(sample, on),
          summary: `Messages of ${on.queue} are about to expire`,
          description: `The oldest messages of queue ${on.queue} (vhost ${on.vhost}) have used up most of their time to live there. After that they are dead-lettered or lost: the consumers are behind, or none takes them.`,
        }
      );
    },
    quiet: (sample) => {
      const on = sample.expiring;
      return (
        on && {
          series: [
            ofWorker(sample, "warren_worker_near_ttl_total", { queue: on.queue }, "3x20"),
            // Since they were published; in buckets that end far apart.
            ...["900", "3600", "21600", "86400", "+Inf"].map((le) =>
              ofWorker(
                sample,
                "warren_worker_message_age_seconds_bucket",
                { queue: on.queue, le },
                Number(le) < on.seconds / 4 ? "0x20" : "0+60x20",
              ),
            ),
          ],
          at: 10,
        }
      );
    },
  },
  {
    name: "RetryLadderFilling",
    severity: "ticket",
    when: ({ retryShare, settledPerSecond, ladderShare, ladderMessages }) =>
      `more than ${percent(retryShare)} of what becomes of a queue's deliveries are retries (of more than ${settledPerSecond} a second), or its ladder holds more than ${ladderMessages} messages and ${percent(ladderShare)} of all that would be there if each delivery failed, for 5 minutes`,
    expr: ({ retryShare, settledPerSecond, ladderShare, ladderMessages }) =>
      `sum by (installation, vhost, source) (label_replace(sum by (installation, vhost, queue) (rate(warren_worker_retries_total[5m]) ${IN_VHOST}) / ${settled} > ${retryShare} and ${settled} > ${settledPerSecond}, "source", "$1", "queue", "(.*)")) or on (installation, vhost, source) (warren:ladder_messages:sum / on (installation, vhost, source) warren:ladder_limit:messages > ${ladderShare} and on (installation, vhost, source) warren:ladder_messages:sum > ${ladderMessages})`,
    forMinutes: 5,
    summary: "{{ $value | humanizePercentage }} of the messages of {{ $labels.source }} are tried again",
    description:
      "Messages of queue {{ $labels.source }} (vhost {{ $labels.vhost }}) fail and wait in its ladder to be tried again: {{ $value | humanizePercentage }} of them. What the handler calls is probably down.",
    fires: (sample) => {
      const on = sample.ladder;
      return (
        on && {
          series: [
            ofWorker(sample, "warren_worker_retries_total", { queue: on.source }, "0+30x20"),
            ofWorker(sample, "warren_worker_outcomes_total", { queue: on.source, message: "m", outcome: "ack" }, "0+30x20"),
            ofWorker(sample, "warren_worker_outcomes_total", { queue: on.source, message: "m", outcome: "retry" }, "0+30x20"),
          ],
          at: 15,
          labels: { installation: sample.installation, vhost: on.vhost, source: on.source },
          summary: `50% of the messages of ${on.source} are tried again`,
          description: `Messages of queue ${on.source} (vhost ${on.vhost}) fail and wait in its ladder to be tried again: 50% of them. What the handler calls is probably down.`,
        }
      );
    },
    // One in ten; and all of the few that came last.
    quiet: (sample) => {
      const on = sample.ladder;
      return (
        on && {
          series: [
            ofWorker(sample, "warren_worker_retries_total", { queue: on.source }, "0+3x20"),
            ofWorker(sample, "warren_worker_outcomes_total", { queue: on.source, message: "m", outcome: "ack" }, "0+27x20"),
            ofWorker(sample, "warren_worker_outcomes_total", { queue: on.source, message: "m", outcome: "retry" }, "0+3x20"),
            ofQueue(sample, "rabbitmq_detailed_queue_messages", { vhost: on.vhost, queue: on.rung }, "20x20"),
          ],
          at: 15,
        }
      );
    },
  },
  {
    name: "RedeliveryStorm",
    severity: "page",
    when: ({ redeliveredShare, redeliveriesPerSecond }) =>
      `more than ${percent(redeliveredShare)} of a queue's deliveries are repeated ones, and more than ${redeliveriesPerSecond} a second, for 5 minutes`,
    expr: ({ redeliveredShare, redeliveriesPerSecond }) =>
      `warren:queue_redelivered:rate5m > ${redeliveriesPerSecond} and warren:queue_redelivered:rate5m / warren:queue_delivered:rate5m > ${redeliveredShare}`,
    forMinutes: 5,
    summary: "{{ $labels.queue }} delivers the same messages again and again",
    description: ({ redeliveredShare }) =>
      `Queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) repeats {{ $value | humanize }} deliveries a second, more than ${percent(redeliveredShare)} of all. Its consumers crash, lose their connection, or put back what they cannot handle.`,
    fires: (sample) => {
      const on = sample.deliveryLimited;
      return (
        on && {
          series: [
            ofQueue(sample, "rabbitmq_detailed_queue_messages_delivered_ack_total", on, "0+600x30"),
            ofQueue(sample, "rabbitmq_detailed_queue_messages_redelivered_total", on, "0+480x30"),
          ],
          at: 20,
          labels: queueLabels(sample, on),
          summary: `${on.queue} delivers the same messages again and again`,
          description: `Queue ${on.queue} (vhost ${on.vhost}) repeats 8 deliveries a second, more than 50 % of all. Its consumers crash, lose their connection, or put back what they cannot handle.`,
        }
      );
    },
    quiet: (sample) =>
      sample.deliveryLimited && {
        series: [
          ofQueue(sample, "rabbitmq_detailed_queue_messages_delivered_ack_total", sample.deliveryLimited, "0+600x30"),
          ofQueue(sample, "rabbitmq_detailed_queue_messages_redelivered_total", sample.deliveryLimited, "0+120x30"),
        ],
        at: 20,
      },
  },
  {
    name: "DeliveryLimitNear",
    severity: "ticket",
    when: ({ deliveryLimitShare }) =>
      `messages need on average more than ${percent(deliveryLimitShare)} of the deliveries that their queue's own delivery limit allows, for 5 minutes`,
    expr: ({ deliveryLimitShare }) =>
      `warren:queue_deliveries_per_message:ratio / on (installation, vhost, queue) warren_queue_delivery_limit > ${deliveryLimitShare} and on (installation, vhost, queue) warren:queue_redelivered:rate5m > 0`,
    forMinutes: 5,
    summary: "Messages of {{ $labels.queue }} come near the delivery limit",
    description:
      "Messages of queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) are delivered so often that the delivery limit is near: then the broker takes them away, to the dead letters if there are any. A message that no consumer survives does this.",
    fires: (sample) => {
      const on = sample.deliveryLimited;
      return (
        on && {
          series: [
            // All but one in (limit + 1) are repeated ones: as many deliveries for each message as are allowed.
            ofQueue(sample, "rabbitmq_detailed_queue_messages_delivered_ack_total", on, `0+${on.limit + 1}x30`),
            ofQueue(sample, "rabbitmq_detailed_queue_messages_redelivered_total", on, `0+${on.limit}x30`),
          ],
          at: 20,
          labels: queueLabels(sample, on),
          summary: `Messages of ${on.queue} come near the delivery limit`,
          description: `Messages of queue ${on.queue} (vhost ${on.vhost}) are delivered so often that the delivery limit is near: then the broker takes them away, to the dead letters if there are any. A message that no consumer survives does this.`,
        }
      );
    },
    quiet: (sample) =>
      sample.deliveryLimited && {
        series: [
          ofQueue(sample, "rabbitmq_detailed_queue_messages_delivered_ack_total", sample.deliveryLimited, "0+600x30"),
          ofQueue(sample, "rabbitmq_detailed_queue_messages_redelivered_total", sample.deliveryLimited, "0+30x30"),
        ],
        at: 20,
      },
  },
];
