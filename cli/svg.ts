/** A flow graph as an SVG picture, laid out by Graphviz, with colours for light and dark. */
import type { FlowGraph } from "../topology/compile/graph.js";
import { dot } from "../topology/compile/dot.js";

const LIGHT = {
  paper: "#ffffff",
  frame: "#d8dee4",
  ink: "#1c2733",
  soft: "#5a6672",
  service: "#eef1f4",
  "service-line": "#8a95a1",
  message: "#ffffff",
  "message-line": "#aab4be",
  exchange: "#fff3dc",
  "exchange-line": "#c9871c",
  queue: "#e6f1fd",
  "queue-line": "#3b7cc4",
  dead: "#fdeaec",
  "dead-line": "#c8374f",
  edge: "#8a95a1",
  link: "#2b8a5b",
};

const DARK: typeof LIGHT = {
  paper: "#0f151b",
  frame: "#2d3742",
  ink: "#e8edf2",
  soft: "#a3afbb",
  service: "#242d36",
  "service-line": "#6f7c89",
  message: "#161d24",
  "message-line": "#55616d",
  exchange: "#382b12",
  "exchange-line": "#d9a03f",
  queue: "#12293f",
  "queue-line": "#5b9fe6",
  dead: "#3b191f",
  "dead-line": "#f0748a",
  edge: "#7d8995",
  link: "#4fbf88",
};

const variables = (colours: typeof LIGHT): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(";");

/** Rules win over the colours that Graphviz writes as attributes, and reach nothing else where the picture stands inside a page. */
const ROOT = ".warren-flow";
const rule = (selectors: string, declarations: string): string =>
  `${selectors
    .split(",")
    .map((selector) => `${ROOT} ${selector}`)
    .join(",")}{${declarations}}`;

/** Fill and line of a kind of node. */
const box = (kind: string, fill: string, line: string): string =>
  rule(`.${kind} path,.${kind} polygon,.${kind} polyline`, `fill:var(--${fill});stroke:var(--${line})`);

/** Line, head and label of a kind of edge. */
const line = (kind: string, colour: string): string =>
  [
    rule(`.edge.${kind} path,.key.${kind} path`, `stroke:var(--${colour})`),
    rule(`.edge.${kind} polygon`, `fill:var(--${colour});stroke:var(--${colour})`),
    rule(`.key.${kind} text`, `fill:var(--${colour})`),
  ].join("\n");

const STYLE = [
  `${ROOT}{${variables(LIGHT)};background:var(--paper)}`,
  `@media(prefers-color-scheme:dark){${ROOT}{${variables(DARK)}}}`,
  // Widths were measured for Helvetica: first the families that have the same ones.
  rule("text", 'font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;fill:var(--ink)'),
  // The small lines and the description are told by their sizes.
  rule('text[font-size="10.00"],text[font-size="12.00"]:not([font-weight])', "fill:var(--soft)"),
  rule(".cluster path", "fill:none;stroke:var(--frame)"),
  rule(".key path", "fill:var(--paper)"),
  box("publisher", "service", "service-line"),
  box("consumer", "service", "service-line"),
  box("message", "message", "message-line"),
  box("exchange", "exchange", "exchange-line"),
  box("queue", "queue", "queue-line"),
  box("template", "queue", "queue-line"),
  box("external", "message", "link"),
  box("undeclared", "paper", "dead-line"),
  box("dead", "dead", "dead-line"),
  line("publishes", "edge"),
  line("consumes", "edge"),
  line("manages", "edge"),
  line("binding", "queue-line"),
  line("dead-letter", "dead-line"),
  line("alternate", "exchange-line"),
  line("shovel", "link"),
  line("federation", "link"),
].join("\n");

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** SVG text; deterministic. The layout library is loaded when it is needed. */
export async function svg(graph: FlowGraph): Promise<string> {
  const { instance } = await import("@viz-js/viz");
  const drawn = (await instance()).renderString(dot(graph), { format: "svg", engine: "dot" });
  const body = drawn.slice(drawn.indexOf(">", drawn.indexOf("<svg")) + 1);
  const [, width = "", height = ""] = /<svg width="([\d.]+)pt" height="([\d.]+)pt"/.exec(drawn) ?? [];
  const title = `Flow of messages: ${graph.topologies.map(({ name }) => name).join(", ")}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="warren-flow" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<style>\n${STYLE}\n</style>`,
    // Titles of Graphviz are its own names for nodes, which would show under the pointer.
    body
      .replace(/<!--[\s\S]*?-->\n?/g, "")
      .replace(/<title>[^<]*<\/title>\n/g, "")
      .trim(),
    "",
  ].join("\n");
}
