/** Metrics of a worker, for Prometheus. The table of all of them is in `metric-table.ts`. */
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Topology } from "../../topology/model.js";
import { labels } from "./labels.js";
import { families } from "./metric-table.js";
import { connections } from "./metrics-connections.js";
import { consuming } from "./metrics-consuming.js";
import { publishing } from "./metrics-publishing.js";
import { type Observer, silent } from "./observer.js";

export interface MetricsOptions {
  /** Where they go. @default one of their own, on the result */
  readonly registry?: Registry;
  /** The service that this worker is. */
  readonly service: string;
  readonly topology: Topology;
  /** Queues whose counters exist, at 0, before the first message: a rate needs two values. @default those that the service consumes */
  readonly queues?: readonly string[];
  /** The label of a queue that the topology does not name. Has to have few values. @default its template, or "other" */
  readonly queueLabel?: (queue: string) => string | undefined;
  /** Memory, CPU, event loop lag and garbage collection of the process, under prom-client's names. @default true */
  readonly process?: boolean;
}

export interface MetricsObserver extends Observer {
  readonly registry: Registry;
}

/**
 * Counts what a worker does. Several workers of one process can share a registry: every metric says which service it is of.
 * Label values come from the topology, or from short closed lists; what is in neither is "other".
 * Throws if the registry holds somebody else's metric of the same name.
 */
export function metrics(options: MetricsOptions): MetricsObserver {
  const { service, topology } = options;
  const registry = options.registry ?? new Registry();
  const base = { service, topology: topology.name };
  const names = labels(topology, options.queueLabel);
  const all = families(registry);
  if (options.process !== false && registry.getSingleMetric("process_cpu_user_seconds_total") === undefined) {
    collectDefaultMetrics({ register: registry });
  }
  const consumes = Object.hasOwn(topology.services ?? {}, service) ? topology.services?.[service]?.consumes : undefined;
  return {
    ...silent,
    ...publishing(all, base, names),
    ...consuming(all, base, names, options.queues ?? consumes ?? []),
    ...connections(all, base),
    registry,
  };
}
