/** What the topology says about each queue, as series of constant value: with them one rule serves every queue, by the queue's own limit. */
import type { Facts, QueueFacts } from "./facts.js";
import type { Job, SeriesName } from "./series.js";

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
    // Each member tells it: what only the leader tells is gone with the leader.
    expr: `max by (vhost, queue) (rabbitmq_detailed_queue_info{${selector}}) * 0 + ${value}`,
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

/** How many targets of each job there are meant to be. */
export type TargetNumbers = Readonly<Record<Job, number>>;

export function constantRules(facts: Facts, installation: string, targets: TargetNumbers): RecordingRule[] {
  const rules: RecordingRule[] = facts.topologies.map(({ name, vhost }) => ({
    record: "warren_topology_info",
    expr: "vector(1)",
    labels: { installation, topology: name, vhost },
  }));
  for (const [job, count] of Object.entries(targets)) {
    if (count > 0) rules.push({ record: "warren_targets", expr: `vector(${count})`, labels: { installation, job } });
  }
  for (const [record, limit] of limits(targets.rabbitmq)) {
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
  const ladders = new Map<string, { readonly vhost: string; readonly source: string; seconds: number }>();
  for (const { vhost, name, role, rungOf, waitSeconds = 0 } of facts.queues) {
    if (role === "dead-letter") {
      rules.push({ record: "warren_queue_dead_letters", expr: "vector(1)", labels: { installation, vhost, queue: name } });
    }
    if (rungOf === undefined) continue;
    rules.push({ record: "warren_queue_rung", expr: "vector(1)", labels: { installation, vhost, queue: name, source: rungOf } });
    const key = JSON.stringify([vhost, rungOf]);
    const ladder = ladders.get(key) ?? { vhost, source: rungOf, seconds: 0 };
    ladder.seconds += waitSeconds;
    ladders.set(key, ladder);
  }
  for (const { vhost, source, seconds } of ladders.values()) {
    rules.push({ record: "warren_ladder_seconds", expr: `vector(${seconds})`, labels: { installation, vhost, source } });
  }
  for (const { vhost, exchange } of facts.instanceExchanges) {
    // Of the default exchange the broker's series has an empty label, which is none.
    const labels = { installation, vhost, ...(exchange === "" ? {} : { exchange }) };
    rules.push({ record: "warren_exchange_of_instances", expr: "vector(1)", labels });
  }
  return rules;
}
