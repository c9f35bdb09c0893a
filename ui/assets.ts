/** The page's files: as they were built for the package, or in a checkout bundled from source when the server starts. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.js";

export interface Asset {
  readonly type: string;
  readonly body: string;
}

const PAGE = join(__dirname, "page");
const TYPES = { "index.html": "text/html; charset=utf-8", "page.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml" } as const;

/** By path. */
export async function assets(): Promise<ReadonlyMap<string, Asset>> {
  const built = join(PAGE, "page.js");
  const script = existsSync(built) ? readFileSync(built, "utf8") : await bundle();
  const file = (name: keyof typeof TYPES): Asset => ({ type: TYPES[name], body: readFileSync(join(PAGE, name), "utf8") });
  return new Map([
    ["/", file("index.html")],
    ["/page.css", file("page.css")],
    ["/icon.svg", file("icon.svg")],
    ["/page.js", { type: "text/javascript; charset=utf-8", body: script }],
  ]);
}
