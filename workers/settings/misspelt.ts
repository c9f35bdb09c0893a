/** Variables that look like a setting and are none. */
import { nearest } from "../../topology/nearest.js";
import { TABLE } from "./table.js";

/** Of the broker itself, and near to a setting by chance. */
const OTHERS: ReadonlySet<string> = new Set(["RABBITMQ_HOME"]);
const PREFIXES = ["RABBITMQ_", "WARREN_"];

/** A sentence for each variable whose name is near to a setting's. Others with these prefixes are the broker's own, or of Warren's other parts. */
export function misspelt(names: readonly string[]): string[] {
  const warnings: string[] = [];
  for (const name of names) {
    const prefix = PREFIXES.find((start) => name.startsWith(start));
    if (prefix === undefined || Object.hasOwn(TABLE, name) || OTHERS.has(name)) continue;
    // Without the prefix, which is near to itself.
    const known = Object.keys(TABLE).flatMap((setting) => (setting.startsWith(prefix) ? [setting.slice(prefix.length)] : []));
    const near = nearest(name.slice(prefix.length), known);
    if (near !== undefined) warnings.push(`${name} is no setting and is not read; did you mean ${prefix}${near}?`);
  }
  return warnings;
}
