/** All dashboards of an installation, as Grafana reads them. */
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Installation } from "../../topology/model.js";
import { contexts, type DashboardsOptions } from "./context.js";
import { dashboard } from "./dashboard.js";
import { deadLettersDashboard } from "./dead-letters.js";
import { overviewDashboard } from "./overview.js";
import { topologyDashboard } from "./topology.js";
import { workersDashboard } from "./workers.js";

/** By name, which serves as a file's: `overview`, `workers`, `dead-letters`, `topology-NAME`. Each is JSON for Grafana's provisioning. */
export type Dashboards = Readonly<Record<string, Dashboard>>;

/** Pure: the same installation gives the same dashboards. A dashboard without rows (no workers, no dead letters) is left out. */
export function dashboardsOf(installation: Installation, options: DashboardsOptions = {}): Dashboards {
  const all = contexts(installation, options);
  const specs = {
    overview: overviewDashboard(all, options),
    ...Object.fromEntries(all.map((context) => [`topology-${context.topology.name}`, topologyDashboard(context)])),
    workers: workersDashboard(all),
    "dead-letters": deadLettersDashboard(all),
  };
  return Object.fromEntries(
    Object.entries(specs)
      .filter(([, { rows }]) => rows.length > 0)
      .map(([name, spec]) => [name, dashboard(spec)]),
  );
}
