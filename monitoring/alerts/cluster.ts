/** Alerts about the nodes: their alarms, their disks, and whether enough of them are there. */
import { type Alert, given, percent, reached, type Sample, type TestSeries } from "./alert.js";

const node = (sample: Sample, at: number): string => sample.nodes[at] ?? "";
/** A series of the broker about one of its nodes. */
const ofNode = (sample: Sample, name: string, at: number, values: string, more: Readonly<Record<string, string>> = {}): TestSeries =>
  given(sample, name, { job: "rabbitmq", instance: node(sample, at), ...more }, values);
const member = (sample: Sample, at: number, vhost: string, queue: string, membership: string, values: string): TestSeries =>
  given(
    sample,
    "rabbitmq_detailed_queue_info",
    { job: "rabbitmq-detailed", instance: node(sample, at), vhost, queue, queue_type: "rabbit_quorum_queue", membership },
    values,
  );

const GiB = 1024 ** 3;
/** How many nodes are down. */
const DOWN = 'warren:targets_down:count{job="rabbitmq"}';

/** An alarm of one node: what fires it, what it says. */
function alarm(name: string, series: string, what: string, means: string): Alert {
  const test = (sample: Sample, values: string) => ({ series: [ofNode(sample, series, 0, values)], at: 5 });
  return {
    name,
    severity: "page",
    when: `a node has its ${what} alarm`,
    expr: () => `max by (installation, instance) (${series}) == 1`,
    forMinutes: 0,
    summary: `{{ $labels.instance }} has a ${what} alarm`,
    description: `Node {{ $labels.instance }} ${means} No node of the cluster takes messages until that is over; consumers go on.`,
    fires: (sample) => ({
      ...test(sample, "0 1x10"),
      labels: { installation: sample.installation, instance: node(sample, 0) },
      summary: `${node(sample, 0)} has a ${what} alarm`,
      description: `Node ${node(sample, 0)} ${means} No node of the cluster takes messages until that is over; consumers go on.`,
    }),
    quiet: (sample) => test(sample, "0x10"),
  };
}

export const clusterAlerts: readonly Alert[] = [
  {
    name: "NodeDown",
    severity: "page",
    when: "a node does not answer Prometheus, or Prometheus has fewer nodes than there are meant to be, for 1 minute",
    expr: () => 'up{job="rabbitmq"} == 0 or warren:targets_missing:count{job="rabbitmq"} > 0',
    forMinutes: 1,
    // What is missing has no address.
    summary: "{{ with $labels.instance }}{{ . }} does not answer{{ else }}Nodes that are missing: {{ $value }}{{ end }}",
    description:
      "{{ with $labels.instance }}Node {{ . }} of {{ $labels.installation }} does not answer.{{ else }}Of the nodes of {{ $labels.installation }}, {{ $value }} are not even known to Prometheus: their pods do not run, or it does not find them.{{ end }} With a majority of nodes left, quorum queues go on; the next node that stops may end that.",
    fires: (sample) => ({
      series: reached(sample, "rabbitmq", ["1 0x10"]),
      at: 5,
      labels: { installation: sample.installation, job: "rabbitmq", instance: node(sample, 0) },
      summary: `${node(sample, 0)} does not answer`,
      description: `Node ${node(sample, 0)} of ${sample.installation} does not answer. With a majority of nodes left, quorum queues go on; the next node that stops may end that.`,
    }),
    quiet: (sample) => ({ series: reached(sample, "rabbitmq"), at: 5 }),
  },
  alarm("MemoryAlarm", "rabbitmq_alarms_memory_used_watermark", "memory", "uses more memory than it may."),
  alarm("DiskAlarm", "rabbitmq_alarms_free_disk_space_watermark", "disk", "has less free disk space than it must."),
  {
    name: "DiskFullSoon",
    severity: "page",
    when: ({ diskWithinHours }) =>
      `at the trend of the last hour a node's disk alarm comes within ${diskWithinHours} hours, for 10 minutes`,
    expr: ({ diskWithinHours }) =>
      `max by (installation, instance) (predict_linear(rabbitmq_disk_space_available_bytes[1h], ${diskWithinHours * 3600})) < max by (installation, instance) (rabbitmq_disk_space_available_limit_bytes) and on (installation, instance) max by (installation, instance) (deriv(rabbitmq_disk_space_available_bytes[1h])) < 0`,
    forMinutes: 10,
    summary: "The disk of {{ $labels.instance }} will be full within hours",
    description: ({ diskWithinHours }) =>
      `The free disk space of node {{ $labels.instance }} shrinks so fast that its disk alarm comes within ${diskWithinHours} hours, and then nobody can publish. Find the queue or stream that grows, or give the node more disk.`,
    fires: (sample) => ({
      series: [
        ofNode(sample, "rabbitmq_disk_space_available_bytes", 0, `${20 * GiB}-${GiB / 8}x90`),
        ofNode(sample, "rabbitmq_disk_space_available_limit_bytes", 0, `${GiB}x90`),
      ],
      at: 80,
      labels: { installation: sample.installation, instance: node(sample, 0) },
      summary: `The disk of ${node(sample, 0)} will be full within hours`,
      description: `The free disk space of node ${node(sample, 0)} shrinks so fast that its disk alarm comes within 4 hours, and then nobody can publish. Find the queue or stream that grows, or give the node more disk.`,
    }),
    quiet: (sample) => ({
      series: [
        ofNode(sample, "rabbitmq_disk_space_available_bytes", 0, `${20 * GiB}-${GiB / 64}x90`),
        ofNode(sample, "rabbitmq_disk_space_available_limit_bytes", 0, `${GiB}x90`),
      ],
      at: 80,
    }),
  },
  {
    name: "QuorumLost",
    severity: "page",
    when: "half or more of a quorum queue's members are on nodes that do not answer, for 1 minute",
    // A queue of which no member is left has no count: then as many nodes are down as it has members. Only nodes that are down themselves count:
    // of one that answers, and not for the detailed metrics, nothing is known.
    expr: () =>
      `(warren_queue_members - on (installation, vhost, queue) (warren:queue_members:count or on (installation, vhost, queue) (warren_queue_members <= on (installation) group_left () ${DOWN}) * 0)) * 2 >= on (installation, vhost, queue) warren_queue_members and on (installation) ${DOWN} > 0 unless on (installation) (up{job="rabbitmq"} == 1 unless on (installation, instance) up{job="rabbitmq-detailed"} == 1)`,
    forMinutes: 1,
    summary: "{{ $labels.queue }} has lost its quorum",
    description:
      "Queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) has no majority of its members left: it takes no messages and gives none. Bring the nodes back; nothing is lost as long as their disks are there.",
    fires: (sample) => {
      const on = sample.replicated;
      return (
        on && {
          series: [
            ...reached(sample, "rabbitmq", ["1x20", "1x5 0x20", "1x5 0x20"]),
            ...reached(sample, "rabbitmq-detailed", ["1x20", "1x5 0x20", "1x5 0x20"]),
            member(sample, 0, on.vhost, on.queue, "follower", "1x20"),
            member(sample, 1, on.vhost, on.queue, "leader", "1x5 stale"),
            member(sample, 2, on.vhost, on.queue, "follower", "1x5 stale"),
          ],
          at: 15,
          labels: { installation: sample.installation, vhost: on.vhost, queue: on.queue },
          summary: `${on.queue} has lost its quorum`,
          description: `Queue ${on.queue} (vhost ${on.vhost}) has no majority of its members left: it takes no messages and gives none. Bring the nodes back; nothing is lost as long as their disks are there.`,
        }
      );
    },
    quiet: (sample) => {
      const on = sample.replicated;
      return (
        on && {
          series: [
            ...reached(sample, "rabbitmq", ["1x20", "1x20", "1x5 0x20"]),
            ...reached(sample, "rabbitmq-detailed", ["1x20", "1x20", "1x5 0x20"]),
            member(sample, 0, on.vhost, on.queue, "follower", "1x20"),
            member(sample, 1, on.vhost, on.queue, "leader", "1x20"),
            member(sample, 2, on.vhost, on.queue, "follower", "1x5 stale"),
          ],
          at: 15,
        }
      );
    },
  },
  {
    name: "QuorumCritical",
    severity: "page",
    when: "a queue would lose its quorum if this node stopped, for 5 minutes",
    expr: () => "max by (installation, node) (warren_node_quorum_critical) == 1",
    forMinutes: 5,
    summary: "Without {{ $labels.node }} a quorum is lost",
    description:
      "If node {{ $labels.node }} stops now, at least one quorum queue or stream loses its majority. Do not restart it; bring back the node that is missing, or let its members catch up.",
    fires: (sample) => ({
      series: [given(sample, "warren_node_quorum_critical", { node: "rabbit@one" }, "0x5 1x20")],
      at: 15,
      labels: { installation: sample.installation, node: "rabbit@one" },
      summary: "Without rabbit@one a quorum is lost",
      description:
        "If node rabbit@one stops now, at least one quorum queue or stream loses its majority. Do not restart it; bring back the node that is missing, or let its members catch up.",
    }),
    // As long as members take to catch up after a restart.
    quiet: (sample) => ({ series: [given(sample, "warren_node_quorum_critical", { node: "rabbit@one" }, "0x5 1x3 0x20")], at: 9 }),
  },
  {
    name: "ClusterPartitioned",
    severity: "page",
    when: "a node does not reach another one, though all answer Prometheus, for 1 minute",
    // A node that is merely stopped is NodeDown's.
    expr: () => `max by (installation, instance) (rabbitmq_unreachable_cluster_peers_count) > 0 unless on (installation) ${DOWN} > 0`,
    forMinutes: 1,
    summary: "{{ $labels.instance }} does not reach {{ $value }} of its peers",
    description:
      "Node {{ $labels.instance }} does not reach {{ $value }} other nodes of its cluster, and all of them run: the network between them is cut. The side with fewer nodes takes no messages for quorum queues.",
    fires: (sample) => ({
      series: [
        ...reached(sample, "rabbitmq", ["1x20", "1x20", "1x20"]),
        ofNode(sample, "rabbitmq_unreachable_cluster_peers_count", 0, "0x2 2x20"),
      ],
      at: 10,
      labels: { installation: sample.installation, instance: node(sample, 0) },
      summary: `${node(sample, 0)} does not reach 2 of its peers`,
      description: `Node ${node(sample, 0)} does not reach 2 other nodes of its cluster, and all of them run: the network between them is cut. The side with fewer nodes takes no messages for quorum queues.`,
    }),
    // One node is stopped: the others do not reach it.
    quiet: (sample) => ({
      series: [
        ...reached(sample, "rabbitmq", ["1x20", "1x20", "1x2 0x20"]),
        ofNode(sample, "rabbitmq_unreachable_cluster_peers_count", 0, "0x2 1x20"),
        ofNode(sample, "rabbitmq_unreachable_cluster_peers_count", 1, "0x2 1x20"),
      ],
      at: 10,
    }),
  },
  {
    name: "QueueUnderReplicated",
    severity: "ticket",
    when: "all nodes answer, and a quorum queue has fewer members than it is meant to have, for 15 minutes",
    expr: () =>
      'warren:queue_members:count < on (installation, vhost, queue) warren_queue_members unless on (installation) warren:targets_down:count{job="rabbitmq-detailed"} > 0',
    forMinutes: 15,
    summary: "{{ $labels.queue }} has {{ $value }} members, fewer than meant",
    description:
      "Queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) has {{ $value }} members, though there are nodes for more. The loss of one node can stop it or lose its messages: grow it onto the other nodes.",
    fires: (sample) => {
      const on = sample.replicated;
      return (
        on && {
          series: [
            ...reached(sample, "rabbitmq-detailed", ["1x30", "1x30", "1x30"]),
            member(sample, 0, on.vhost, on.queue, "leader", "1x30"),
          ],
          at: 25,
          labels: { installation: sample.installation, vhost: on.vhost, queue: on.queue },
          summary: `${on.queue} has 1 members, fewer than meant`,
          description: `Queue ${on.queue} (vhost ${on.vhost}) has 1 members, though there are nodes for more. The loss of one node can stop it or lose its messages: grow it onto the other nodes.`,
        }
      );
    },
    quiet: (sample) => {
      const on = sample.replicated;
      return (
        on && {
          series: [
            ...reached(sample, "rabbitmq-detailed", ["1x30", "1x30", "1x30"]),
            ...[0, 1, 2].map((at) => member(sample, at, on.vhost, on.queue, at === 0 ? "leader" : "follower", "1x30")),
          ],
          at: 25,
        }
      );
    },
  },
  {
    name: "LeadersUnbalanced",
    severity: "ticket",
    when: ({ leaderSkew }) =>
      `one node has so many more leaders of quorum queues than another that it is over ${percent(leaderSkew)} of all (of at least 6), for 30 minutes`,
    expr: ({ leaderSkew }) =>
      `(max by (installation) (warren:node_leaders:count) - min by (installation) (warren:node_leaders:count)) / sum by (installation) (warren:node_leaders:count) > ${leaderSkew} and sum by (installation) (warren:node_leaders:count) >= 6`,
    forMinutes: 30,
    summary: "The leaders of {{ $labels.installation }} are on too few nodes",
    description:
      "The leaders of the quorum queues are unevenly spread over the nodes of {{ $labels.installation }}: one node does most of the work while others rest. It is usual after nodes were restarted; move leaders when the load allows it.",
    fires: (sample) => ({
      series: [
        ...reached(sample, "rabbitmq-detailed", ["1x60", "1x60", "1x60"]),
        ...Array.from({ length: 6 }, (_, at) => member(sample, 0, sample.vhost, `q${at}`, "leader", "1x60")),
      ],
      at: 50,
      labels: { installation: sample.installation },
      summary: `The leaders of ${sample.installation} are on too few nodes`,
      description: `The leaders of the quorum queues are unevenly spread over the nodes of ${sample.installation}: one node does most of the work while others rest. It is usual after nodes were restarted; move leaders when the load allows it.`,
    }),
    quiet: (sample) => ({
      series: [
        ...reached(sample, "rabbitmq-detailed", ["1x60", "1x60", "1x60"]),
        ...Array.from({ length: 6 }, (_, at) => member(sample, at % 3, sample.vhost, `q${at}`, "leader", "1x60")),
      ],
      at: 50,
    }),
  },
];
