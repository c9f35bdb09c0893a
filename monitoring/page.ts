/** The table of alerts as a page of documentation. */
import { sentence } from "./alerts/alert.js";
import { alertGroups } from "./alerts/table.js";
import { PROMETHEUS_DOWN, WHEN } from "./prometheus-down.js";
import { SERIES, type Series, type Source } from "./series.js";
import { THRESHOLDS } from "./thresholds.js";

const INTRODUCTION = `# Monitoring

What Prometheus scrapes, records and alerts on follows from the topology, as everything else does:

\`\`\`sh
npx warren monitoring contextiq -o monitoring --node rabbit-1:15692 --worker worker:9394 --exporter exporter:9419
\`\`\`

writes \`prometheus.yml\`, \`warren.rules.yml\`, \`alertmanager.yml\` and dashboards. In a program, \`monitoring(topology, options)\` of \`warren/monitoring\` gives the same as plain data. Every scraped series
has the label \`installation\`.

The limits are each queue's own. What the topology says is recorded as constant series (\`warren_queue_limit_messages{vhost,queue}\` and its
like), against which one rule holds every queue: 500 queues are as many alert rules as five. A queue without a length limit is never too full,
one without a TTL has no messages that are too old. Queues of instances get the limits of their template as soon as the broker has them.

The broker's \`/metrics/detailed\` is asked only for the families that a rule or a dashboard needs, and only for the topology's vhosts. Bytes of
queues come from the dearest family: it is asked for only where a queue has a limit in bytes.

Every alert has a severity (\`page\`: somebody is woken; \`ticket\`: somebody looks in the morning), a sentence that says what is wrong with what, and
a page that says what to do. Each has a test that fires it and one that keeps it quiet, run by promtool on real queues of the reference systems.

Without \`--exporter\` or \`--worker\` the alerts that need what only these tell cannot fire: the command says which. \`alertmanager.yml\` groups what comes together,
keeps quiet what follows from another alert (a node that is down says nothing new about its targets, a lost quorum nothing about consumers), and
sends pages and tickets to a webhook (\`--webhook\`; in a program \`webhooks: { page, ticket }\`).

What is not there at all has no \`up\` that could be 0: on Kubernetes a pod that waits for a place, was evicted or deleted is no target. How many targets of each job
there are meant to be is therefore recorded too (\`warren_targets{job}\`), and what lacks is down: as many as are named, on Kubernetes the cluster's nodes, the exporter,
and the least number of pods of all services together. Who scrapes by other settings says the numbers: \`monitoring(topology, { targets: { "warren-workers": 6 } })\`.

How long a message has been in its queue is told by whoever gets it: workers count those that have spent 80 % of the queue's TTL there, since they were
published, came back from the ladder or were put back. Nobody consumes dead letters: the exporter looks at the first one. What lies in a quorum
queue that nobody consumes has no age that can be had: that its consumers are missing is the alert.

What Prometheus cannot tell is that it has stopped itself: \`warren exporter --prometheus ... --alertmanager ...\` looks at it, and tells Alertmanager
(\`${PROMETHEUS_DOWN}\`, a page: ${WHEN}). That Alertmanager has stopped has to be seen from elsewhere.

<!-- Generated from the table of alerts: npx tsx docs/monitoring.gen.ts -->
`;

const TITLES: Readonly<Record<string, string>> = {
  queues: "Queues",
  "dead-letters": "Dead letters",
  consumers: "Consumers",
  publishing: "Publishing",
  cluster: "Nodes and quorum",
  certificates: "Certificates",
  monitoring: "The monitoring itself",
};

const SOURCES: Readonly<Record<Source, string>> = {
  rabbitmq: "The broker, `/metrics`",
  "rabbitmq-detailed": "The broker, `/metrics/detailed`",
  "warren-exporter": "`warren exporter`",
  "warren-workers": "Workers",
  rules: "Recorded by rules",
  prometheus: "Prometheus",
};

/** A cell may not end early. */
const cell = (text: string): string => text.replaceAll("|", "\\|");
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

const alertTables = Object.entries(alertGroups).map(
  ([group, alerts]) =>
    `### ${TITLES[group] ?? group}\n\n${table(
      ["Alert", "Severity", "When", "Runbook"],
      alerts.map(({ name, severity, when }) => [`\`${name}\``, severity, sentence(when, THRESHOLDS), `[what to do](runbooks/${name}.md)`]),
    )}`,
);

const seriesTables = Object.entries(SOURCES).map(([source, title]) => {
  const of = Object.entries<Series>(SERIES).filter(([, series]) => series.source === source);
  const rows = of.map(([name, { labels, family, help }]) => [
    `\`${name}\``,
    labels.map((label) => `\`${label}\``).join(", "),
    family === undefined ? help : `${help} Family \`${family}\`.`,
  ]);
  return `### ${title}\n\n${table(["Series", "Labels", "What"], rows)}`;
});

/** The page, as it stands in `docs/monitoring.md` once it is formatted. */
export function alertsPage(): string {
  const thresholds = table(
    ["Threshold", "Default"],
    Object.entries(THRESHOLDS).map(([name, value]) => [`\`${name}\``, String(value)]),
  );
  return [
    INTRODUCTION,
    "## Alerts",
    ...alertTables,
    "## Thresholds\n\nFor `monitoring(topology, { thresholds })`, where a queue's own limits do not give the number.",
    thresholds,
    "## Series\n\nAll that rules and dashboards may ask for. A query for another one is refused by a test.",
    ...seriesTables,
    "",
  ].join("\n\n");
}
