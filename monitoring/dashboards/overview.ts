/** The dashboard that one looks at first: does it run, does it flow, what is wrong. */
import { hasWorkers, queueMatcher, type DashboardsOptions, type TopologyContext } from "./context.js";
import type { DashboardSpec, RowSpec } from "./dashboard.js";
import type { PanelSpec } from "./panel.js";
import { escapeRegex } from "../../topology/names.js";
import { highest, lettersRate, rate, selector, type Matcher } from "./promql.js";

const number = (title: string, description: string, expr: string, legend: string, more: Partial<PanelSpec> = {}): PanelSpec => ({
  ...{ title, description, kind: "number", unit: "short", width: 4, queries: [{ expr, legend }] },
  ...more,
});
const graph = (title: string, description: string, unit: PanelSpec["unit"], queries: PanelSpec["queries"]): PanelSpec => ({
  ...{ title, description, kind: "graph", unit, width: 8, queries },
});

const cluster = (certificates: boolean): RowSpec => ({
  title: "Broker",
  panels: [
    number(
      "Nodes down",
      "Nodes that Prometheus does not reach, or does not have at all.",
      `sum(${selector("warren:targets_down:count", { job: "rabbitmq" })})`,
      "nodes",
      { redFrom: 1 },
    ),
    number(
      "Memory alarms",
      "While there is one, the broker takes no messages.",
      `sum(${selector("rabbitmq_alarms_memory_used_watermark")})`,
      "nodes",
      { redFrom: 1 },
    ),
    number(
      "Disk alarms",
      "While there is one, the broker takes no messages.",
      `sum(${selector("rabbitmq_alarms_free_disk_space_watermark")})`,
      "nodes",
      { redFrom: 1 },
    ),
    number(
      "Unreachable peers",
      "Most nodes that one node does not see.",
      `max(${selector("rabbitmq_unreachable_cluster_peers_count")})`,
      "nodes",
      { redFrom: 1 },
    ),
    number(
      "Quorum critical",
      "Nodes that must not stop now: queues would lose their majority.",
      `sum(max by (node) (${selector("warren_node_quorum_critical")}))`,
      "nodes",
      { redFrom: 1 },
    ),
    number(
      "Last seen by the exporter",
      "When the facts about the vhosts were last known.",
      `1000 * min(max by (vhost) (${selector("warren_exporter_last_success_timestamp_seconds")}))`,
      "last",
      { unit: "dateTimeFromNow" },
    ),
    graph("Memory", "Share of what a node may use before it takes no more.", "percentunit", [
      {
        expr: `${selector("rabbitmq_process_resident_memory_bytes")} / ${selector("rabbitmq_resident_memory_limit_bytes")}`,
        legend: "{{instance}}",
      },
    ]),
    graph("Disk", "What is free, and the limit below which the broker takes no messages.", "bytes", [
      { expr: selector("rabbitmq_disk_space_available_bytes"), legend: "{{instance}}" },
      { expr: `max(${selector("rabbitmq_disk_space_available_limit_bytes")})`, legend: "limit" },
    ]),
    graph("Connections", "Connections and channels, by node.", "short", [
      { expr: selector("rabbitmq_connections"), legend: "{{instance}} connections" },
      { expr: selector("rabbitmq_channels"), legend: "{{instance}} channels" },
    ]),
    ...(certificates
      ? [
          graph("Certificates", "When they expire.", "dateTimeFromNow", [
            { expr: `1000 * ${highest("warren_certificate_expiry_timestamp_seconds", {}, "endpoint")}`, legend: "{{endpoint}}" },
          ]),
        ]
      : []),
  ],
});

const state: RowSpec = {
  title: "Topology",
  panels: [
    graph("Drift", "Objects on the broker that are not as the topology says, by kind.", "short", [
      { expr: highest("warren_drift_objects", {}, "vhost", "kind"), legend: "{{vhost}} {{kind}}" },
    ]),
    graph("Queues without their service", "Where the topology promises a consumer and the service has none.", "short", [
      {
        expr: `${highest("warren_queue_expected_consumers", {}, "vhost", "queue", "service")} > bool on (vhost, queue, service) ${highest("warren_queue_service_consumers", {}, "vhost", "queue", "service")}`,
        legend: "{{vhost}} {{queue}}: {{service}}",
      },
    ]),
    graph("Dead letters arriving", "Per second, by where they arrive.", "cps", [
      { expr: lettersRate({}, "vhost", "queue"), legend: "{{vhost}} {{queue}}" },
    ]),
  ],
};

/** As few as possible: what needs no exception in one. */
function together(matchers: readonly Matcher[]): Matcher[] {
  const plain = matchers.flatMap((one) => (typeof one === "string" ? [escapeRegex(one)] : one.not === undefined ? [one.regex] : []));
  const others = matchers.filter((one) => typeof one !== "string" && one.not !== undefined);
  return [...(plain.length > 0 ? [{ regex: plain.join("|") }] : []), ...others];
}

function flow(contexts: readonly TopologyContext[]): RowSpec[] {
  return contexts.map((context) => {
    const { topology, plan } = context;
    const vhost = plan.vhost.name;
    const dead = context.rows.filter(({ deadLetters }) => deadLetters).map((row) => queueMatcher(context, row));
    const of = { vhost };
    return {
      title: topology.name,
      panels: [
        graph("Messages", "All that wait or are held by consumers, by queue.", "short", [
          { expr: highest("rabbitmq_detailed_queue_messages", of, "queue"), legend: "{{queue}}" },
        ]),
        graph("Acknowledged", "Per second: what left the queues because it was done.", "cps", [
          { expr: rate("rabbitmq_detailed_queue_messages_acked_total", of, "queue"), legend: "{{queue}}" },
        ]),
        ...(dead.length > 0
          ? [
              graph("Dead letters held", "What waits for somebody to look at it.", "short", [
                {
                  expr: `sum by (vhost) (${together(dead)
                    .map((queue) => highest("rabbitmq_detailed_queue_messages", { vhost, queue }, "vhost", "queue"))
                    .join(" or ")})`,
                  legend: "dead letters",
                },
              ]),
            ]
          : []),
        ...(hasWorkers(context)
          ? [
              graph("Published", "Per second, confirmed by the broker, by message.", "cps", [
                { expr: rate("warren_worker_published_total", { topology: topology.name }, "message"), legend: "{{message}}" },
              ]),
            ]
          : []),
      ],
    };
  });
}

export const overviewDashboard = (contexts: readonly TopologyContext[], { certificates = true }: DashboardsOptions): DashboardSpec => ({
  uid: "warren-overview",
  title: "Warren: overview",
  description: "Does the broker run, do the messages flow, is it what the topology says",
  tags: ["overview"],
  rows: [cluster(certificates), state, ...flow(contexts)],
});
