/** Pieces of PromQL: selectors with what belongs in every one, values quoted. */
import type { SeriesName } from "../series.js";

/** The dashboards' variable; every target of a scrape has this label. */
export const INSTALLATION = "$installation";
/** Grafana's: long enough for four scrapes. */
export const RATE_INTERVAL = "$__rate_interval";
/** Grafana's: the time that is shown. */
export const RANGE = "$__range";

/** A label's value; `{ regex }` is RE2's syntax, anchored by Prometheus itself, as is `not`: values that are left out. */
export type Matcher = string | { readonly regex: string; readonly not?: string };
export type Matchers = Readonly<Record<string, Matcher>>;

/** As a string of PromQL. */
export const quoted = (text: string): string => `"${text.replace(/[\\"]/g, (character) => `\\${character}`).replaceAll("\n", "\\n")}"`;

/** `name{installation="$installation", ...}` */
export function selector(name: SeriesName, matchers: Matchers = {}): string {
  const parts = Object.entries(matchers).flatMap(([label, value]) =>
    typeof value === "string"
      ? [`${label}=${quoted(value)}`]
      : [`${label}=~${quoted(value.regex)}`, ...(value.not === undefined ? [] : [`${label}!~${quoted(value.not)}`])],
  );
  return `${name}{${[`installation="${INSTALLATION}"`, ...parts].join(", ")}}`;
}

/** Of a counter, by these labels; each node and each worker counts its own. */
export const rate = (name: SeriesName, matchers: Matchers, ...by: readonly string[]): string =>
  `sum by (${by.join(", ")}) (rate(${selector(name, matchers)}[${RATE_INTERVAL}]))`;

/** Of a gauge of a queue, which the nodes that have a member of it may each tell. */
export const highest = (name: SeriesName, matchers: Matchers, ...by: readonly string[]): string =>
  `max by (${by.join(", ")}) (${selector(name, matchers)})`;

/** A sum over queues, each counted once. */
export const total = (name: SeriesName, matchers: Matchers, ...by: readonly string[]): string =>
  `sum by (${by.join(", ")}) (max by (${["vhost", "queue"].join(", ")}) (${selector(name, matchers)}))`;

/** The share `quantile` of a histogram's observations is at most this. */
export const quantile = (share: number, bucket: SeriesName, matchers: Matchers, ...by: readonly string[]): string =>
  `histogram_quantile(${share}, ${rate(bucket, matchers, "le", ...by)})`;

const letters = (how: "rate" | "increase", at: Matchers, range: string, by: readonly string[]): string =>
  `sum by (${by.join(", ")}) (max by (vhost, queue, source, reason) (${how}(${selector("warren_dead_letters_total", at)}[${range}])))`;

/** Dead letters that arrive; of two exporters each counts all. */
export const lettersRate = (at: Matchers, ...by: readonly string[]): string => letters("rate", at, RATE_INTERVAL, by);

/** Those that arrived in the time that is shown. */
export const lettersAdded = (at: Matchers, ...by: readonly string[]): string => letters("increase", at, RANGE, by);
