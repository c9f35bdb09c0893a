/** Alerts about dead letters: that they arrive, and that nobody has looked at them. */
import { type Alert, given, queueLabels } from "./alert.js";

export const deadLetterAlerts: readonly Alert[] = [
  {
    name: "DeadLettersArriving",
    severity: "ticket",
    when: "dead letters arrived in the last 10 minutes, by the queue they died in and the reason",
    // The second half: a counter that begins above 0 has not increased, and is news all the same.
    expr: () =>
      `sum by (installation, vhost, queue, source, reason) (increase(warren_dead_letters_total[10m]) > 0 or ((warren_dead_letters_total unless warren_dead_letters_total offset 10m) > 0))`,
    forMinutes: 0,
    summary: "Messages of {{ $labels.source }} become dead letters ({{ $labels.reason }})",
    description:
      'About {{ $value | printf "%.0f" }} messages of queue {{ $labels.source }} (vhost {{ $labels.vhost }}) came to {{ $labels.queue }} in the last 10 minutes, for the reason "{{ $labels.reason }}". They wait there for somebody to look, mend the cause and put them back.',
    fires: (sample) => ({
      series: [
        given(sample, "warren_dead_letters_total", { vhost: sample.vhost, queue: "dead", source: "work", reason: "rejected" }, "0+10x30"),
      ],
      at: 20,
      labels: { installation: sample.installation, vhost: sample.vhost, queue: "dead", source: "work", reason: "rejected" },
      summary: "Messages of work become dead letters (rejected)",
      description: `About 100 messages of queue work (vhost ${sample.vhost}) came to dead in the last 10 minutes, for the reason "rejected". They wait there for somebody to look, mend the cause and put them back.`,
    }),
    quiet: (sample) => ({
      series: [
        given(sample, "warren_dead_letters_total", { vhost: sample.vhost, queue: "dead", source: "work", reason: "rejected" }, "7x30"),
      ],
      at: 20,
    }),
  },
  {
    name: "DeadLettersNearTtl",
    severity: "ticket",
    when: "the oldest dead letter has reached 80 % of its queue's own TTL, for 10 minutes",
    expr: ({ ttlShare }) =>
      `warren:queue_age:seconds / on (installation, vhost, queue) warren_queue_ttl_seconds{role="dead-letter"} > ${ttlShare}`,
    forMinutes: 10,
    summary: "Dead letters in {{ $labels.queue }} are about to be lost",
    description:
      "The oldest dead letter in {{ $labels.queue }} (vhost {{ $labels.vhost }}) has used up {{ $value | humanizePercentage }} of its time to live. After that it is gone for good: look at it, put it back, or decide that it may go.",
    fires: (sample) => {
      const on = sample.expiringDeadLetters;
      return (
        on && {
          series: [given(sample, "warren_queue_head_age_seconds", { vhost: on.vhost, queue: on.queue }, `${on.seconds * 0.9}x20`)],
          at: 15,
          labels: queueLabels(sample, on),
          summary: `Dead letters in ${on.queue} are about to be lost`,
          description: `The oldest dead letter in ${on.queue} (vhost ${on.vhost}) has used up 90% of its time to live. After that it is gone for good: look at it, put it back, or decide that it may go.`,
        }
      );
    },
    quiet: (sample) => {
      const on = sample.expiringDeadLetters;
      return (
        on && {
          series: [given(sample, "warren_queue_head_age_seconds", { vhost: on.vhost, queue: on.queue }, `${on.seconds * 0.5}x20`)],
          at: 15,
        }
      );
    },
  },
];
