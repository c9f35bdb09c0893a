/** The report as JUnit XML, as Jenkins, GitLab and reporters for GitHub read it: a suite for each probe of each topology. */
import { visible } from "../../cli/output.js";
import type { CaseReport, ProbeReport, Report } from "../report.js";
import { caseCounts } from "../result.js";
import { WORDS } from "./words.js";

/** What XML 1.0 cannot hold at all, not even as a reference, beside the control characters that `visible` has shown as escapes. */
const FORBIDDEN = /[\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;" };

const legal = (text: string): string =>
  visible(text).replace(FORBIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

const content = (text: string): string => legal(text).replace(/[&<>]/g, (character) => ENTITIES[character] ?? "");
const attribute = (text: string): string => legal(text).replace(/[&<>"\n]/g, (character) => ENTITIES[character] ?? "");

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${attribute(String(value))}"`)
    .join("");

const time = (seconds: number): string => seconds.toFixed(3);

const evidenceText = ({ evidence }: CaseReport): string =>
  evidence.map(({ kind, text, ms }) => `${Math.round(ms)} ms  ${kind}  ${text}`).join("\n");

function testcase(one: CaseReport, probe: ProbeReport): string[] {
  const said = one.message ?? WORDS[one.result];
  const evidence = evidenceText(one);
  const opening = `    <testcase${attributes({ name: one.name, classname: `${probe.vhost}.${probe.name}`, time: time(one.seconds) })}`;
  const within = [
    ...(one.result === "failure"
      ? [`      <failure${attributes({ message: said.split("\n")[0] ?? "", type: "Broken" })}>${content(said)}</failure>`]
      : []),
    ...(one.result === "not-run" ? [`      <skipped${attributes({ message: said })}/>`] : []),
    ...(evidence === "" ? [] : [`      <system-out>${content(evidence)}</system-out>`]),
  ];
  return within.length === 0 ? [`${opening}/>`] : [`${opening}>`, ...within, "    </testcase>"];
}

/** A probe without cases is shown as one that was skipped: left out, nobody would miss it. */
const casesOf = (probe: ProbeReport): readonly CaseReport[] =>
  probe.cases.length > 0
    ? probe.cases
    : [{ name: probe.promise, result: "not-run", message: probe.reason ?? "no reason is known", seconds: 0, evidence: [] }];

function counted(cases: readonly CaseReport[]): Record<string, number> {
  const counts = caseCounts([{ cases: [...cases] }]);
  return { tests: cases.length, failures: counts.failure, errors: 0, skipped: counts["not-run"] };
}

function suite(probe: ProbeReport, { broker, startedAt }: Report): string[] {
  const cases = casesOf(probe);
  const head = { name: `${probe.vhost}: ${probe.name}`, ...counted(cases), time: time(probe.seconds), timestamp: startedAt };
  const properties = { promise: probe.promise, level: probe.level, vhost: probe.vhost, broker: broker.endpoint };
  return [
    `  <testsuite${attributes(head)}>`,
    "    <properties>",
    ...Object.entries(properties).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    "    </properties>",
    ...cases.flatMap((one) => testcase(one, probe)),
    "  </testsuite>",
  ];
}

/** XML text, in UTF-8. */
export function junitReport(report: Report): string {
  const all = report.probes.flatMap(casesOf);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "warren conformance", ...counted(all), time: time(report.seconds) })}>`,
    ...report.probes.flatMap((probe) => suite(probe, report)),
    "</testsuites>",
    "",
  ].join("\n");
}
