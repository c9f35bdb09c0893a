/** What a stack holds, as a text to read after `pulumi up`. */
import type { MonitoringOutputs } from "./run-monitoring.js";
import type { InstallationPlan, Plan } from "../topology/compile/plan.js";
import { usersOf } from "../topology/compile/users.js";

export interface SummaryOptions {
  /** As the `warren` command takes it: a system's name or a file. */
  readonly system: string;
  /** Of the management API and UI. */
  readonly managementUrl: string;
  /** Of a cluster, those of all nodes. */
  readonly amqpUrl: string | undefined;
  /** With TLS beside it. */
  readonly amqpsUrl?: string | undefined;
  /** Where the stack watches itself. */
  readonly monitoring?: MonitoringOutputs | undefined;
  /** Where the live page is, without its token. */
  readonly page?: string | undefined;
  /** Who may look at everything. */
  readonly administrator: string;
  /** Where the administrator's password is; none where it is the user's own. */
  readonly passwordIn?: string | undefined;
  /** How the engine is called from here: `pulumi`, or `npm run pulumi --` where the checkout brings its own. */
  readonly pulumi: string;
}

/** The lab's commands say in the environment that the engine is theirs. */
export const pulumiCommand = (): string => (process.env["WARREN_CHECKOUT"] === undefined ? "pulumi" : "npm run pulumi --");

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  // The first column is a name, the others are counts.
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

const COLUMNS: readonly (readonly [string, (plan: Plan) => number])[] = [
  ["exchanges", (plan) => plan.exchanges.length],
  ["queues", (plan) => plan.queues.length],
  ["bindings", (plan) => plan.bindings.length],
  ["policies", (plan) => plan.policies.length + plan.operatorPolicies.length],
  ["users", (plan) => plan.users.length],
];

export function summaryText(plan: InstallationPlan, options: SummaryOptions): string {
  const { system, managementUrl, amqpUrl, amqpsUrl, administrator, monitoring, page, passwordIn, pulumi } = options;
  const users = [...new Set(usersOf(plan).map(({ name }) => name))].sort();
  const rows = [
    ["vhost", ...COLUMNS.map(([title]) => title)],
    ...plan.vhosts.map((vhost) => [vhost.vhost.name, ...COLUMNS.map(([, count]) => String(count(vhost)))]),
  ];
  // `all` is no topology for the command: the first of them serves as the example.
  const named = system === "all" ? (plan.vhosts[0]?.topology ?? system) : system;
  return [
    ...table(rows),
    "",
    `management UI  ${managementUrl}  (user ${administrator}${passwordIn === undefined ? "" : `, password in ${passwordIn}`})`,
    ...(amqpUrl === undefined ? [] : [`AMQP           ${amqpUrl}`]),
    ...(amqpsUrl === undefined || amqpsUrl === amqpUrl ? [] : [`AMQPS          ${amqpsUrl}  (authority in .warren/tls/ca.pem)`]),
    ...(monitoring
      ? [
          `Prometheus     ${monitoring.prometheusUrl}`,
          `Alertmanager   ${monitoring.alertmanagerUrl}`,
          `Grafana        ${monitoring.grafana}`,
        ]
      : []),
    ...(page === undefined ? [] : [`live page      ${page}  (the address with its token: ${pulumi} stack output uiUrl --show-secrets)`]),
    ...(users.length > 0 ? [`users          ${users.join(", ")}`] : []),
    "",
    `npx warren graph ${named}     the flow of its messages`,
    `npx warren drift ${named}     the live broker against the topology`,
    `${pulumi} stack output passwords --show-secrets     the users' passwords`,
  ].join("\n");
}
