/** Alerts about dead letters: that they arrive, and that nobody has looked at them. */
import { type Alert, given, percent, queueLabels, type Sample, type TestSeries } from "./alert.js";

const LETTERS = "warren_dead_letters_total";

const letters = (sample: Sample, instance: string, values: string): TestSeries =>
  given(
    sample,
    LETTERS,
    { job: "warren-exporter", instance, vhost: sample.vhost, queue: "dead", source: "work", reason: "rejected" },
    values,
  );
const exporterUp = (sample: Sample, values: string): TestSeries => given(sample, "up", { job: "warren-exporter", instance: "one" }, values);

export const deadLetterAlerts: readonly Alert[] = [
  {
    name: "DeadLettersArriving",
    severity: "ticket",
    when: "dead letters arrived in the last 10 minutes, by the queue they died in and the reason, as far as they are counted",
    // Of two exporters each counts all. A counter that begins above 0 has not increased, and is news all the same: if the exporter answered before,
    // so that it would have been seen. Where no exporter counts, as for what comes through the default exchange, the queue's growth has to do.
    expr: () =>
      `max by (installation, vhost, queue, source, reason) (increase(${LETTERS}[10m]) > 0 or (${LETTERS} > 0 unless ${LETTERS} offset 10m) and on (installation, instance) (up{job="warren-exporter"} offset 10m == 1)) or delta(warren:queue_messages:max[10m]) > 0 and on (installation, vhost, queue) warren_queue_dead_letters unless on (installation, vhost, queue) ${LETTERS}`,
    forMinutes: 0,
    summary: "Messages{{ with $labels.source }} of {{ . }}{{ end }} become dead letters{{ with $labels.reason }} ({{ . }}){{ end }}",
    description:
      'About {{ $value | printf "%.0f" }} messages{{ with $labels.source }} of queue {{ . }}{{ end }} came to {{ $labels.queue }} (vhost {{ $labels.vhost }}) in the last 10 minutes{{ with $labels.reason }}, for the reason "{{ . }}"{{ end }}. They wait there for somebody to look, mend the cause and put them back.',
    fires: (sample) => ({
      // Two exporters, each of which sees all.
      series: ["one", "two"].map((instance) => letters(sample, instance, "0+10x30")),
      at: 20,
      labels: { installation: sample.installation, vhost: sample.vhost, queue: "dead", source: "work", reason: "rejected" },
      summary: "Messages of work become dead letters (rejected)",
      description: `About 100 messages of queue work came to dead (vhost ${sample.vhost}) in the last 10 minutes, for the reason "rejected". They wait there for somebody to look, mend the cause and put them back.`,
    }),
    // Nobody scraped the exporter for a while: what it had counted before is no news when it comes back, at 18 minutes.
    quiet: (sample) => ({
      series: [exporterUp(sample, "1x5 0x12 1x12"), letters(sample, "one", "7x5 stale _x11 7x12")],
      at: 20,
    }),
  },
  {
    name: "DeadLettersNearTtl",
    severity: "ticket",
    when: ({ ttlShare }) => `the oldest dead letter has reached ${percent(ttlShare)} of its queue's own TTL, for 10 minutes`,
    expr: ({ ttlShare }) =>
      `max by (installation, vhost, queue) (warren_queue_head_age_seconds) / on (installation, vhost, queue) warren_queue_ttl_seconds{role="dead-letter"} > ${ttlShare}`,
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
