/** The dashboard of the dead letters: what lies there, what comes, from where and why. */
import { queueMatcher, type TopologyContext } from "./context.js";
import type { DashboardSpec, RowSpec } from "./dashboard.js";
import type { FlowRow } from "./order.js";
import { highest, lettersAdded, lettersRate } from "./promql.js";

function row(context: TopologyContext, of: FlowRow): RowSpec {
  const { topology, plan } = context;
  const at = { vhost: plan.vhost.name, queue: queueMatcher(context, of) };
  // Instances have several.
  const legend = of.kind === "template" ? "{{queue}}" : "messages";
  return {
    title: `${topology.name}: ${of.name}`,
    panels: [
      {
        ...{ title: "Held", kind: "number", unit: "short", width: 4, redFrom: 1 },
        description: "What waits for somebody to look at it: warren dlq show.",
        queries: [{ expr: highest("rabbitmq_detailed_queue_messages", at, "queue"), legend }],
      },
      {
        ...{ title: "Arrived by source", kind: "number", unit: "short", width: 10 },
        description: "In the time that is shown, by the queue that they died in.",
        queries: [{ expr: lettersAdded(at, "source"), legend: "{{source}}" }],
      },
      {
        ...{ title: "Arrived by reason", kind: "number", unit: "short", width: 10 },
        description: "In the time that is shown: the broker's words, then the worker's.",
        queries: [{ expr: lettersAdded(at, "reason"), legend: "{{reason}}" }],
      },
      {
        ...{ title: "Arriving", kind: "graph", unit: "cps", width: 12 },
        description: "Per second, by the queue they died in and why.",
        queries: [{ expr: lettersRate(at, "source", "reason"), legend: "{{source}}: {{reason}}" }],
      },
      {
        ...{ title: "Held over time", kind: "graph", unit: "short", width: 12 },
        description: "Falls when they are put back, deleted, or expire.",
        queries: [{ expr: highest("rabbitmq_detailed_queue_messages", at, "queue"), legend }],
      },
    ],
  };
}

export const deadLettersDashboard = (contexts: readonly TopologyContext[]): DashboardSpec => ({
  uid: "warren-dead-letters",
  title: "Warren: dead letters",
  description: "What died, where, why, and what lies there still",
  tags: ["dead-letters"],
  rows: contexts.flatMap((context) => context.rows.filter(({ deadLetters }) => deadLetters).map((each) => row(context, each))),
});
