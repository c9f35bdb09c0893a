/** Grafana dashboards of an installation. */
export { dashboardsOf, type Dashboards } from "./dashboards.js";
export type { DashboardsOptions } from "./context.js";
export { queriesOf, type DashboardQuery } from "./queries.js";
export { flowOrder, type FlowRow } from "./order.js";
