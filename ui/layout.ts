/** Where everything stands: the same picture as the diagram's, with boxes that have room for live numbers, laid out by Graphviz in the direction of the flow. */
import type { FlowGraph } from "../topology/compile/graph.js";
import { backward } from "../topology/compile/dot.js";
import { picture, type Box, type Label } from "../topology/compile/picture.js";
import { boxSize, labelLines, labelSize, type Size } from "./box-size.js";
import type { Scene, SceneEdge, SceneFrame, SceneNode } from "./protocol.js";

/** Graphviz counts in inches of 72 points; a point is a pixel here. */
const inches = (pixels: number): string => (pixels / 72).toFixed(4);

/** Pixels around the drawing, and above the boxes of a topology for its name. */
const MARGIN = 24;

interface Line {
  readonly kind: SceneEdge["kind"];
  readonly from: string;
  readonly to: string;
  readonly head: boolean;
  /** Laid out against its direction. */
  readonly back: boolean;
}

interface Drawn {
  readonly bb: string;
  readonly objects?: readonly { readonly name: string; readonly pos?: string; readonly bb?: string }[];
  readonly edges?: readonly { readonly tail: number; readonly head: number; readonly pos?: string; readonly id?: string }[];
}

/** Prepares boxes, labels and lines. Ladders stand inside their queues. */
function parts(graph: FlowGraph): {
  boxes: Box[];
  labels: readonly Label[];
  lines: Line[];
  ladders: Map<string, readonly string[]>;
  keys: Map<string, readonly string[]>;
} {
  const drawn = picture(graph);
  const back = backward(drawn);
  const ladders = new Map(
    drawn.boxes.flatMap(({ kind, rows: [row], details, topology }) =>
      kind === "ladder" && row ? [[JSON.stringify([topology, row.name]), details] as const] : [],
    ),
  );
  const keys = new Map(
    drawn.edges.flatMap(({ kind, from, keys: given }) => (kind === "publishes" && given.length > 0 ? [[from, given] as const] : [])),
  );
  const lines: Line[] = [
    ...drawn.edges
      .filter(({ kind }) => kind !== "retry" && kind !== "return")
      .map(({ kind, from, to }) => ({ kind, from, to, head: true, back: false })),
    ...drawn.labels.flatMap(({ id, kind, from, to }) => [
      ...from.map((source) => ({ kind, from: source, to: id, head: false, back: back.has(id) })),
      ...to.map((target) => ({ kind, from: id, to: target, head: true, back: back.has(id) })),
    ]),
  ];
  return { boxes: drawn.boxes.filter(({ kind }) => kind !== "ladder"), labels: drawn.labels, lines, ladders, keys };
}

function numbers(text: string): number[] {
  return text
    .split(/[ ,]/)
    .filter((part) => part !== "")
    .map(Number);
}

/** SVG path data of a spline as Graphviz writes it: `s,x,y e,x,y p0 p1 p2 p3 ...`. */
export function spline(pos: string, flip: (y: number) => number): { readonly path: string; readonly arrow?: string } {
  let tip: readonly [number, number] | undefined;
  let tail: readonly [number, number] | undefined;
  const points: (readonly [number, number])[] = [];
  for (const word of pos.split(" ")) {
    const [, kind, rest = ""] = /^(?:([se]),)?(.+)$/.exec(word) ?? [];
    const [x = 0, y = 0] = numbers(rest);
    const point = [x, flip(y)] as const;
    if (kind === "e") tip = point;
    else if (kind === "s") tail = point;
    else points.push(point);
  }
  const at = ([x, y]: readonly [number, number]): string => `${x.toFixed(1)},${y.toFixed(1)}`;
  const [first, ...rest] = points;
  if (!first) return { path: "" };
  const path = `M${at(first)}C${rest.map(at).join(" ")}`;
  const [end, before] = tip ? [tip, points.at(-1)] : [tail, first];
  if (!end || !before) return { path };
  const length = Math.hypot(end[0] - before[0], end[1] - before[1]) || 1;
  const [dx, dy] = [(end[0] - before[0]) / length, (end[1] - before[1]) / length];
  const base = [end[0] - dx * 7, end[1] - dy * 7] as const;
  const side = (sign: number): string => at([base[0] - dy * 3.4 * sign, base[1] + dx * 3.4 * sign]);
  return { path, arrow: `M${at(end)}L${side(1)} ${side(-1)}Z` };
}

function source(
  graph: FlowGraph,
  sizes: ReadonlyMap<string, Size>,
  names: ReadonlyMap<string, string>,
  of: ReadonlyMap<string, string>,
  lines: readonly Line[],
): string {
  const nodesOf = (topology: string): string[] =>
    [...sizes]
      .filter(([id]) => of.get(id) === topology)
      .map(([id, { width, height }]) => `${names.get(id)} [width=${inches(width)}, height=${inches(height)}];`);
  return [
    "digraph {",
    "graph [rankdir=LR, nodesep=0.22, ranksep=0.5, splines=true];",
    'node [shape=box, fixedsize=true, label=""];',
    ...graph.topologies.flatMap(({ name }, index) => [
      `subgraph cluster_${index} {`,
      `margin=${MARGIN}; fontsize=22; label="\\n";`,
      ...nodesOf(name),
      "}",
    ]),
    ...lines.map(({ from, to, head, back }, index) =>
      back
        ? `${names.get(to)} -> ${names.get(from)} [id="${index}", dir=${head ? "back" : "none"}, arrowsize=0.7];`
        : `${names.get(from)} -> ${names.get(to)} [id="${index}", ${head ? "arrowsize=0.7" : "arrowhead=none"}];`,
    ),
    "}",
  ].join("\n");
}

/** `vhostOf` names the vhost of a topology. */
export async function layout(graph: FlowGraph, vhostOf: (topology: string) => string): Promise<Scene> {
  const { boxes, labels, lines, ladders, keys } = parts(graph);
  const ladderOf = (box: Box): readonly string[] =>
    box.kind === "queue" ? (ladders.get(JSON.stringify([box.topology, box.rows[0]?.name])) ?? []) : [];
  const sizes = new Map<string, Size>([
    ...boxes.map((box) => [box.id, boxSize(box, ladderOf(box), keys.get(box.id) ?? [])] as const),
    ...labels.map((label) => [label.id, labelSize(label)] as const),
  ]);
  const names = new Map([...sizes.keys()].map((id, index) => [id, `n${index}`]));
  const of = new Map([...boxes, ...labels].map(({ id, topology }) => [id, topology]));

  const { instance } = await import("@viz-js/viz");
  const drawn = JSON.parse((await instance()).renderString(source(graph, sizes, names, of, lines), { format: "json0" })) as Drawn;
  const [, , width = 0, height = 0] = numbers(drawn.bb);
  const flip = (y: number): number => height - y + MARGIN;
  const placed = new Map((drawn.objects ?? []).map((object) => [object.name, object]));

  const place = (id: string): { x: number; y: number; width: number; height: number } => {
    const size = sizes.get(id) ?? { width: 0, height: 0 };
    const [x = 0, y = 0] = numbers(placed.get(names.get(id) ?? "")?.pos ?? "");
    return { x: Math.round(x - size.width / 2 + MARGIN), y: Math.round(flip(y) - size.height / 2), ...size };
  };
  const nodes: SceneNode[] = [
    ...boxes.map((box) => {
      const { id, kind, topology, rows, type, details, deadLetters } = box;
      const ladder = ladderOf(box);
      const extra = kind === "message" ? (keys.get(id) ?? []).filter((key) => key !== rows[0]?.name).map((key) => `key ${key}`) : [];
      return {
        ...{ id, kind, topology, vhost: vhostOf(topology), rows, details: [...extra, ...details] },
        ...(type === undefined ? {} : { type }),
        ...(ladder.length === 0 ? {} : { ladder }),
        ...(deadLetters ? { deadLetters } : {}),
        ...place(id),
      };
    }),
    ...labels.map((label) => ({
      ...{ id: label.id, kind: "label" as const, of: label.kind, topology: label.topology, vhost: vhostOf(label.topology) },
      rows: labelLines(label).map((name) => ({ name })),
      details: label.keys,
      ...place(label.id),
    })),
  ];
  const edges = (drawn.edges ?? []).flatMap(({ id, pos }): SceneEdge[] => {
    const line = lines[Number(id)];
    if (!line || pos === undefined) return [];
    const shifted = pos.replace(/(-?[\d.]+),(-?[\d.]+)/g, (_, x: string, y: string) => `${Number(x) + MARGIN},${y}`);
    return [{ id: `e${id}`, kind: line.kind, from: line.from, to: line.to, ...spline(shifted, flip) }];
  });
  const frames = graph.topologies.flatMap(({ name, description }, index): SceneFrame[] => {
    const [left = 0, bottom = 0, right = 0, top = 0] = numbers(placed.get(`cluster_${index}`)?.bb ?? "");
    const box = {
      x: Math.round(left + MARGIN),
      y: Math.round(flip(top)),
      width: Math.round(right - left),
      height: Math.round(top - bottom),
    };
    return box.width === 0 ? [] : [{ topology: name, vhost: vhostOf(name), ...(description === undefined ? {} : { description }), ...box }];
  });
  return { version: 1, width: Math.ceil(width) + 2 * MARGIN, height: Math.ceil(height) + 2 * MARGIN, frames, nodes, edges };
}
