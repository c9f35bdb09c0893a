/** The worker's program by esbuild: in one file, but for what only the live page needs, which lies beside it. */
import { build, type BuildOptions, type BuildResult, type Metafile, type PluginBuild } from "esbuild";
import { join } from "node:path";
import { WarrenError } from "../../topology/errors.js";
import { pageFiles } from "../../ui/assets.js";
import { checkout } from "../places.js";

export interface Bundle {
  readonly code: string;
  readonly map: string;
  /** What else lies beside the program, by path. */
  readonly beside: Readonly<Record<string, string>>;
  /** What it was made of, relative to the checkout. */
  readonly inputs: Metafile["inputs"];
  /** Those of them that something came from into the program. */
  readonly used: readonly string[];
}

const NAME = "warren-worker.cjs";
/** Graphviz, which the live page is laid out by. A program's text stays in memory, and every worker would have that of this one too. */
const LAYOUT = { package: "@viz-js/viz", name: "viz.cjs" };

/** Signals are heard from the first moment: reading the program takes some. */
const start = (version: string): string =>
  `require("./cli/first-process.ts").endBySignals(); require("./cli/worker.ts").main(${JSON.stringify(version)});`;

const COMMON = {
  absWorkingDir: checkout,
  bundle: true,
  write: false,
  metafile: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  conditions: ["warren-source"],
  legalComments: "eof",
  charset: "utf8",
  logLevel: "silent",
} as const satisfies BuildOptions;

const program = (version: string): Promise<BuildResult<typeof COMMON>> =>
  build({
    ...COMMON,
    stdin: { contents: start(version), resolveDir: checkout, sourcefile: "image.cjs" },
    outfile: join(checkout, NAME),
    // The first loads a compiler by path, the other bundles a page that is there already; the image has no use for them.
    alias: { jiti: join(checkout, "sources", "plain-files.ts") },
    external: ["esbuild"],
    plugins: [
      {
        name: "beside",
        setup: (bundling: PluginBuild) =>
          bundling.onResolve({ filter: new RegExp(`^${LAYOUT.package}$`) }, () => ({ path: `./${LAYOUT.name}`, external: true })),
      },
    ],
    sourcemap: "external",
  });

const layout = (): Promise<BuildResult<typeof COMMON>> =>
  build({ ...COMMON, entryPoints: [LAYOUT.package], outfile: join(checkout, LAYOUT.name) });

/** What imports the file beside the program imports what that was made of. */
const withImport = (inputs: Metafile["inputs"], from: string, to: string): Metafile["inputs"] =>
  Object.fromEntries(
    Object.entries(inputs).map(([file, input]) => [
      file,
      { ...input, imports: input.imports.map((one) => (one.path === from ? { ...one, path: to } : one)) },
    ]),
  );

/** Throws a WarrenError with esbuild's messages. */
export async function bundleWorker(version: string): Promise<Bundle> {
  const [main, viz, page] = await Promise.all([program(version), layout(), pageFiles()]).catch((error: unknown) => {
    throw new WarrenError(`The worker's program cannot be bundled: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  });
  const text = ({ outputFiles }: typeof main, ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  const [graphviz = ""] = Object.values(viz.metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  const own = Object.fromEntries(page.inputs.map((file) => [file, { bytes: 0, imports: [] }]));
  const outputs = [main.metafile.outputs[NAME], viz.metafile.outputs[LAYOUT.name]];
  const used = outputs.flatMap((output) =>
    Object.entries(output?.inputs ?? {}).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const files = Object.entries(page.files).map(([name, content]) => [`page/${name}`, content] as const);
  return {
    ...{ code: text(main, ".cjs"), map: text(main, ".map"), used },
    beside: { [LAYOUT.name]: text(viz, ".cjs"), ...Object.fromEntries(files) },
    inputs: { ...own, ...viz.metafile.inputs, ...withImport(main.metafile.inputs, `./${LAYOUT.name}`, graphviz) },
  };
}
