/** The row of one queue, or of the queues that instances make by a template: what waits, what moves, who consumes, what failed. */
import { escapeRegex } from "../../topology/names.js";
import { queueMatcher, type TopologyContext } from "./context.js";
import type { RowSpec } from "./dashboard.js";
import type { FlowRow } from "./order.js";
import type { PanelSpec } from "./panel.js";
import { highest, quantile, rate, selector, total, lettersRate, type Matchers } from "./promql.js";

const depth = (at: Matchers): PanelSpec => ({
  title: "Messages",
  description: "What waits, and what consumers hold without having acknowledged it.",
  kind: "graph",
  unit: "short",
  queries: [
    { expr: total("rabbitmq_detailed_queue_messages_ready", at, "vhost"), legend: "ready" },
    { expr: total("rabbitmq_detailed_queue_messages_unacked", at, "vhost"), legend: "unacknowledged" },
  ],
});

const flow = (at: Matchers): PanelSpec => ({
  title: "Deliveries",
  description: "Per second. Redelivered is what a consumer gave back or lost: much of it is a message that fails again and again.",
  kind: "graph",
  unit: "cps",
  queries: [
    { expr: rate("rabbitmq_detailed_queue_messages_delivered_ack_total", at, "vhost"), legend: "delivered" },
    { expr: rate("rabbitmq_detailed_queue_messages_acked_total", at, "vhost"), legend: "acknowledged" },
    { expr: rate("rabbitmq_detailed_queue_messages_redelivered_total", at, "vhost"), legend: "redelivered" },
  ],
});

const consumers = (at: Matchers, promised: Matchers | undefined): PanelSpec => ({
  title: "Consumers",
  description: promised
    ? "All of the queue, and those of each service that has to consume it: 0 is a service that is missing."
    : "Of the queue.",
  kind: "graph",
  unit: "short",
  queries: [
    { expr: total("rabbitmq_detailed_queue_consumers", at, "vhost"), legend: "all" },
    ...(promised ? [{ expr: ofServices(promised), legend: "{{service}}" }] : []),
  ],
});

/** Of a super stream each partition has its own; two exporters each tell all. */
const ofServices = (at: Matchers): string =>
  `sum by (service) (max by (vhost, queue, service) (${selector("warren_queue_service_consumers", at)}))`;

const handling = (of: Matchers): PanelSpec => ({
  title: "Outcomes",
  description: "Per second: what handlers made of their messages.",
  kind: "graph",
  unit: "cps",
  queries: [{ expr: rate("warren_worker_outcomes_total", of, "outcome"), legend: "{{outcome}}" }],
});

const age = (of: Matchers): PanelSpec => ({
  title: "Age at delivery",
  description: "From a message's timestamp to its delivery: how far behind the queue is.",
  kind: "graph",
  unit: "s",
  queries: [
    { expr: quantile(0.5, "warren_worker_message_age_seconds_bucket", of), legend: "half" },
    { expr: quantile(0.95, "warren_worker_message_age_seconds_bucket", of), legend: "95 %" },
  ],
});

const ladder = (rungs: Matchers): PanelSpec => ({
  title: "Retry ladder",
  description: "Messages that failed and wait for another try, by rung.",
  kind: "graph",
  unit: "short",
  queries: [{ expr: highest("rabbitmq_detailed_queue_messages", rungs, "queue"), legend: "{{queue}}" }],
});

const arrivals = (at: Matchers): PanelSpec => ({
  title: "Dead letters arriving",
  description: "Per second, by the queue they died in and why.",
  kind: "graph",
  unit: "cps",
  queries: [{ expr: lettersRate(at, "source", "reason"), legend: "{{source}}: {{reason}}" }],
});

export function queueRow(context: TopologyContext, row: FlowRow): RowSpec {
  const { topology, plan } = context;
  const { name, kind, deadLetters } = row;
  const vhost = plan.vhost.name;
  const at = { vhost, queue: queueMatcher(context, row) };
  const template = kind === "template" ? Object.entries(topology.templates ?? {}).find(([, each]) => each.name === name)?.[0] : undefined;
  const services = Object.values(topology.services ?? {});
  const promised = services.some(({ consumes }) => consumes?.includes(name));
  const handled = promised || (template !== undefined && services.some(({ instances }) => Object.hasOwn(instances ?? {}, template)));
  // Workers name the queues of instances by their template.
  const of = { topology: topology.name, queue: template ?? name };
  const rungs = plan.queues.flatMap((queue) => (queue.role.kind === "rung" && queue.role.of === name ? [escapeRegex(queue.name)] : []));
  return {
    title: template === undefined ? name : `${name} (instances)`,
    panels: [
      depth(at),
      // Nobody has to take anything out of dead letters: there may be no series for long.
      ...(deadLetters ? [arrivals(at)] : [flow(at)]),
      consumers(at, promised ? at : undefined),
      ...(handled ? [handling(of), age(of)] : []),
      ...(rungs.length > 0 ? [ladder({ vhost, queue: { regex: rungs.join("|") } })] : []),
    ],
  };
}
