/** The pictures that go into the HTML report. */
import { svg } from "../../cli/svg.js";
import { graph } from "../../topology/compile/graph.js";
import type { Installation } from "../../topology/model.js";

/** One SVG for each topology, in their order. */
export async function topologyDiagrams({ topologies }: Installation, environment?: string): Promise<string[]> {
  const drawn: string[] = [];
  for (const topology of topologies) drawn.push(await svg(graph({ topologies: [topology] }, environment)));
  return drawn;
}
