/** A flow graph made ready for drawing: services that do the same are one box, and keys that several edges share are one label. */
import type { FlowEdge, FlowEdgeKind, FlowGraph, FlowNode } from "./graph.js";

/** A box; several services in it are its rows. */
export interface Box extends Omit<FlowNode, "name" | "description"> {
  readonly rows: readonly { readonly name: string; readonly note?: string }[];
}

/** A label that stands in the line of one or several edges: `from` all of them come in, to `to` they leave. */
export interface Label {
  readonly id: string;
  readonly topology: string;
  readonly kind: FlowEdgeKind;
  readonly keys: readonly string[];
  readonly from: readonly string[];
  readonly to: readonly string[];
}

export interface Picture {
  readonly topologies: FlowGraph["topologies"];
  readonly boxes: readonly Box[];
  /** Edges that carry no label. */
  readonly edges: readonly FlowEdge[];
  readonly labels: readonly Label[];
}

const isService = ({ kind }: FlowNode): boolean => kind === "publisher" || kind === "consumer";

/** For each service the id of the first one that has the same edges; how instances call their queues may differ. */
function alike({ nodes, edges }: FlowGraph): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  const by = new Map<string, string>();
  for (const node of nodes.filter(isService)) {
    const own = edges.flatMap(({ from, to, kind }) => (from === node.id ? [[kind, to]] : to === node.id ? [[kind, from]] : []));
    const same = JSON.stringify([node.topology, node.kind, own.map((edge) => JSON.stringify(edge)).sort()]);
    by.set(node.id, first.get(same) ?? node.id);
    if (!first.has(same)) first.set(same, node.id);
  }
  return by;
}

/** Edges from one source with the same keys share their label; dead letters share it on their way to one target. */
const sharing = ({ kind, from, to, keys }: FlowEdge): string => JSON.stringify([kind, kind === "dead-letter" ? to : from, keys]);

function labelled({ kind, keys }: FlowEdge): boolean {
  if (kind === "dead-letter" || kind === "alternate" || kind === "shovel" || kind === "federation") return true;
  return kind === "binding" && keys.length > 0;
}

export function picture(graph: FlowGraph): Picture {
  const merged = alike(graph);
  const stands = (id: string): string => merged.get(id) ?? id;
  // What an instance's queue is called stands beside the service, not at the edge.
  const note = (id: string): string =>
    graph.edges.flatMap(({ to, kind, keys }) => (to === id && kind === "consumes" ? keys : [])).join(", ");
  const boxes = graph.nodes
    .filter(({ id }) => stands(id) === id)
    .map(({ name, description: _, ...node }) => ({
      ...node,
      rows: isService({ name, ...node })
        ? graph.nodes
            .filter(({ id }) => stands(id) === node.id)
            .map((service) => ({ name: service.name, ...(note(service.id) === "" ? {} : { note: note(service.id) }) }))
        : [{ name }],
    }));
  const topologyOf = new Map(graph.nodes.map(({ id, topology }) => [id, topology]));
  const labels = new Map<string, Label & { from: string[]; to: string[] }>();
  const edges = new Map<string, FlowEdge>();
  for (const edge of graph.edges) {
    const [from, to] = [stands(edge.from), stands(edge.to)];
    if (!labelled(edge)) {
      edges.set(JSON.stringify([edge.kind, from, to]), { ...edge, from, to });
      continue;
    }
    const shared = sharing(edge);
    const label = labels.get(shared) ?? {
      id: `label:${labels.size}`,
      topology: topologyOf.get(edge.from) ?? "",
      kind: edge.kind,
      keys: edge.keys,
      from: [],
      to: [],
    };
    labels.set(shared, label);
    if (!label.from.includes(from)) label.from.push(from);
    if (!label.to.includes(to)) label.to.push(to);
  }
  return { topologies: graph.topologies, boxes, edges: [...edges.values()], labels: [...labels.values()] };
}
