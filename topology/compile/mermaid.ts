/** A flow graph as the text of a Mermaid flowchart, which GitHub, GitLab and many editors draw. */
import type { FlowEdgeKind, FlowGraph, FlowNodeKind } from "./graph.js";
import { picture, type Box } from "./picture.js";

/** Whatever could mean something to Mermaid becomes an entity, as it writes them: `#34;`. */
const text = (plain: string): string =>
  [...plain.replace(/[\u0000-\u001f\u007f\ud800-\udfff]/gu, " ")]
    .map((character) => (/[\p{L}\p{M}\p{N} _.,*{}()/=+·→-]/u.test(character) ? character : `#${character.codePointAt(0)};`))
    .join("");

const label = (lines: readonly string[]): string =>
  `"${
    lines
      .filter((line) => line !== "")
      .map(text)
      .join("<br/>") || " "
  }"`;

/** JSON is YAML, but for characters that only JSON lets stand as they are. */
const yaml = (plain: string): string => JSON.stringify(plain.replace(/[\u007f-\u009f\u2028\u2029\ufffe\uffff]/g, " "));

/** Opening and closing of the shape. */
const SHAPES: Readonly<Record<FlowNodeKind, readonly [string, string]>> = {
  publisher: ["(", ")"],
  consumer: ["(", ")"],
  message: [">", "]"],
  exchange: ["{{", "}}"],
  queue: ["[", "]"],
  ladder: ["([", "])"],
  template: ["[[", "]]"],
  external: ["(", ")"],
  undeclared: ["[", "]"],
};

/** Fill, line and text: the text has a colour of its own, so that it can be read in a dark theme too. */
const CLASSES: Readonly<Record<FlowNodeKind | "dead", string>> = {
  publisher: "fill:#eef1f4,stroke:#8a95a1,color:#1c2733",
  consumer: "fill:#eef1f4,stroke:#8a95a1,color:#1c2733",
  message: "fill:#ffffff,stroke:#aab4be,color:#1c2733",
  exchange: "fill:#fff3dc,stroke:#c9871c,color:#1c2733",
  queue: "fill:#e6f1fd,stroke:#3b7cc4,color:#1c2733",
  ladder: "fill:#eee9fb,stroke:#7556c4,color:#1c2733",
  template: "fill:#e6f1fd,stroke:#3b7cc4,color:#1c2733,stroke-dasharray:4 3",
  external: "fill:#e6f6ee,stroke:#2b8a5b,color:#1c2733",
  undeclared: "fill:#ffffff,stroke:#c8374f,color:#c8374f,stroke-dasharray:4 3",
  dead: "fill:#fdeaec,stroke:#c8374f,color:#1c2733",
};

const DASHED: ReadonlySet<FlowEdgeKind> = new Set(["dead-letter", "alternate", "retry", "return", "manages"]);

/** What stands at an edge before its keys. */
const WORDS: Partial<Record<FlowEdgeKind, string>> = {
  "dead-letter": "dead letters",
  alternate: "unroutable",
  manages: "manages",
  retry: "failed",
  shovel: "shovel",
  federation: "federation",
};

function lines({ kind, rows, type = "", details }: Box): string[] {
  const [first] = rows;
  const name = first?.name ?? "";
  if (kind === "publisher" || kind === "consumer") return rows.map((row) => [row.name, row.note ?? ""].filter(Boolean).join(" · "));
  if (kind === "ladder") return [`retry ${details.join(" → ")}`];
  if (kind === "undeclared") return [name, `${type}, not declared`];
  const shown = kind === "template" ? `${type} per instance` : type;
  return [name === "" && kind === "exchange" ? "default exchange" : name, [shown, ...details].filter(Boolean).join(" · ")];
}

/** Ids are made up: those of the graph may hold what Mermaid would read as something else. */
export function mermaid(graph: FlowGraph): string {
  const { topologies, boxes, edges, labels } = picture(graph);
  const ids = new Map(boxes.map(({ id }, index) => [id, `n${index}`]));
  const node = (box: Box): string => {
    const [open, close] = SHAPES[box.kind];
    return `${ids.get(box.id)}${open}${label(lines(box))}${close}:::${box.deadLetters ? "dead" : box.kind}`;
  };
  const edge = (from: string, to: string, kind: FlowEdgeKind, keys: readonly string[]): string => {
    const said = [...(WORDS[kind] === undefined ? [] : [WORDS[kind]]), ...keys];
    const arrow = DASHED.has(kind) ? "-.->" : "-->";
    return `${ids.get(from)} ${arrow}${said.length === 0 ? "" : `|${label(said)}|`} ${ids.get(to)}`;
  };
  const within = (topology: string): string[] => boxes.filter((box) => box.topology === topology).map(node);
  const only = topologies.length === 1 ? topologies[0] : undefined;
  return [
    ...(only ? ["---", `title: ${yaml(only.description === undefined ? only.name : `${only.name}: ${only.description}`)}`, "---"] : []),
    "flowchart LR",
    ...(only
      ? within(only.name).map((line) => `  ${line}`)
      : topologies.flatMap(({ name }, index) => [
          `  subgraph t${index}[${label([name])}]`,
          ...within(name).map((line) => `    ${line}`),
          "  end",
        ])),
    ...edges.map(({ from, to, kind, keys }) => `  ${edge(from, to, kind, kind === "publishes" ? keys : [])}`),
    ...labels.flatMap(({ from, to, kind, keys }) =>
      from.flatMap((source) => to.map((destination) => `  ${edge(source, destination, kind, keys)}`)),
    ),
    ...Object.entries(CLASSES)
      .filter(([kind]) => boxes.some((box) => (box.deadLetters ? "dead" : box.kind) === kind))
      .map(([kind, style]) => `  classDef ${kind} ${style}`),
    "",
  ].join("\n");
}
