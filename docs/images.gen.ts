// Draws the pictures of the reference systems, and of a day of one service: npx tsx docs/images.gen.ts. A test says when they are out of date.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { svg } from "../cli/svg.js";
import { plot, run, size } from "../sizing/index.js";
import { graph } from "../topology/compile/graph.js";
import { contextiq, systems } from "../topology/systems/index.js";

export const IMAGES = join(__dirname, "images");

/** For the page about sizing. */
function day(): string {
  const sized = size(contextiq)["extraction-worker"];
  if (!sized) throw new Error("contextiq has no extraction-worker");
  return plot([{ title: "contextiq extraction-worker", simulation: run(sized, { resolution: 300 }), target: sized.figures.latency }]);
}

/** Text by file name. */
export async function images(): Promise<ReadonlyMap<string, string>> {
  const drawn = new Map<string, string>();
  for (const [name, topology] of Object.entries(systems)) drawn.set(`${name}.svg`, await svg(graph({ topologies: [topology] })));
  drawn.set("sizing.svg", day());
  return drawn;
}

async function write(): Promise<void> {
  for (const [name, text] of await images()) writeFileSync(join(IMAGES, name), text);
}

if (require.main === module) void write();
