/** Makes the page's script out of its modules; only in a checkout, where the builder is. */
import { join } from "node:path";

export async function bundle(): Promise<string> {
  // The package is published without it.
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, "page", "main.ts")],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    logLevel: "silent",
  });
  const [file] = outputFiles;
  if (!file) throw new Error("the page's script was built into nothing");
  return file.text;
}
