/** What the topology says about each queue, as series of constant value: with them one rule serves every queue, by the queue's own limit. */
import type { Facts, QueueFacts } from "./facts.js";
import type { SeriesName } from "./series.js";
import type { Thresholds } from "./thresholds.js";

export interface RecordingRule {
  readonly record: SeriesName;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** For a queue that is there by name, a constant; for those of a template, the same for each that the broker has. */
function constant(record: SeriesName, queue: QueueFacts, value: number, installation: string): RecordingRule {
  const { vhost, name, role, pattern } = queue;
  if (pattern === undefined) return { record, expr: `vector(${value})`, labels: { installation, vhost, queue: name, role } };
  const not = pattern.not.length === 0 ? "" : `,queue!~${JSON.stringify(pattern.not.join("|"))}`;
  const selector = `installation=${JSON.stringify(installation)},vhost=${JSON.stringify(vhost)},queue=~${JSON.stringify(pattern.is)}${not}`;
  return {
    record,
    expr: `max by (vhost, queue) (rabbitmq_detailed_queue_messages_ready{${selector}}) * 0 + ${value}`,
    labels: { installation, role },
  };
}

type Limit = readonly [SeriesName, (queue: QueueFacts) => number | undefined];

const limits = (nodes: number): readonly Limit[] => [
  ["warren_queue_limit_messages", ({ maxLength }) => maxLength],
  ["warren_queue_limit_bytes", ({ maxLengthBytes }) => maxLengthBytes],
  ["warren_queue_ttl_seconds", ({ ttlSeconds }) => ttlSeconds],
  ["warren_queue_delivery_limit", ({ deliveryLimit }) => deliveryLimit],
  ["warren_queue_members", ({ members }) => (members === undefined ? undefined : Math.min(members, nodes))],
];

/** A length that is 0 holds nothing, and no share of it can be told. */
const useful = (value: number | undefined): value is number => value !== undefined && value > 0;

export function constantRules(facts: Facts, installation: string, nodes: number, thresholds: Thresholds): RecordingRule[] {
  const rules: RecordingRule[] = facts.topologies.map(({ name, vhost }) => ({
    record: "warren_topology_info",
    expr: "vector(1)",
    labels: { installation, topology: name, vhost },
  }));
  for (const [record, limit] of limits(nodes)) {
    for (const queue of facts.queues) {
      const value = limit(queue);
      if (useful(value)) rules.push(constant(record, queue, value, installation));
    }
  }
  for (const { vhost, queue, service, consumers } of facts.promises) {
    rules.push({
      record: "warren_queue_promised_consumers",
      expr: `vector(${consumers})`,
      labels: { installation, vhost, queue, service },
    });
  }
  const ladders = new Set<QueueFacts>();
  for (const { vhost, name, rungOf } of facts.queues) {
    if (rungOf === undefined) continue;
    rules.push({ record: "warren_queue_rung", expr: "vector(1)", labels: { installation, vhost, queue: name, source: rungOf } });
    const source = facts.queues.find((queue) => queue.vhost === vhost && queue.name === rungOf);
    if (source !== undefined) ladders.add(source);
  }
  for (const { vhost, name, maxLength } of ladders) {
    const value = useful(maxLength) ? maxLength : thresholds.ladderMessages;
    rules.push({ record: "warren_ladder_limit_messages", expr: `vector(${value})`, labels: { installation, vhost, source: name } });
  }
  return rules;
}
