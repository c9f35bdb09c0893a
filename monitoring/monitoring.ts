/** Monitoring that follows from an installation: what Prometheus scrapes, what it records, when it alerts, what Grafana shows. */
import { stringify } from "yaml";
import type { Installation, Topology } from "../topology/model.js";
import { alertmanagerConfig, type AlertmanagerConfig, type Webhooks } from "./alertmanager.js";
import { dashboardsOf, queriesOf as dashboardQueries, type Dashboards } from "./dashboards/index.js";
import type { TargetNumbers } from "./constants.js";
import { facts, type Facts } from "./facts.js";
import { familiesOf, seriesOf } from "./queries.js";
import { ruleFile, type RuleFile } from "./rules.js";
import { scrapeConfigs, type ScrapeConfig, type Targets } from "./scrape.js";
import type { Family, Job, SeriesName } from "./series.js";
import { THRESHOLDS, type Thresholds } from "./thresholds.js";

/** Where the pages stand that alerts point to, unless it is said: in the checkout and in the package's documentation. */
export const RUNBOOKS = "docs/runbooks";

export interface MonitoringOptions extends Partial<Targets> {
  /** The label `installation` of every series. @default the topologies' names, joined by + */
  readonly name?: string;
  /** With the sizes of this environment. @default the topologies as they stand */
  readonly environment?: string;
  /** How many targets of a job there are meant to be, where others find them. @default as many as are named */
  readonly targets?: Partial<Readonly<Record<Job, number>>>;
  /** Seconds between two scrapes, and between two evaluations. @default 15 */
  readonly interval?: number;
  /** Multiplies the times for which an alert has to hold before it fires; below 1 for trials. @default 1 */
  readonly holdScale?: number;
  /** Where the runbooks can be read, without the page's name: `https://wiki.example/runbooks`. @default "docs/runbooks" */
  readonly runbooks?: string;
  readonly thresholds?: Partial<Thresholds>;
  /** Alertmanagers: `host:port`. @default none */
  readonly alertmanagers?: readonly string[];
  /** Where Alertmanager sends pages and tickets. @default nowhere: it shows them */
  readonly webhooks?: Webhooks;
  /** Whether the exporter watches certificates: without, no dashboard asks for them. @default true */
  readonly certificates?: boolean;
  /** Further queries for which the broker has to be asked. */
  readonly queries?: readonly string[];
}

export interface PrometheusConfig {
  readonly global: { readonly scrape_interval: string; readonly evaluation_interval: string };
  readonly rule_files: readonly string[];
  readonly alerting?: {
    readonly alertmanagers: readonly { readonly static_configs: readonly { readonly targets: readonly string[] }[] }[];
  };
  readonly scrape_configs: readonly ScrapeConfig[];
}

export interface Monitoring {
  readonly installation: string;
  readonly facts: Facts;
  /** How many there are meant to be. */
  readonly targets: TargetNumbers;
  /** Those that `/metrics/detailed` is asked for. */
  readonly families: readonly Family[];
  readonly scrape: readonly ScrapeConfig[];
  readonly rules: RuleFile;
  readonly prometheus: PrometheusConfig;
  readonly alertmanager: AlertmanagerConfig;
  /** By name: Grafana's. */
  readonly dashboards: Dashboards;
  /** All of it as text, by file name, as they lie beside each other: `prometheus.yml`, `warren.rules.yml`, `alertmanager.yml`, `dashboards/overview.json`. */
  readonly files: Readonly<Record<string, string>>;
}

/** The label `installation`, unless it is said. */
export const nameOf = (topologies: readonly Topology[]): string => topologies.map(({ name }) => name).join("+");

/** A query of a rule, and the series that it asks for. */
export interface Query {
  /** `alert NodeDown`, `record warren:queue_fill:ratio`, `dashboard overview, Nodes, Memory`. */
  readonly of: string;
  readonly expr: string;
  readonly series: readonly SeriesName[];
}

export const RULES_FILE = "warren.rules.yml";
export const ALERTMANAGER_FILE = "alertmanager.yml";

/** Derives everything; pure. Throws a WarrenError for an unknown series in `queries`. */
export function monitoring(source: Installation | Topology, options: MonitoringOptions = {}): Monitoring {
  const installation: Installation = "topologies" in source ? source : { topologies: [source] };
  const name = options.name ?? nameOf(installation.topologies);
  const { nodes = ["localhost:15692"], interval = 15 } = options;
  const known = facts(installation, options.environment);
  const targets: TargetNumbers = {
    rabbitmq: nodes.length,
    "rabbitmq-detailed": nodes.length,
    "warren-workers": options.workers?.length ?? 0,
    "warren-exporter": options.exporters?.length ?? 0,
    ...options.targets,
  };
  const rules = ruleFile(known, {
    installation: name,
    targets,
    interval,
    holdScale: options.holdScale ?? 1,
    runbooks: options.runbooks ?? RUNBOOKS,
    thresholds: { ...THRESHOLDS, ...options.thresholds },
  });
  const { certificates = true } = options;
  const dashboards = dashboardsOf(installation, { environment: options.environment, certificates });
  const asked = [...expressions(rules), ...dashboardQueries(dashboards, { installation: name })].map(({ expr }) => expr);
  const families = familiesOf([...asked, ...(options.queries ?? [])]);
  const vhosts = [...new Set(known.topologies.map(({ vhost }) => vhost))];
  const scrape = scrapeConfigs(name, { ...options, nodes }, families, vhosts);
  const { alertmanagers = [] } = options;
  const prometheus: PrometheusConfig = {
    global: { scrape_interval: `${interval}s`, evaluation_interval: `${interval}s` },
    rule_files: [RULES_FILE],
    ...(alertmanagers.length > 0 ? { alerting: { alertmanagers: [{ static_configs: [{ targets: alertmanagers }] }] } } : {}),
    scrape_configs: scrape,
  };
  const alertmanager = alertmanagerConfig(options.webhooks);
  const files = {
    "prometheus.yml": yaml(prometheus),
    [RULES_FILE]: yaml(rules),
    [ALERTMANAGER_FILE]: yaml(alertmanager),
    ...Object.fromEntries(Object.entries(dashboards).map(([file, dashboard]) => [`dashboards/${file}.json`, json(dashboard)])),
  };
  return { installation: name, facts: known, targets, families, scrape, rules, prometheus, alertmanager, dashboards, files };
}

const expressions = ({ groups }: RuleFile): { of: string; expr: string }[] =>
  groups.flatMap(({ rules }) =>
    rules.map((rule) => ({ of: "alert" in rule ? `alert ${rule.alert}` : `record ${rule.record}`, expr: rule.expr })),
  );

/** Every query of rules and dashboards, with the series that it needs, so that each can be tried on a real Prometheus. */
export function queriesOf({ installation, rules, dashboards }: Pick<Monitoring, "installation" | "rules" | "dashboards">): Query[] {
  const shown = dashboardQueries(dashboards, { installation }).map(({ dashboard, row, panel, expr }) => ({
    of: `dashboard ${dashboard}, ${row}, ${panel}`,
    expr,
  }));
  return [...expressions(rules), ...shown].map((query) => ({ ...query, series: seriesOf(query.expr) }));
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Long lines stay whole, and nothing is an alias of something else: people read it. */
export const yaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
