/** Monitoring derived from topologies. Pure: it makes settings and rules for Prometheus, and talks to nobody. */
export { alerts, type Alert, type Severity } from "./alerts/index.js";
export type { AlertmanagerConfig, Inhibition, Receiver, Webhooks } from "./alertmanager.js";
export { dashboardsOf, type Dashboards, type DashboardsOptions } from "./dashboards/index.js";
export { facts, type ConsumerPromise, type Facts, type QueueFacts, type Role } from "./facts.js";
export {
  ALERTMANAGER_FILE,
  monitoring,
  nameOf,
  queriesOf,
  RULES_FILE,
  RUNBOOKS,
  type Monitoring,
  type MonitoringOptions,
  type PrometheusConfig,
  type Query,
} from "./monitoring.js";
export type { TargetNumbers } from "./constants.js";
export { PROMETHEUS_DOWN, prometheusDown, type PrometheusDown } from "./prometheus-down.js";
export { promtoolFile, promtoolTests, sampleOf, type PromtoolTest } from "./promtool-tests.js";
export { familiesOf, metricNames, seriesOf } from "./queries.js";
export type { AlertRule, RuleFile, RuleGroup } from "./rules.js";
export type { ScrapeConfig, ScrapeTls, Targets } from "./scrape.js";
export { isSeries, SERIES, type Family, type Job, type Series, type SeriesName, type Source } from "./series.js";
export { THRESHOLDS, type Thresholds } from "./thresholds.js";
