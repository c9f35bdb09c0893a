/** Alerts about what the other alerts stand on: targets that do not answer, an exporter that sees nothing, a broker that is not as written. */
import { type Alert, given } from "./alert.js";

const SUCCESS = "warren_exporter_last_success_timestamp_seconds";

export const monitoringAlerts: readonly Alert[] = [
  {
    name: "TargetDown",
    severity: "ticket",
    when: "a worker, the exporter or a node's detailed metrics do not answer Prometheus, for 5 minutes",
    expr: () => 'up{job=~"rabbitmq-detailed|warren-workers|warren-exporter"} == 0',
    forMinutes: 5,
    summary: "{{ $labels.job }} at {{ $labels.instance }} does not answer",
    description:
      "Prometheus does not reach {{ $labels.job }} at {{ $labels.instance }}. Alerts that need its numbers keep quiet meanwhile, whatever happens.",
    fires: (sample) => ({
      series: [given(sample, "up", { job: "warren-exporter", instance: "exporter:9419" }, "1 0x20")],
      at: 10,
      labels: { installation: sample.installation, job: "warren-exporter", instance: "exporter:9419" },
      summary: "warren-exporter at exporter:9419 does not answer",
      description:
        "Prometheus does not reach warren-exporter at exporter:9419. Alerts that need its numbers keep quiet meanwhile, whatever happens.",
    }),
    // As long as a restart takes.
    quiet: (sample) => ({ series: [given(sample, "up", { job: "warren-exporter", instance: "exporter:9419" }, "1 0x2 1x20")], at: 10 }),
  },
  {
    name: "ExporterBlind",
    severity: "ticket",
    when: "the exporter has not read a vhost for 5 minutes",
    expr: () => `time() - max by (installation, vhost) (${SUCCESS}) > 300`,
    forMinutes: 1,
    summary: "The exporter has not seen {{ $labels.vhost }} for {{ $value | humanizeDuration }}",
    description:
      "The exporter runs, and could not read vhost {{ $labels.vhost }} for {{ $value | humanizeDuration }}: the management API does not answer, or refuses its user. Dead letters, ages and promises are not seen meanwhile.",
    fires: (sample) => ({
      series: [given(sample, SUCCESS, { vhost: sample.vhost }, "0x20")],
      at: 10,
      labels: { installation: sample.installation, vhost: sample.vhost },
      summary: `The exporter has not seen ${sample.vhost} for 10m 0s`,
      description: `The exporter runs, and could not read vhost ${sample.vhost} for 10m 0s: the management API does not answer, or refuses its user. Dead letters, ages and promises are not seen meanwhile.`,
    }),
    quiet: (sample) => ({ series: [given(sample, SUCCESS, { vhost: sample.vhost }, "0+60x20")], at: 10 }),
  },
  {
    name: "TopologyDrift",
    severity: "ticket",
    when: "the broker lacks objects of the topology, or has them otherwise, for 15 minutes",
    expr: () => 'max by (installation, vhost, kind) (warren_drift_objects{kind=~"missing|mismatched"}) > 0',
    forMinutes: 15,
    summary: "{{ $value }} objects of {{ $labels.vhost }} are {{ $labels.kind }}",
    description:
      "{{ $value }} objects of vhost {{ $labels.vhost }} are {{ $labels.kind }}: somebody changed the broker by hand, or an update has not been made. What the topology promises does not hold there.",
    fires: (sample) => ({
      series: [given(sample, "warren_drift_objects", { vhost: sample.vhost, kind: "missing" }, "2x40")],
      at: 20,
      labels: { installation: sample.installation, vhost: sample.vhost, kind: "missing" },
      summary: `2 objects of ${sample.vhost} are missing`,
      description: `2 objects of vhost ${sample.vhost} are missing: somebody changed the broker by hand, or an update has not been made. What the topology promises does not hold there.`,
    }),
    // Objects of others are no fault.
    quiet: (sample) => ({
      series: [
        given(sample, "warren_drift_objects", { vhost: sample.vhost, kind: "missing" }, "0x40"),
        given(sample, "warren_drift_objects", { vhost: sample.vhost, kind: "extra" }, "5x40"),
      ],
      at: 20,
    }),
  },
];
