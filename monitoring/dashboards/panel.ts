/** A panel as this folder describes it, and Grafana's. */
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  TooltipDisplayMode,
  SortOrder,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  LegendDisplayMode,
  LegendPlacement,
  type DataSourceRef,
} from "@grafana/grafana-foundation-sdk/common";
import { ThresholdsConfigBuilder, ThresholdsMode, type Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** Grafana's names of units. */
export type Unit = "short" | "cps" | "s" | "bytes" | "percentunit" | "dateTimeFromNow";

export interface PanelSpec {
  readonly title: string;
  /** One sentence: what to read from it. */
  readonly description: string;
  readonly kind: "graph" | "number";
  readonly unit: Unit;
  /** Of 24 columns. @default 6 */
  readonly width?: number;
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
  /** From this value on, it is red. */
  readonly redFrom?: number;
}

export const HEIGHT = { graph: 7, number: 4 } as const;
export const DATASOURCE: DataSourceRef = { type: "prometheus", uid: "${datasource}" };

const refId = (at: number): string => (at < 26 ? "" : refId(Math.floor(at / 26) - 1)) + String.fromCharCode(65 + (at % 26));

function thresholds({ redFrom }: PanelSpec): ThresholdsConfigBuilder {
  const steps = [
    { value: null, color: redFrom === undefined ? "blue" : "green" },
    ...(redFrom === undefined ? [] : [{ value: redFrom, color: "red" }]),
  ];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

export interface Placed {
  readonly id: number;
  readonly x: number;
  readonly y: number;
}

/** At its place, with its id. */
export function panel(spec: PanelSpec, { id, x, y }: Placed): Builder<Panel> {
  const builder =
    spec.kind === "graph"
      ? new TimeseriesBuilder()
          .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true))
          .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
          .fillOpacity(10)
          .lineWidth(1)
      : new StatBuilder();
  builder
    .id(id)
    .title(spec.title)
    .description(spec.description)
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .thresholds(thresholds(spec))
    .gridPos({ h: HEIGHT[spec.kind], w: spec.width ?? 6, x, y });
  if (spec.unit !== "dateTimeFromNow") builder.min(0);
  spec.queries.forEach(({ expr, legend }, at) => {
    const query = new DataqueryBuilder().refId(refId(at)).datasource(DATASOURCE).expr(expr).legendFormat(legend);
    builder.withTarget(spec.kind === "number" ? query.instant() : query.range());
  });
  return builder;
}
