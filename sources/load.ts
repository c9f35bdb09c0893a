/** Finds what somebody names: one of the systems that come with Warren, a file, or all systems. */
import { existsSync, readFileSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { systems } from "../topology/systems/index.js";
import { exportedTopology } from "./exports.js";
import { runFile } from "./run-file.js";
import { SCRIPTS, unknownTopology } from "./unknown.js";

export interface Loaded {
  /** What it is called in messages. */
  readonly label: string;
  /** Not yet read or checked. */
  readonly value: unknown;
}

/**
 * `spec` is the name of a system, `all`, or the path (from `cwd`) of a `.json` file or of a script that exports topologies; `file.ts#name`
 * takes one of its exports. Throws a WarrenError that says which names and files there could be.
 */
export async function loadTopology(spec: string, cwd: string): Promise<Loaded> {
  if (spec === "all") return { label: "all systems", value: { topologies: Object.values(systems) } };
  const system = Object.hasOwn(systems, spec) ? systems[spec] : undefined;
  if (system) return { label: spec, value: system };
  const hash = existsSync(resolve(cwd, spec)) ? -1 : spec.lastIndexOf("#");
  const [path, name] = hash < 0 ? [spec] : [spec.slice(0, hash), spec.slice(hash + 1)];
  const extension = extname(path);
  const file = resolve(cwd, path);
  if (!existsSync(file)) throw unknownTopology(path, cwd, [...Object.keys(systems), "all"]);
  if (extension === ".json") return { label: basename(file), value: readJson(file) };
  if (SCRIPTS.includes(extension)) return { label: basename(file), value: exportedTopology(await runFile(file, path), path, name) };
  throw new WarrenError(`"${path}" is no file that can hold a topology.`, { allowed: [...SCRIPTS, ".json"], exitCode: 2 });
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as unknown;
  } catch (error) {
    const fault = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
    throw new WarrenError(`"${file}" cannot be read as JSON: ${fault}.`, { remedy: "put right what is named", exitCode: 2 });
  }
}
