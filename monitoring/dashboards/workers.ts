/** The dashboard of the workers: one row for each service. */
import { hasWorkers, type TopologyContext } from "./context.js";
import type { DashboardSpec, RowSpec } from "./dashboard.js";
import type { PanelSpec } from "./panel.js";
import { highest, quantile, rate, selector, type Matchers } from "./promql.js";

const graph = (title: string, description: string, unit: PanelSpec["unit"], expr: string, legend: string): PanelSpec => ({
  ...{ title, description, kind: "graph", unit, queries: [{ expr, legend }] },
});

const connections = (of: Matchers): PanelSpec[] => [
  {
    ...{ title: "Connections", kind: "graph", unit: "short", width: 6 },
    description: "1 while a connection is open; blocked is 1 while an alarm of the broker holds it.",
    queries: [
      { expr: `min by (instance, purpose) (${selector("warren_worker_connected", of)})`, legend: "{{instance}} {{purpose}}" },
      { expr: highest("warren_worker_blocked", of, "instance", "purpose"), legend: "{{instance}} {{purpose}} blocked" },
    ],
  },
];

const publishing = (of: Matchers): PanelSpec[] => [
  graph("Published", "Per second, confirmed by the broker.", "cps", rate("warren_worker_published_total", of, "message"), "{{message}}"),
];

const consuming = (of: Matchers): PanelSpec[] => [
  graph(
    "Outcomes",
    "Per second: what handlers made of their messages.",
    "cps",
    rate("warren_worker_outcomes_total", of, "queue", "outcome"),
    "{{queue}} {{outcome}}",
  ),
  graph(
    "In flight",
    "Deliveries that are not settled.",
    "short",
    `sum by (queue) (${selector("warren_worker_in_flight", of)})`,
    "{{queue}}",
  ),
  graph(
    "Age at delivery, 95 %",
    "From a message's timestamp to its delivery.",
    "s",
    quantile(0.95, "warren_worker_message_age_seconds_bucket", of, "queue"),
    "{{queue}}",
  ),
  graph("Retries", "Per second: sent to the ladder.", "cps", rate("warren_worker_retries_total", of, "queue"), "{{queue}}"),
  graph(
    "Consumers by state",
    "Anything but consuming is a consumer that gets nothing.",
    "short",
    `sum by (queue, state) (${selector("warren_worker_consumer_state", of)})`,
    "{{queue}} {{state}}",
  ),
];

function rows({ topology }: TopologyContext): RowSpec[] {
  return Object.entries(topology.services ?? {}).flatMap(([service, { publishes, consumes, instances }]) => {
    const of = { topology: topology.name, service };
    const consumer = Boolean(consumes?.length) || Object.keys(instances ?? {}).length > 0;
    if (!consumer && !publishes?.length) return [];
    return {
      title: `${topology.name}: ${service}`,
      panels: [...connections(of), ...(publishes?.length ? publishing(of) : []), ...(consumer ? consuming(of) : [])],
    };
  });
}

export const workersDashboard = (contexts: readonly TopologyContext[]): DashboardSpec => ({
  uid: "warren-workers",
  title: "Warren: workers",
  description: "What each service publishes and consumes, and how its handlers fare",
  tags: ["workers"],
  rows: contexts.filter(hasWorkers).flatMap(rows),
});
