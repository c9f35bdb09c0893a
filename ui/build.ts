// Puts the page's files into the package that is being built: a step of `npm run build`.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.js";

async function main(): Promise<void> {
  const to = join(__dirname, "..", "dist", "ui", "page");
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, "page.js"), await bundle());
  for (const name of ["index.html", "page.css", "icon.svg"]) copyFileSync(join(__dirname, "page", name), join(to, name));
}

void main();
