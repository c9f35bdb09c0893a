/** Drift as a table for people. */
import type { Drift } from "./drift.js";

const cell = (value: unknown): string => (value === null ? "(none)" : typeof value === "string" ? value : JSON.stringify(value));

/** Columns as wide as their widest cell; the last one runs free. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    `  ${row.map((text, column) => (column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0))).join("  ")}`.trimEnd(),
  );
}

/** One line per object or field, under `missing`, `mismatched` and `extra`; a single line if there is no drift. */
export function driftText(drift: Drift): string {
  const lines: string[] = [];
  const section = (title: string, header: readonly string[], rows: readonly (readonly string[])[]): void => {
    if (rows.length > 0) lines.push(...(lines.length > 0 ? [""] : []), title, ...table([header, ...rows]));
  };
  section(
    `missing on the broker: ${drift.missing.length}`,
    ["VHOST", "KIND", "NAME", "IN THE TOPOLOGY"],
    drift.missing.map(({ vhost, kind, name, path }) => [vhost ?? "", kind, name, path]),
  );
  section(
    `mismatched: ${drift.mismatched.length}`,
    ["VHOST", "KIND", "NAME", "FIELD", "EXPECTED", "ACTUAL", "WHO WINS"],
    drift.mismatched.map(({ vhost, kind, name, field, expected, actual, winner }) => [
      vhost ?? "",
      kind,
      name,
      field,
      cell(expected),
      cell(actual),
      winner ?? "",
    ]),
  );
  section(
    `extra on the broker: ${drift.extra.length}`,
    ["VHOST", "KIND", "NAME"],
    drift.extra.map(({ vhost, kind, name }) => [vhost ?? "", kind, name]),
  );
  return lines.length === 0 ? "No drift: the broker holds what the topology says." : lines.join("\n");
}
