/** What the dashboards know of an installation: each topology with its plan and its queues in the flow's order. */
import { compile } from "../../topology/compile/compile.js";
import type { Plan } from "../../topology/compile/plan.js";
import { forEnvironment } from "../../topology/environments.js";
import type { Installation, Topology } from "../../topology/model.js";
import { escapeRegex } from "../../topology/names.js";
import { facts, type Facts } from "../facts.js";
import { flowOrder, type FlowRow } from "./order.js";
import type { Matcher } from "./promql.js";

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
  readonly facts: Facts;
}

export const contexts = (installation: Installation, { environment }: DashboardsOptions): TopologyContext[] =>
  installation.topologies.map((source) => {
    const topology = forEnvironment(source, environment);
    return { topology, plan: compile(topology), rows: flowOrder(topology), facts: facts({ topologies: [topology] }) };
  });

/** Has services that consume or publish, so that there are workers with metrics. */
export const hasWorkers = ({ topology }: TopologyContext): boolean =>
  Object.values(topology.services ?? {}).some(
    ({ publishes, consumes, instances }) => Boolean(publishes?.length) || Boolean(consumes?.length) || instances !== undefined,
  );

/** Queues of the broker that a row stands for: one, the partitions of a super stream, or those that instances make by a template. */
export function queueMatcher({ plan, facts: { queues } }: TopologyContext, { name, kind }: Pick<FlowRow, "name" | "kind">): Matcher {
  if (kind === "template") {
    const pattern = queues.find((queue) => queue.name === name && queue.pattern !== undefined)?.pattern;
    return { regex: pattern?.is ?? escapeRegex(name), ...(pattern && pattern.not.length > 0 ? { not: pattern.not.join("|") } : {}) };
  }
  const partitions = plan.queues.flatMap((queue) =>
    queue.role.kind === "partition" && queue.role.of === name ? [escapeRegex(queue.name)] : [],
  );
  return partitions.length === 0 ? name : { regex: partitions.join("|") };
}
