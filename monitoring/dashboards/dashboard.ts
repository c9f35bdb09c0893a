/** A dashboard of rows: panels laid out from left to right, ids in their order, the variables that every query needs. */
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
  type Dashboard,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { createHash } from "node:crypto";
import { DATASOURCE, HEIGHT, panel, type PanelSpec, type Placed } from "./panel.js";

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

export interface DashboardSpec {
  /** Stays the same in every run: links and provisioning go by it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly rows: readonly RowSpec[];
}

/** Grafana's limit. */
const MAX_UID = 40;
/** What is cut off is told apart by its hash. */
export const shortUid = (uid: string): string =>
  uid.length <= MAX_UID ? uid : `${uid.slice(0, MAX_UID - 9)}-${createHash("sha256").update(uid).digest("hex").slice(0, 8)}`;

/** With more rows they begin folded: a folded row asks nothing. */
const MAX_OPEN = 20;
const COLUMNS = 24;

/** Places for panels below `y`, and where the next row begins. */
function layout(panels: readonly PanelSpec[], y: number, firstId: number): { readonly places: readonly Placed[]; readonly next: number } {
  const places: Placed[] = [];
  let [x, line, height] = [0, y, 0];
  panels.forEach(({ width = 6, kind }, at) => {
    if (x + width > COLUMNS) [x, line, height] = [0, line + height, 0];
    places.push({ id: firstId + at, x, y: line });
    x += width;
    height = Math.max(height, HEIGHT[kind]);
  });
  return { places, next: line + height };
}

export function dashboard({ uid, title, description, tags, rows }: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(shortUid(uid))
    .description(description)
    .tags(["warren", ...tags])
    .readonly()
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh("30s")
    .time({ from: "now-1h", to: "now" })
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"))
    .withVariable(
      new QueryVariableBuilder("installation")
        .label("Installation")
        .datasource(DATASOURCE)
        .query("label_values(up, installation)")
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc),
    )
    .link(
      new DashboardLinkBuilder("Warren")
        .type(DashboardLinkType.Dashboards)
        .tags(["warren"])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    );
  const folded = rows.length > MAX_OPEN;
  let [id, y] = [1, 0];
  for (const { title: name, panels } of rows) {
    const row = new RowBuilder(name).id(id++).collapsed(folded).gridPos({ h: 1, w: COLUMNS, x: 0, y });
    const { places, next } = layout(panels, y + 1, id);
    id += panels.length;
    const made = panels.flatMap((spec, at) => (places[at] ? [panel(spec, places[at])] : []));
    if (folded) made.forEach((each) => row.withPanel(each));
    builder.withRow(row);
    if (!folded) made.forEach((each) => builder.withPanel(each));
    y = folded ? y + 1 : next;
  }
  return builder.build();
}
