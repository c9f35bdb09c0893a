/** The report as one HTML page that needs nothing else: no other file, no network, no script to be read. */
import { createHash } from "node:crypto";
import type { Report } from "../report.js";
import { caseCounts } from "../result.js";
import { promises } from "./html-promises.js";
import { SCRIPT } from "./html-script.js";
import { STYLE } from "./html-style.js";
import { flag, markup, Markup, type Content } from "./html-text.js";
import { byTopology, count, elapsed, meaning, moment, PROFILE_WORDS, title, WORDS, type TopologyPart } from "./words.js";

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Only what was written here may run or style: whatever else got into the page would stay without effect. */
function policy(pictures: readonly string[]): string {
  const styles = pictures.flatMap((picture) => [...picture.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style = ""]) => style));
  const style = [...new Set([STYLE, ...styles])].map(hash).join(" ");
  return `default-src 'none'; script-src ${hash(SCRIPT)}; style-src ${style}; base-uri 'none'; form-action 'none'`;
}

const RESULTS = ["success", "failure", "not-run"] as const;

/** Counts as a bar: widths are attributes, for the policy allows no styles of elements. */
function bar(counts: Report["counts"]): Markup {
  const total = RESULTS.reduce((sum, result) => sum + counts[result], 0);
  let at = 0;
  const parts = RESULTS.filter((result) => counts[result] > 0).map((result) => {
    // A single failure among thousands is to be seen too.
    const width = Math.max((counts[result] / total) * 100, 0.8);
    at += width;
    return markup`<rect class="${result}" x="${(at - width).toFixed(3)}" y="0" width="${width.toFixed(3)}" height="1" />`;
  });
  return markup`<svg class="bar" viewBox="0 0 ${Math.max(at, 1).toFixed(3)} 1" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`;
}

const numbers = (counts: Report["counts"]): Content =>
  RESULTS.map(
    (result) =>
      markup`<div class="count ${result}">
        <dt>${WORDS[result]}</dt>
        <dd>${counts[result].toLocaleString("en-US")}</dd>
      </div>`,
  );

function header(report: Report): Markup {
  const { broker, profile, startedAt, seconds, result, counts, topologies } = report;
  const facts: readonly (readonly [string, string])[] = [
    [topologies.length === 1 ? "Topology" : "Topologies", topologies.map(title).join(", ")],
    ["Broker", broker.endpoint],
    ["RabbitMQ", `${broker.version}${broker.nodes.length > 0 ? `, ${count(broker.nodes.length, "node")}` : ""}`],
    ["Profile", PROFILE_WORDS[profile]],
    ["Started", moment(startedAt)],
    ["Duration", elapsed(seconds)],
  ];
  return markup`<header>
    <p class="kind-of-page">Warren conformance report</p>
    <div class="result ${result}">
      <h1>${result === "not-run" ? "Not run" : result.slice(0, 1).toUpperCase() + result.slice(1)}</h1>
      <p>${meaning(report)}</p>
    </div>
    <dl class="counts">${numbers(counts)}</dl>
    ${bar(counts)}
    <dl class="run">
      ${facts.map(
        ([name, value]) =>
          markup`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </header>`;
}

function diagram(part: TopologyPart, picture: string): Markup {
  const name = title(part);
  const scale = `scale-${part.index ?? 0}`;
  return markup`<fieldset class="scale">
      <legend class="unseen">Size of the diagram of ${name}</legend>
      <label><input type="radio" name="${scale}" checked />fit</label>
      <label><input class="full" type="radio" name="${scale}" />full size</label>
    </fieldset>
    <div class="canvas" tabindex="0" role="region" aria-label="Flow of messages in ${name}, can be scrolled">${new Markup(picture)}</div>`;
}

function topologies(report: Report, pictures: readonly string[]): Markup {
  const open = report.topologies.length === 1 && report.result !== "failure";
  const items = byTopology(report).map((part) => {
    const counts = caseCounts(part.probes);
    const line = markup`<h3>${title(part)}</h3><dl class="counts">${numbers(counts)}</dl>`;
    const described = part.index === undefined ? undefined : report.topologies[part.index];
    if (described === undefined) return markup`<div class="topology-item"><div class="head">${line}${bar(counts)}</div></div>\n`;
    const picture = pictures[part.index ?? 0];
    return markup`<details class="topology-item"${flag("open", open)}>
      <summary class="head">${line}<span class="more">Flow of messages</span>${bar(counts)}</summary>
      ${picture === undefined ? markup`<pre class="canvas" tabindex="0">${described.diagram}</pre>` : diagram(part, picture)}
    </details>\n`;
  });
  return markup`<section id="topologies" aria-labelledby="topologies-heading">
    <h2 id="topologies-heading">${report.topologies.length === 1 ? "Topology" : "Topologies"}</h2>
    <div class="card">${items}</div>
  </section>`;
}

/**
 * `pictures`: SVG for each of the report's topologies, in their order, as `topologyDiagrams` draws it; it is put into the page as it is.
 * Without one the Mermaid text is shown.
 */
export function htmlReport(report: Report, pictures: readonly string[] = []): string {
  const names = report.topologies.map(title).join(", ");
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Markup(policy(pictures))}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${report.result}: conformance of ${names}</title>
        <style>${new Markup(STYLE)}</style>
      </head>
      <body>
        <a class="skip" href="#promises">To the promises</a>
        ${header(report)}
        <main>${topologies(report, pictures)} ${promises(report)}</main>
        <footer>
          <p>Made by <code>warren conformance</code>, version ${report.version} of the report.</p>
        </footer>
        <script>${new Markup(SCRIPT)}</script>
      </body>
    </html>
`.text;
}
