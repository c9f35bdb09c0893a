/** The worker's program in one file, by esbuild. */
import { build, type Metafile } from "esbuild";
import { join } from "node:path";
import { WarrenError } from "../../topology/errors.js";
import { checkout } from "../places.js";

export interface Bundle {
  readonly code: string;
  readonly map: string;
  /** What it was made of, relative to the checkout. */
  readonly inputs: Metafile["inputs"];
  /** Those of them that something came from into the program. */
  readonly used: readonly string[];
}

const NAME = "warren-worker.cjs";

/** Signals are heard from the first moment: reading the program takes some. */
const start = (version: string): string =>
  `require("./cli/first-process.ts").endBySignals(); require("./cli/worker.ts").main(${JSON.stringify(version)});`;

/** Throws a WarrenError with esbuild's messages. */
export async function bundleWorker(version: string): Promise<Bundle> {
  const result = await build({
    stdin: { contents: start(version), resolveDir: checkout, sourcefile: "image.cjs" },
    absWorkingDir: checkout,
    outfile: join(checkout, NAME),
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    conditions: ["warren-source"],
    // It loads a compiler by path; the image has no use for one.
    alias: { jiti: join(checkout, "sources", "plain-files.ts") },
    sourcemap: "external",
    legalComments: "eof",
    charset: "utf8",
    logLevel: "silent",
  }).catch((error: unknown) => {
    throw new WarrenError(`The worker's program cannot be bundled: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  });
  const text = (ending: string): string => result.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  const { inputs, outputs } = result.metafile;
  const used = Object.entries(outputs[NAME]?.inputs ?? {}).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : []));
  return { code: text(".cjs"), map: text(".map"), inputs, used };
}
