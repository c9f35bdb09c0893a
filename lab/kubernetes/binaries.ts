/** Gets the programs of the cluster into the cache: built from their Go modules, each module once. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fillOnce } from "../cache.js";
import { buildWithGo } from "../go.js";
import { toolFolder } from "../places.js";
import { type Outcome, type Say } from "../steps.js";
import { goModFor } from "./modules.js";
import { type Source } from "./programs.js";

/** The folder in which the programs of a source stand. */
export function programFolder({ tool, module, own }: Source): string {
  return toolFolder(tool, [module?.version, own && hashOf(ownFiles(own))].filter(Boolean).join("-"));
}

const hashOf = (files: Record<string, string>): string => createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 8);

/** Gives the folder that holds the programs. */
export async function getPrograms(source: Source, say: Say): Promise<Outcome<string>> {
  const folder = programFolder(source);
  const names = Object.keys(source.programs);
  const isWhole = (): boolean => names.every((name) => existsSync(join(folder, name)));
  if (isWhole()) return { value: folder, way: "found in the cache" };
  let way = "made by another set-up";
  await fillOnce(
    folder,
    say,
    async (temporary) => {
      say(`building from Go modules (about ${source.minutes} min)`);
      await build(source, temporary);
      way = "built from Go modules";
    },
    isWhole,
  );
  return { value: folder, way };
}

async function build(source: Source, folder: string): Promise<void> {
  const { what, module, programs, variables = {}, own } = source;
  const packages = Object.entries(programs).map(([name, place]) => ({ name, target: own ? "." : join(module?.path ?? "", place) }));
  const files = { "go.mod": await goModFor(module), ...(own ? ownFiles(own) : {}) };
  const [only, ...more] = packages;
  const common = { what, folder, files, variables };
  if (only && more.length === 0) {
    await buildWithGo({ ...common, target: only.target, output: join(folder, only.name) });
  } else {
    // Go names each after its package's folder.
    await buildWithGo({ ...common, target: packages.map(({ target }) => target), output: `${join(folder, "out")}/` });
    for (const { name, target } of packages) renameSync(join(folder, "out", target.slice(target.lastIndexOf("/") + 1)), join(folder, name));
    rmSync(join(folder, "out"), { recursive: true });
  }
  for (const name of ["go.mod", "go.sum", ...Object.keys(files)]) rmSync(join(folder, name), { force: true });
}

/** `coredns` -> the files of lab/kubernetes/go/coredns. */
function ownFiles(own: string): Record<string, string> {
  const folder = join(__dirname, "go", own);
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
