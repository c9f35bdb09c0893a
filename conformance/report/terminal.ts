/** The report as a terminal shows it: a table for each topology, what was broken in full, what was not run by reason, the result. */
import { table, visible, type Style } from "../../cli/output.js";
import type { CaseReport, ProbeReport, Report, Result } from "../report.js";
import { caseCounts } from "../result.js";
import { byTopology, count, elapsed, meaning, moment, PROFILE_WORDS, title, untried, WORDS, type TopologyPart } from "./words.js";

type Colour = Parameters<Style>[0];

export const MARKS: Readonly<Record<Result, string>> = { success: "✓", partial: "~", failure: "✗", "not-run": "–" };
export const COLOURS: Readonly<Record<Result, Colour>> = { success: "green", partial: "yellow", failure: "red", "not-run": "dim" };

/** Of one case: its message names the fault, and the whole is in the other reports. */
const EVIDENCE_LINES = 30;

/** Text from outside that has to stay on its line. */
export const inLine = (text: string): string => visible(text).replaceAll("\n", "\\u000a");

/** Every line begins with a bar, so that none can be taken for a line of the report, or for a command to the CI that reads it. */
const quoted = (text: string, indent: string): string[] => text.split("\n").map((line) => `${indent}│ ${visible(line)}`.trimEnd());

/** Right-aligned numbers. */
function columns(rows: readonly (readonly (string | number)[])[], numeric: readonly number[]): string[][] {
  return rows.map((row) =>
    row.map((cell, at) => {
      const width = Math.max(...rows.map((other) => String(other[at]).length));
      return numeric.includes(at) ? String(cell).padStart(width) : String(cell);
    }),
  );
}

function probeTable(probes: readonly ProbeReport[], style: Style): string[] {
  const rows = probes.map(({ name, level, result, seconds, cases }) => {
    const { success, failure, "not-run": notRun } = caseCounts([{ cases }]);
    const numbers = cases.length === 0 ? ["", "", "", ""] : [success, failure || "", notRun || "", elapsed(seconds)];
    return [`${MARKS[result]} ${WORDS[result]}`, inLine(name), level, ...numbers];
  });
  const [head, ...lines] = table(columns([["", "probe", "level", "kept", "broken", "not run", "time"], ...rows], [3, 4, 5, 6])).split("\n");
  return [
    style("dim", `  ${head}`),
    ...lines.map((line, at) => {
      const result = probes[at]?.result ?? "not-run";
      if (result === "not-run") return `  ${style("dim", line)}`;
      const width = MARKS[result].length + 1 + WORDS[result].length;
      return `  ${style(COLOURS[result], line.slice(0, width))}${line.slice(width)}`;
    }),
  ];
}

function evidenceLines({ evidence }: CaseReport, style: Style): string[] {
  const shown = evidence.slice(-EVIDENCE_LINES);
  const hidden = evidence.length - shown.length;
  const times = shown.map(({ ms }) => `${Math.round(ms)} ms`);
  const width = Math.max(0, ...times.map(({ length }) => length));
  return [
    ...(hidden > 0 ? [style("dim", `      (${count(hidden, "earlier line")} of evidence: in the JSON and the HTML report)`)] : []),
    ...shown.map(
      ({ kind, text }, at) => `      ${style("dim", `${(times[at] ?? "").padStart(width)}  ${kind.padEnd(7)}`)}  ${inLine(text)}`,
    ),
  ];
}

function brokenLines(part: TopologyPart, style: Style): string[] {
  return part.probes
    .filter(({ result }) => result === "failure")
    .flatMap((probe) => [
      "",
      `  ${style("bold", `${inLine(title(part))} · ${inLine(probe.name)}`)}  ${inLine(probe.promise)}`,
      ...probe.cases
        .filter(({ result }) => result === "failure")
        .flatMap((one) => [
          `    ${style("red", MARKS.failure)} ${inLine(one.name)}  ${style("dim", elapsed(one.seconds))}`,
          ...quoted(one.message ?? "", "      "),
          ...evidenceLines(one, style),
        ]),
    ]);
}

function untriedLines(probes: readonly ProbeReport[], style: Style): string[] {
  const groups = untried(probes);
  if (groups.length === 0) return [];
  const lines = groups.map(({ reason, what }) => {
    // The same probe of several topologies is named once.
    const names = new Map<string, number>();
    for (const name of what) names.set(name, (names.get(name) ?? 0) + 1);
    const listed = [...names].map(([name, times]) => inLine(name) + (times > 1 ? ` (${times}×)` : ""));
    return `  ${inLine(reason)}: ${style("dim", listed.join(", "))}`;
  });
  return ["", style("bold", "Not run"), ...lines];
}

/** Lines for people; colours are the style's. */
export function terminalReport(report: Report, style: Style): string {
  const { broker, profile, startedAt, seconds, counts, result } = report;
  const parts = byTopology(report);
  const broken = parts.flatMap((part) => brokenLines(part, style));
  const nodes = broker.nodes.length > 0 ? ` · ${count(broker.nodes.length, "node")}` : "";
  const totals = [`${counts.success} kept`, `${counts.failure} broken`, `${counts["not-run"]} not run`].join(", ");
  return [
    `${inLine(broker.endpoint)} · RabbitMQ ${inLine(broker.version)}${nodes} · profile ${PROFILE_WORDS[profile]} · ${inLine(moment(startedAt))}`,
    ...parts.flatMap((part) => [
      "",
      style("bold", inLine(title(part))),
      ...(part.probes.length === 0 ? [style("dim", "  no probes")] : probeTable(part.probes, style)),
    ]),
    ...(broken.length > 0 ? ["", style("bold", "Broken"), ...broken.slice(1)] : []),
    ...untriedLines(report.probes, style),
    "",
    `${style(COLOURS[result], `${MARKS[result]} ${result}`)}  ${meaning(report)}`,
    `  ${totals} (${count(counts.success + counts.failure + counts["not-run"], "case")}) in ${elapsed(seconds)}`,
    "",
  ].join("\n");
}
