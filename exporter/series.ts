/** The exporter's series: names, labels and what they say. There are no others. */
import { Counter, Gauge, Registry } from "prom-client";

export const SERIES = {
  warren_dead_letters_total: {
    type: "counter",
    labels: ["vhost", "queue", "source", "reason"],
    help: "Messages that arrived as dead letters in `queue`, by the queue they died in and why, since this exporter listens.",
  },
  warren_queue_head_age_seconds: {
    type: "gauge",
    labels: ["vhost", "queue"],
    help: "Age of the head: of a working classic queue by its publisher's timestamp, of dead letters that expire by when the first one died.",
  },
  warren_certificate_expiry_timestamp_seconds: {
    type: "gauge",
    labels: ["endpoint"],
    help: "When the first certificate of the chain that this endpoint presents expires.",
  },
  warren_queue_expected_consumers: {
    type: "gauge",
    labels: ["vhost", "queue", "service"],
    help: "1 where the topology says that this service consumes this queue.",
  },
  warren_queue_service_consumers: {
    type: "gauge",
    labels: ["vhost", "queue", "service"],
    help: "Consumers of this queue that the service's users have: its own, and the second one of a change of password.",
  },
  warren_node_quorum_critical: {
    type: "gauge",
    labels: ["node"],
    help: "1 if quorum queues or streams lose their majority when this node stops.",
  },
  warren_drift_objects: {
    type: "gauge",
    labels: ["vhost", "kind"],
    help: "Objects that differ from the topology: missing, mismatched, extra. Without a vhost: those that belong to none.",
  },
  warren_exporter_look_up: {
    type: "gauge",
    labels: ["look", "vhost", "endpoint"],
    help: "1 if the last look of this kind brought something; 0 from the start until the first that does.",
  },
  warren_exporter_last_success_timestamp_seconds: {
    type: "gauge",
    labels: ["vhost"],
    help: "When everything about this vhost was last known: the broker answered, and the copies of dead letters stood.",
  },
} as const satisfies Readonly<Record<string, { type: "counter" | "gauge"; labels: readonly string[]; help: string }>>;

export type SeriesName = keyof typeof SERIES;

type LabelsOf<N extends SeriesName> = (typeof SERIES)[N]["labels"][number];
type MetricOf<N extends SeriesName> = (typeof SERIES)[N]["type"] extends "counter" ? Counter<LabelsOf<N>> : Gauge<LabelsOf<N>>;

export type Metrics = { readonly [N in SeriesName]: MetricOf<N> } & { readonly registry: Registry };

/** All of them in a registry of their own, without a value yet. */
export function metrics(): Metrics {
  const registry = new Registry();
  const made = Object.entries(SERIES).map(([name, { type, labels, help }]) => {
    const configuration = { name, help, labelNames: [...labels], registers: [registry] };
    return [name, type === "counter" ? new Counter(configuration) : new Gauge(configuration)];
  });
  return { ...(Object.fromEntries(made) as { readonly [N in SeriesName]: MetricOf<N> }), registry };
}
