/** The dashboard of one topology: one row for each queue, in the direction of the flow. */
import type { TopologyContext } from "./context.js";
import type { DashboardSpec } from "./dashboard.js";
import { queueRow } from "./queue-row.js";

export const topologyDashboard = (context: TopologyContext): DashboardSpec => ({
  uid: `warren-topology-${context.topology.name}`,
  title: `Warren: ${context.topology.name}`,
  description: context.topology.description ?? `The queues of ${context.topology.name}, from publishers to dead letters`,
  tags: ["topology"],
  rows: context.rows.map((row) => queueRow(context, row)),
});
