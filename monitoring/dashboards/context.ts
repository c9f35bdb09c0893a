/** What the dashboards know of an installation: each topology with its plan and its queues in the flow's order. */
import { compile } from "../../topology/compile/compile.js";
import type { Plan } from "../../topology/compile/plan.js";
import { forEnvironment } from "../../topology/environments.js";
import type { Installation, Topology } from "../../topology/model.js";
import { flowOrder, type FlowRow } from "./order.js";

export interface DashboardsOptions {
  /** Whose sizes hold. */
  readonly environment?: string | undefined;
  /** The exporter watches certificates. @default true */
  readonly certificates?: boolean;
}

export interface TopologyContext {
  readonly topology: Topology;
  readonly plan: Plan;
  readonly rows: readonly FlowRow[];
}

export const contexts = (installation: Installation, { environment }: DashboardsOptions): TopologyContext[] =>
  installation.topologies.map((source) => {
    const topology = forEnvironment(source, environment);
    return { topology, plan: compile(topology), rows: flowOrder(topology) };
  });

/** Has services that consume or publish, so that there are workers with metrics. */
export const hasWorkers = ({ topology }: TopologyContext): boolean =>
  Object.values(topology.services ?? {}).some(
    ({ publishes, consumes, instances }) => Boolean(publishes?.length) || Boolean(consumes?.length) || instances !== undefined,
  );
