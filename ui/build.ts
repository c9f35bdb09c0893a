// Puts the page's files into the package that is being built: a step of `npm run build`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pageFiles } from "./assets.js";

async function main(): Promise<void> {
  const to = join(__dirname, "..", "dist", "ui", "page");
  mkdirSync(to, { recursive: true });
  const { files } = await pageFiles();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(to, name), text);
}

void main();
