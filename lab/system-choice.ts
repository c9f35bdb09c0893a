/** What `--system` and `--all` name: one of the reference systems, all of them, or a file of the user's own. Said before any tool is got. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { unknownTopology } from "../sources/unknown.js";
import { WarrenError } from "../topology/errors.js";
import { systems } from "../topology/systems/index.js";

/**
 * The value of the setting `warren:system`: a name, `all`, or an absolute path, with `#export` behind it if that was given.
 * @param from the folder that a relative path starts at
 */
export function systemChoice(options: { readonly system?: string; readonly all?: boolean }, from: string): string | undefined {
  const { system, all } = options;
  const names = [...Object.keys(systems), "all"];
  if (all && system !== undefined)
    throw new WarrenError("--all and --system exclude each other", { exitCode: 2, remedy: "give one of them" });
  if (all) return "all";
  if (system === undefined || names.includes(system)) return system;
  const whole = resolve(from, system);
  const hash = system.lastIndexOf("#");
  if (existsSync(whole) || (hash > 0 && existsSync(resolve(from, system.slice(0, hash))))) return whole;
  throw unknownTopology(system, from, names);
}
