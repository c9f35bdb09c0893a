/** Every query of dashboards, as Prometheus takes it: the variables of Grafana filled in. */
import type { Dashboard, Panel, RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";
import { INSTALLATION, RANGE, RATE_INTERVAL } from "./promql.js";

export interface DashboardQuery {
  readonly dashboard: string;
  /** The row that it stands in. */
  readonly row: string;
  readonly panel: string;
  readonly refId: string;
  readonly legend: string;
  /** With its variables. */
  readonly written: string;
  /** Without. */
  readonly expr: string;
}

export interface QueryOptions {
  /** Value of the label. @default "dev" */
  readonly installation?: string;
  /** Of rates and of what was added. @default "5m" */
  readonly range?: string;
}

const isRow = (panel: Panel | RowPanel): panel is RowPanel => panel.type === "row";

/** In the order in which they stand. */
export function queriesOf(dashboards: Readonly<Record<string, Dashboard>>, options: QueryOptions = {}): DashboardQuery[] {
  const { installation = "dev", range = "5m" } = options;
  const filled = (expr: string): string =>
    expr.replaceAll(RATE_INTERVAL, range).replaceAll(RANGE, range).replaceAll(`"${INSTALLATION}"`, JSON.stringify(installation));
  return Object.entries(dashboards).flatMap(([name, { panels = [] }]) => {
    let row = "";
    return panels.flatMap((panel) => {
      if (isRow(panel)) row = panel.title ?? "";
      const shown = isRow(panel) ? panel.panels : [panel];
      return shown.flatMap(({ title = "", targets = [] }) =>
        targets.map((target) => {
          const { expr = "", refId = "", legendFormat: legend = "" } = target as { expr?: string; refId?: string; legendFormat?: string };
          return { dashboard: name, row, panel: title, refId, legend, written: expr, expr: filled(expr) };
        }),
      );
    });
  });
}
