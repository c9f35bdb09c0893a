/** Alerts about what the other alerts stand on: targets that do not answer, an exporter that sees nothing, a broker that is not as written. */
import { type Alert, given, reached } from "./alert.js";

/** Nodes themselves are NodeDown's. */
const WATCHED = ["rabbitmq-detailed", "warren-workers", "warren-exporter"] as const;
const TARGETS = `job=~"${WATCHED.join("|")}"`;
const LOOK = "warren_exporter_look_up";

export const monitoringAlerts: readonly Alert[] = [
  {
    name: "TargetDown",
    severity: "ticket",
    when: "a worker, the exporter or a node's detailed metrics do not answer Prometheus, or it has fewer of them than there are meant to be, for 5 minutes",
    expr: () => `up{${TARGETS}} == 0 or warren:targets_missing:count{${TARGETS}} > 0`,
    forMinutes: 5,
    summary:
      "{{ $labels.job }}{{ with $labels.instance }} at {{ . }} does not answer{{ else }}, targets that are missing: {{ $value }}{{ end }}",
    description:
      "Prometheus {{ with $labels.instance }}does not reach {{ $labels.job }} at {{ . }}{{ else }}has {{ $value }} targets of {{ $labels.job }} less than there are meant to be{{ end }}. Alerts that need its numbers keep quiet meanwhile, whatever happens.",
    fires: (sample) => {
      const [instance = ""] = sample.nodes;
      return {
        series: WATCHED.flatMap((job) => reached(sample, job, job === "rabbitmq-detailed" ? ["1 0x20"] : [])),
        at: 10,
        labels: { installation: sample.installation, job: "rabbitmq-detailed", instance },
        summary: `rabbitmq-detailed at ${instance} does not answer`,
        description: `Prometheus does not reach rabbitmq-detailed at ${instance}. Alerts that need its numbers keep quiet meanwhile, whatever happens.`,
      };
    },
    // As long as a restart takes, in which a pod is no target at all.
    quiet: (sample) => ({ series: WATCHED.flatMap((job) => reached(sample, job, ["1 0 stale _x1 1x20"])), at: 10 }),
  },
  {
    name: "ExporterBlind",
    severity: "ticket",
    when: "one of the exporter's looks brings nothing, or never has, for 5 minutes",
    // Of two exporters one is enough. They look once a minute or more often, and begin with 0.
    expr: () => `max by (installation, look, vhost, endpoint) (${LOOK}) == 0`,
    forMinutes: 5,
    summary:
      "The exporter does not see: {{ $labels.look }}{{ with $labels.vhost }} of {{ . }}{{ end }}{{ with $labels.endpoint }} of {{ . }}{{ end }}",
    description:
      "The exporter runs, and its look at {{ $labels.look }}{{ with $labels.vhost }} of vhost {{ . }}{{ end }}{{ with $labels.endpoint }} of {{ . }}{{ end }} fails: it is not answered, or its user is refused. Alerts that need what it would see keep quiet meanwhile.",
    // It has never succeeded.
    fires: (sample) => ({
      series: [given(sample, LOOK, { look: "dead letters", vhost: sample.vhost }, "0x20")],
      at: 10,
      labels: { installation: sample.installation, look: "dead letters", vhost: sample.vhost },
      summary: `The exporter does not see: dead letters of ${sample.vhost}`,
      description: `The exporter runs, and its look at dead letters of vhost ${sample.vhost} fails: it is not answered, or its user is refused. Alerts that need what it would see keep quiet meanwhile.`,
    }),
    // As long as a start takes; and a second exporter that sees.
    quiet: (sample) => ({
      series: [
        given(sample, LOOK, { instance: "one", look: "dead letters", vhost: sample.vhost }, "0x3 1x20"),
        given(sample, LOOK, { instance: "one", look: "quorum", endpoint: "http://node" }, "0x20"),
        given(sample, LOOK, { instance: "two", look: "quorum", endpoint: "http://node" }, "1x20"),
      ],
      at: 10,
    }),
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
