/** Makes the page's script out of its modules; only in a checkout, where the builder is. */
import { join } from "node:path";

export interface PageBundle {
  readonly script: string;
  /** What it was made of, relative to the checkout; nothing of a package's. */
  readonly inputs: readonly string[];
}

export async function bundle(): Promise<PageBundle> {
  // The package is published without it.
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: join(__dirname, ".."),
    entryPoints: [join(__dirname, "page", "main.ts")],
    bundle: true,
    write: false,
    metafile: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    logLevel: "silent",
  });
  const [file] = outputFiles;
  if (!file) throw new Error("the page's script was built into nothing");
  const inputs = Object.keys(metafile.inputs);
  const foreign = inputs.find((input) => input.includes("node_modules/"));
  if (foreign !== undefined) throw new Error(`${foreign} came into the page, and nothing that gives the page away names its licence`);
  return { script: file.text, inputs };
}
