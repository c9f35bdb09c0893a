/** What to say when a name is neither a system nor a file: what there is, and what was probably meant. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { nearest } from "../topology/nearest.js";

/** The files that can be read as a topology, by their endings. */
export const SCRIPTS: readonly string[] = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"];

const isReadable = (file: string): boolean => [...SCRIPTS, ".json"].some((ending) => file.endsWith(ending));

function filesIn(folder: string): string[] {
  try {
    return existsSync(folder) ? readdirSync(folder).filter(isReadable) : [];
  } catch {
    return [];
  }
}

/** @param names the names that there are without a file */
export function unknownTopology(spec: string, cwd: string, names: readonly string[]): WarrenError {
  const files = filesIn(resolve(cwd, dirname(spec)));
  const asFile = /[/\\]/.test(spec) || isReadable(spec);
  const near = nearest(basename(spec), asFile ? [...files, ...names] : [...names, ...files]);
  return new WarrenError(asFile ? `There is no file "${spec}".` : `There is no system and no file "${spec}".`, {
    allowed: names,
    remedy: `${near === undefined ? "" : `did you mean "${near}"? Otherwise `}name one of these, or a file: ./my/topology.ts, ./definitions.json`,
    exitCode: 2,
  });
}
