/** The page's files: as they were built for the package, or in a checkout bundled from source when the server starts. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.js";

export interface Asset {
  readonly type: string;
  readonly body: string;
}

const PAGE = join(__dirname, "page");
const SCRIPT = "page.js";
const TYPES = {
  "index.html": "text/html; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
  [SCRIPT]: "text/javascript; charset=utf-8",
} as const;
type Name = keyof typeof TYPES;

export interface PageFiles {
  /** By name. */
  readonly files: Readonly<Record<Name, string>>;
  /** What they were made of, relative to the checkout. */
  readonly inputs: readonly string[];
}

/** The page of a checkout, for whatever brings it elsewhere: there the files lie in a folder `page` beside the program. */
export async function pageFiles(): Promise<PageFiles> {
  const { script, inputs } = await bundle();
  const as = (name: Name): string => readFileSync(join(PAGE, name), "utf8");
  const files = { "index.html": as("index.html"), "page.css": as("page.css"), "icon.svg": as("icon.svg"), [SCRIPT]: script };
  const written = Object.keys(files).filter((name) => name !== SCRIPT);
  return { files, inputs: [...inputs, ...written.map((name) => `ui/page/${name}`), "ui/assets.ts", "ui/bundle.ts"] };
}

/** By path. */
export async function assets(): Promise<ReadonlyMap<string, Asset>> {
  const built = existsSync(join(PAGE, SCRIPT)) ? undefined : (await pageFiles()).files;
  return new Map(
    (Object.keys(TYPES) as Name[]).map((name) => [
      name === "index.html" ? "/" : `/${name}`,
      { type: TYPES[name], body: built?.[name] ?? readFileSync(join(PAGE, name), "utf8") },
    ]),
  );
}
