/** A flow graph as DOT, the language of Graphviz. Classes go with everything, so that a style sheet can colour the drawing made of it. */
import type { FlowEdgeKind, FlowGraph, FlowNodeKind } from "./graph.js";
import { picture, type Box, type Label, type Picture } from "./picture.js";

/** Text inside a label that Graphviz reads like HTML. What XML cannot hold becomes a space. */
function markup(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, " ")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Point sizes: names, and the small lines below them. */
const SMALL = 10;

const small = (text: string): string => (text === "" ? "" : `<FONT POINT-SIZE="${SMALL}">${markup(text)}</FONT>`);
const bold = (text: string): string => `<B>${text === "" ? "&#8203;" : markup(text)}</B>`;

function table(rows: readonly string[], align: "LEFT" | "CENTER"): string {
  const cells = rows.filter((row) => row !== "").map((row) => `<TR><TD ALIGN="${align}">${row}</TD></TR>`);
  return `<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">${cells.join("")}</TABLE>>`;
}

/** Shape, and colours for those who draw the text as it is: fill, line. */
const LOOKS: Readonly<Record<FlowNodeKind, { shape: string; style: string; fill: string; line: string }>> = {
  publisher: { shape: "box", style: "rounded,filled", fill: "#eef1f4", line: "#6b7682" },
  consumer: { shape: "box", style: "rounded,filled", fill: "#eef1f4", line: "#6b7682" },
  message: { shape: "note", style: "filled", fill: "#ffffff", line: "#98a2ad" },
  exchange: { shape: "hexagon", style: "filled", fill: "#fdf0d9", line: "#c27c0e" },
  queue: { shape: "box", style: "filled", fill: "#e2effd", line: "#2f6fb3" },
  ladder: { shape: "box", style: "rounded,filled", fill: "#eee9fb", line: "#7556c4" },
  template: { shape: "box", style: "filled,dashed", fill: "#e2effd", line: "#2f6fb3" },
  external: { shape: "box", style: "rounded,dashed", fill: "#ffffff", line: "#6b7682" },
  undeclared: { shape: "box", style: "dashed", fill: "#ffffff", line: "#c4314b" },
};

const DEAD = { fill: "#fce8e9", line: "#c4314b" };

const LINES: Readonly<Record<FlowEdgeKind, { colour: string; dashed?: true }>> = {
  publishes: { colour: "#6b7682" },
  binding: { colour: "#2f6fb3" },
  consumes: { colour: "#6b7682" },
  manages: { colour: "#6b7682", dashed: true },
  retry: { colour: "#7556c4", dashed: true },
  return: { colour: "#7556c4", dashed: true },
  "dead-letter": { colour: "#c4314b", dashed: true },
  alternate: { colour: "#c27c0e", dashed: true },
  shovel: { colour: "#2b8a5b" },
  federation: { colour: "#2b8a5b" },
};

/** What stands before the keys of a label. */
const WORDS: Partial<Record<FlowEdgeKind, string>> = {
  "dead-letter": "dead letters",
  alternate: "unroutable",
  shovel: "shovel",
  federation: "federation",
};

function rows(box: Box, ladder: readonly string[], keys: readonly string[]): string[] {
  const [first] = box.rows;
  const name = first?.name ?? "";
  const details = box.details.join(" · ");
  switch (box.kind) {
    case "publisher":
    case "consumer":
      return box.rows.map((row) => bold(row.name) + (row.note === undefined ? "" : `  ${small(row.note)}`));
    case "message":
      return [
        bold(name),
        small(
          keys
            .filter((key) => key !== name)
            .map((key) => `key ${key}`)
            .join(", "),
        ),
        small(details),
      ];
    case "exchange":
      return [bold(name === "" ? "default exchange" : name), small([box.type ?? "", ...box.details].join(" · "))];
    case "undeclared":
      return [bold(name), small(`${box.type ?? "name"}, not declared`)];
    case "external":
      return [bold(name)];
    default: {
      const kind = box.kind === "template" ? `${box.type ?? ""} per instance` : (box.type ?? "");
      // Graphviz measures an arrow as nothing: what it lacks is added behind.
      const retry = ladder.length === 0 ? "" : `retry ${ladder.join(" → ")}${"\u00a0".repeat(ladder.length)}`;
      return [bold(name), small([kind, ...box.details].join(" · ")), small(retry)];
    }
  }
}

/** Names of nodes in the drawing: plain words, for an id may hold anything. */
class Names {
  private readonly known = new Map<string, string>();

  of(id: string): string {
    const name = this.known.get(id) ?? `n${this.known.size}`;
    this.known.set(id, name);
    return name;
  }
}

function boxLine(box: Box, names: Names, ladder: readonly string[], keys: readonly string[]): string {
  const looks = { ...LOOKS[box.kind], ...(box.deadLetters ? DEAD : {}) };
  const classes = [box.kind, ...(box.deadLetters ? ["dead"] : [])].join(" ");
  const align = box.kind === "queue" || box.kind === "template" || box.rows.length > 1 ? "LEFT" : "CENTER";
  return (
    `${names.of(box.id)} [class="${classes}", shape=${looks.shape}, style="${looks.style}", fillcolor="${looks.fill}", color="${looks.line}", ` +
    `label=${table(rows(box, ladder, keys), align)}${box.kind === "exchange" ? ', margin="0,0"' : ""}];`
  );
}

function edgeLine(from: string, to: string, kind: FlowEdgeKind, { head = true, back = false } = {}): string {
  const { colour, dashed } = LINES[kind];
  const parts = [`class="${kind}"`, `color="${colour}"`, ...(dashed ? ['style="dashed"'] : [])];
  // An edge against the flow is laid out as one with it, so that it does not turn the whole drawing around.
  return back
    ? `${to} -> ${from} [${[...parts, `dir=${head ? "back" : "none"}`].join(", ")}];`
    : `${from} -> ${to} [${[...parts, ...(head ? [] : ["arrowhead=none"])].join(", ")}];`;
}

/** Labels that lead back: their targets bring messages to where they come from. */
export function backward(drawn: Picture): ReadonlySet<string> {
  const next = new Map<string, string[]>();
  const add = (from: string, to: readonly string[]): void => void next.set(from, [...(next.get(from) ?? []), ...to]);
  for (const { from, to, kind } of drawn.edges) if (kind === "binding") add(from, [to]);
  for (const { from, to, kind } of drawn.labels) if (kind === "binding") from.forEach((source) => add(source, to));
  const leadsBack = ({ from, to }: Label): boolean => {
    const reached = new Set(to);
    for (const at of reached) next.get(at)?.forEach((further) => reached.add(further));
    return from.some((source) => reached.has(source));
  };
  return new Set(drawn.labels.filter((label) => label.kind === "dead-letter" && leadsBack(label)).map(({ id }) => id));
}

function labelLine(label: Label, names: Names): string {
  const { colour } = LINES[label.kind];
  const word = WORDS[label.kind];
  const lines = [...(word === undefined ? [] : [small(word)]), ...label.keys.map((key) => small(word === undefined ? key : `key ${key}`))];
  return (
    `${names.of(label.id)} [class="key ${label.kind}", shape=box, style="rounded,filled", fillcolor="#ffffff", color="${colour}", fontcolor="${colour}", ` +
    `height=0.2, margin="0.06,0.02", label=${table(lines, "CENTER")}];`
  );
}

/** Edges of a ladder are not drawn: its waiting times stand in its queue. */
function inside(drawn: Picture, topology: string, names: Names): string[] {
  const ladders = new Map(
    drawn.boxes.flatMap(({ kind, rows: [row], details, topology: of }) =>
      kind === "ladder" && row && of === topology ? [[row.name, details]] : [],
    ),
  );
  const keys = new Map(drawn.edges.filter(({ kind }) => kind === "publishes").map(({ from, keys: given }) => [from, given]));
  return [
    ...drawn.boxes
      .filter((box) => box.topology === topology && box.kind !== "ladder")
      .map((box) => boxLine(box, names, box.kind === "queue" ? (ladders.get(box.rows[0]?.name ?? "") ?? []) : [], keys.get(box.id) ?? [])),
    ...drawn.labels.filter((label) => label.topology === topology).map((label) => labelLine(label, names)),
  ];
}

export function dot(graph: FlowGraph): string {
  const drawn = picture(graph);
  const names = new Names();
  const back = backward(drawn);
  const title = ({ name, description }: FlowGraph["topologies"][number]): string =>
    `<<TABLE BORDER="0" CELLPADDING="6"><TR><TD><FONT POINT-SIZE="18">${bold(name)}</FONT>` +
    `${description === undefined ? "" : `<FONT POINT-SIZE="12">    ${markup(description)}</FONT>`}</TD></TR></TABLE>>`;
  const lines = drawn.topologies.flatMap((topology, index) => [
    `subgraph cluster_${index} {`,
    `label=${title(topology)}; class="topology"; labeljust=l; labelloc=t; color="#d5dbe1"; style=rounded; margin=16;`,
    ...inside(drawn, topology.name, names),
    "}",
  ]);
  return [
    "digraph warren {",
    'graph [rankdir=LR, fontname="Helvetica", bgcolor="transparent", nodesep=0.18, ranksep=0.38, splines=true, pad=0.1];',
    'node [fontname="Helvetica", fontsize=12, margin="0.12,0.06", height=0.3, fontcolor="#1c2733"];',
    'edge [fontname="Helvetica", fontsize=10, arrowsize=0.6, penwidth=1.2];',
    ...lines,
    ...drawn.edges
      .filter(({ kind }) => kind !== "retry" && kind !== "return")
      .map(({ from, to, kind }) => edgeLine(names.of(from), names.of(to), kind)),
    ...drawn.labels.flatMap((label) => [
      ...label.from.map((from) => edgeLine(names.of(from), names.of(label.id), label.kind, { head: false, back: back.has(label.id) })),
      ...label.to.map((to) => edgeLine(names.of(label.id), names.of(to), label.kind, { back: back.has(label.id) })),
    ]),
    "}",
    "",
  ].join("\n");
}
