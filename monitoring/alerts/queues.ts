/** Alerts about what a queue holds: its length, its age, its ladder, its deliveries. */
import { type Alert, given, ofQueue, queueLabels } from "./alert.js";

const READY = "rabbitmq_detailed_queue_messages_ready";

export const queueAlerts: readonly Alert[] = [
  {
    name: "QueueFilling",
    severity: "page",
    when: "a queue uses more than 80 % of its own length limit, for 2 minutes",
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
    when: "at the rate of the last 15 minutes a queue is full within an hour, for 5 minutes",
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
    when: "the oldest message of a working queue has reached 80 % of the queue's own TTL, for 2 minutes",
    expr: ({ ttlShare }) =>
      `warren:queue_age:seconds / on (installation, vhost, queue) warren_queue_ttl_seconds{role="work"} > ${ttlShare}`,
    forMinutes: 2,
    summary: "Messages of {{ $labels.queue }} are about to expire",
    description:
      "The oldest message of queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) has used up {{ $value | humanizePercentage }} of its time to live. After that it is dead-lettered or lost: the consumers are behind, or none takes it.",
    fires: (sample) => {
      const on = sample.expiring;
      return (
        on && {
          series: [given(sample, "warren_queue_head_age_seconds", { vhost: on.vhost, queue: on.queue }, `${on.seconds * 0.9}x20`)],
          at: 10,
          labels: queueLabels(sample, on),
          summary: `Messages of ${on.queue} are about to expire`,
          description: `The oldest message of queue ${on.queue} (vhost ${on.vhost}) has used up 90% of its time to live. After that it is dead-lettered or lost: the consumers are behind, or none takes it.`,
        }
      );
    },
    quiet: (sample) => {
      const on = sample.expiring;
      return (
        on && {
          series: [given(sample, "warren_queue_head_age_seconds", { vhost: on.vhost, queue: on.queue }, `${on.seconds * 0.7}x20`)],
          at: 10,
        }
      );
    },
  },
  {
    name: "RetryLadderFilling",
    severity: "ticket",
    when: "a retry ladder holds more than a quarter of what its queue may hold, for 5 minutes",
    expr: ({ ladderShare }) =>
      `warren:ladder_messages:sum / on (installation, vhost, source) warren_ladder_limit_messages > ${ladderShare}`,
    forMinutes: 5,
    summary: "The retry ladder of {{ $labels.source }} is filling",
    description:
      "Messages of queue {{ $labels.source }} (vhost {{ $labels.vhost }}) fail and wait to be tried again: the ladder holds {{ $value | humanizePercentage }} of what the queue itself may hold. What the handler calls is probably down.",
    fires: (sample) => {
      const on = sample.ladder;
      return (
        on && {
          series: [ofQueue(sample, "rabbitmq_detailed_queue_messages", { vhost: on.vhost, queue: on.rung }, `${on.limit * 0.5}x20`)],
          at: 15,
          labels: { installation: sample.installation, vhost: on.vhost, source: on.source },
          summary: `The retry ladder of ${on.source} is filling`,
          description: `Messages of queue ${on.source} (vhost ${on.vhost}) fail and wait to be tried again: the ladder holds 50% of what the queue itself may hold. What the handler calls is probably down.`,
        }
      );
    },
    quiet: (sample) =>
      sample.ladder && {
        series: [
          ofQueue(
            sample,
            "rabbitmq_detailed_queue_messages",
            { vhost: sample.ladder.vhost, queue: sample.ladder.rung },
            `${sample.ladder.limit * 0.2}x20`,
          ),
        ],
        at: 15,
      },
  },
  {
    name: "RedeliveryStorm",
    severity: "page",
    when: "more than half of a queue's deliveries are repeated ones, and more than one a second, for 5 minutes",
    expr: ({ redeliveredShare, redeliveriesPerSecond }) =>
      `warren:queue_redelivered:rate5m > ${redeliveriesPerSecond} and warren:queue_redelivered:rate5m / warren:queue_delivered:rate5m > ${redeliveredShare}`,
    forMinutes: 5,
    summary: "{{ $labels.queue }} delivers the same messages again and again",
    description:
      "Queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) repeats {{ $value | humanize }} deliveries a second, more than half of all. Its consumers crash, lose their connection, or put back what they cannot handle.",
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
          description: `Queue ${on.queue} (vhost ${on.vhost}) repeats 8 deliveries a second, more than half of all. Its consumers crash, lose their connection, or put back what they cannot handle.`,
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
    when: "messages need on average more than half of the deliveries that their queue's own delivery limit allows, for 5 minutes",
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
