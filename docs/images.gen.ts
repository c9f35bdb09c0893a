// Draws the pictures of the reference systems: npx tsx docs/images.gen.ts. A test says when they are out of date.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { svg } from "../cli/svg.js";
import { graph } from "../topology/compile/graph.js";
import { systems } from "../topology/systems/index.js";

export const IMAGES = join(__dirname, "images");

/** Text by file name. */
export async function images(): Promise<ReadonlyMap<string, string>> {
  const drawn = new Map<string, string>();
  for (const [name, topology] of Object.entries(systems)) drawn.set(`${name}.svg`, await svg(graph({ topologies: [topology] })));
  return drawn;
}

async function write(): Promise<void> {
  for (const [name, text] of await images()) writeFileSync(join(IMAGES, name), text);
}

if (require.main === module) void write();
