/** What a query in PromQL asks for: the names of its series. Reads names only, and needs no Prometheus. */
import { WarrenError } from "../topology/errors.js";
import { type Family, isSeries, SERIES, type Series, type SeriesName } from "./series.js";

const WORDS = new Set([
  ...["and", "or", "unless", "atan2", "bool", "offset", "inf", "nan", "by", "without", "on", "ignoring", "group_left", "group_right"],
]);

/** Names of metrics in a query, known or not, in the order in which they come. Selectors by `{__name__=...}` are not for here. */
export function metricNames(query: string): string[] {
  const bare = query
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""')
    .replace(/\{[^}]*\}/g, " ")
    .replace(/\[[^\]]*\]/g, " ")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/gi, " ")
    .replace(/\boffset\s+-?\d+\w+/gi, " ");
  const names = new Set<string>();
  for (const { 0: name, index } of bare.matchAll(/(?<![\w.:])[A-Za-z_:][\w:]*/g)) {
    const called = /^\s*\(/.test(bare.slice(index + name.length));
    // `sum by (x) (...)`: the clause is gone, what is left of the aggregation stands before a bracket.
    if (!called && !WORDS.has(name.toLowerCase())) names.add(name);
  }
  return [...names];
}

/** The series of a query. Throws a WarrenError for one that the table of series does not have. */
export function seriesOf(query: string): SeriesName[] {
  return metricNames(query).map((name) => {
    if (isSeries(name)) return name;
    throw new WarrenError(`No series "${name}" is known, which this query asks for: ${query}`, {
      remedy: "correct the name, or add the series to monitoring/series.ts",
    });
  });
}

/** The families of `/metrics/detailed` that hold what these queries ask for, sorted. */
export function familiesOf(queries: readonly string[]): Family[] {
  const families = new Set<Family>();
  for (const name of queries.flatMap(seriesOf)) {
    const { family }: Series = SERIES[name];
    if (family !== undefined) families.add(family);
  }
  return [...families].sort();
}
