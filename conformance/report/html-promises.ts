/** The promises in the HTML report: what is broken first and open, the rest folded. */
import type { CaseReport, ProbeReport, Report, Result } from "../report.js";
import { caseCounts } from "../result.js";
import { flag, markup, type Content, type Markup } from "./html-text.js";
import { MARKS } from "./terminal.js";
import { byTopology, byUrgency, count, elapsed, title, WORDS } from "./words.js";

const mark = (result: Result): Markup =>
  markup`<span class="mark ${result}" aria-hidden="true">${MARKS[result]}</span><span class="unseen">${WORDS[result]}: </span>`;

const badge = (result: Result): Markup => markup`<span class="badge ${result}">${WORDS[result]}</span>`;

function evidence({ evidence }: CaseReport): Content {
  if (evidence.length === 0) return markup`<p class="none">No evidence was kept.</p>`;
  const lines = evidence.map(
    ({ kind, text, ms }) =>
      markup`<li>
        <span class="ms">${Math.round(ms).toLocaleString("en-US")} ms</span><span class="kind">${kind}</span><span class="text">${text}</span>
      </li>`,
  );
  return markup`<ol class="evidence" aria-label="Evidence">
    ${lines}
  </ol>`;
}

function caseItem(one: CaseReport): Markup {
  const line = markup`${mark(one.result)}<span class="name">${one.name}</span><span class="time">${one.result === "not-run" ? "" : elapsed(one.seconds)}</span>`;
  const message = one.message === undefined ? undefined : markup`<pre class="message ${one.result}">${one.message}</pre>`;
  if (one.result === "not-run" && one.evidence.length === 0)
    return markup`<li class="case" data-result="not-run">
      <div class="line">${line}</div>
      ${message}
    </li>\n`;
  return markup`<li class="case" data-result="${one.result}"><details${flag("open", one.result === "failure")}><summary class="line">${line}</summary>${message}${evidence(one)}</details></li>\n`;
}

function tally({ cases }: ProbeReport): Content {
  const counts = caseCounts([{ cases }]);
  const shown = (["failure", "not-run", "success"] as const).filter((result) => counts[result] > 0);
  return shown.map((result) => markup`<span class="tally ${result}">${counts[result].toLocaleString("en-US")} ${WORDS[result]}</span> `);
}

/** Beside what is broken, what was kept would only be in the way. */
function caseLists({ result, cases }: ProbeReport): Content {
  const list = (some: readonly CaseReport[]): Content =>
    some.length === 0
      ? undefined
      : markup`<ul class="cases">
          ${byUrgency(some).map(caseItem)}
        </ul>`;
  if (result !== "failure") return list(cases);
  const rest = cases.filter((one) => one.result === "success");
  return [
    list(cases.filter((one) => one.result !== "success")),
    rest.length === 0
      ? undefined
      : markup`<details class="rest"><summary>${count(rest.length, "case")} kept</summary>${list(rest)}</details>`,
  ];
}

function probeItem(probe: ProbeReport, topology: string): Markup {
  const head = markup`${badge(probe.result)}
    <div class="what">
      <h4>${probe.name}</h4>
      <p>${probe.promise}</p>
      ${probe.reason === undefined ? undefined : markup`<p class="reason">Not run: ${probe.reason}.</p>`}
      <p class="facts">
        <span class="topology">${topology}</span> <span>${probe.level}</span> ${tally(probe)}${
          probe.result === "not-run" ? undefined : markup`<span class="time">${elapsed(probe.seconds)}</span>`
        }
      </p>
    </div>`;
  const data = markup`data-vhost="${probe.vhost}" data-level="${probe.level}" data-result="${probe.result}"`;
  if (probe.cases.length === 0) return markup`<div class="probe bare" ${data}><div class="head">${head}</div></div>\n`;
  return markup`<details class="probe" ${data}${flag("open", probe.result === "failure")}>
    <summary class="head">${head}</summary>
    ${caseLists(probe)}
  </details>\n`;
}

/** Headings, in the order of urgency. */
const GROUPS: readonly { readonly heading: string; readonly of: (probe: ProbeReport) => boolean }[] = [
  { heading: "Broken", of: ({ result }) => result === "failure" },
  { heading: "Tried in part", of: ({ result }) => result === "partial" },
  { heading: "Could not be tried", of: ({ result, reason }) => result === "not-run" && reason === undefined },
  { heading: "Kept", of: ({ result }) => result === "success" },
  { heading: "Not part of this run", of: ({ result, reason }) => result === "not-run" && reason !== undefined },
];

export function promises(report: Report): Markup {
  const parts = byTopology(report);
  const names = new Map(parts.map((part) => [part.vhost, title(part)]));
  const groups = GROUPS.map(({ heading, of }) => {
    const probes = report.probes.filter(of);
    if (probes.length === 0) return undefined;
    return markup`<section class="group">
      <h3>${heading} <span class="number">${probes.length}</span></h3>
      ${probes.map((probe) => probeItem(probe, names.get(probe.vhost) ?? probe.vhost))}
    </section>\n`;
  });
  return markup`<section id="promises" aria-labelledby="promises-heading">
    <h2 id="promises-heading">Promises</h2>
    ${filters(report)} ${groups}
    <p id="nothing" hidden>Nothing matches these filters.</p>
  </section>`;
}

const option = (value: string, text: string): Markup => markup`<option value="${value}">${text}</option>`;

/** Hidden until the script is there that makes it work. */
function filters(report: Report): Markup {
  const parts = byTopology(report);
  const results = (["failure", "success", "not-run"] as const).map(
    (result) =>
      markup`<label class="chip ${result}"><input type="checkbox" name="result" value="${result}" checked />${WORDS[result]}</label>`,
  );
  const topologies = markup`<label
    >Topology
    <select name="vhost">
      ${option("", "all")}${parts.map((part) => option(part.vhost, title(part)))}
    </select></label
  >`;
  return markup`<form id="filters" role="search" aria-label="Filter the promises" autocomplete="off" hidden>
    <fieldset>
      <legend class="unseen">Result</legend>
      ${results}
    </fieldset>
    ${parts.length > 1 ? topologies : undefined}
    <label
      >Level
      <select name="level">
        ${option("", "all")}${option("core", "core")}${option("extended", "extended")}
      </select></label
    >
    <label class="search">Search <input type="search" name="text" placeholder="queue, service, message" /></label>
    <div class="buttons">
      <button type="button" name="open">Open all</button><button type="button" name="close">Close all</button
      ><button type="reset">Reset</button>
    </div>
    <p id="shown" role="status">${count(report.probes.length, "promise")}</p>
  </form>`;
}
