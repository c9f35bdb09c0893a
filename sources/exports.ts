/** Which export of a file is the topology. */
import { WarrenError } from "../topology/errors.js";
import { nearest } from "../topology/nearest.js";
import { isObject } from "../topology/plain.js";

type Exports = Readonly<Record<string, unknown>>;

const isInstallation = (value: unknown): boolean => isObject(value) && Array.isArray(value["topologies"]);
const WORDS = ["exchanges", "queues", "templates", "messages", "services", "users", "policies", "vhost"];
const isTopology = (value: unknown): boolean => isObject(value) && typeof value["name"] === "string" && WORDS.some((word) => word in value);

/**
 * The export that is named; else the default one; else the installation; else the topologies, as one installation in the order of their
 * names if there are several; else the only object. Throws a WarrenError (exit code 2) if that leaves nothing or several.
 * @param file as messages show it
 */
export function exportedTopology(exported: Exports, file: string, name?: string): unknown {
  // A default export of a CommonJS module lies one level deeper.
  const inner = exported["default"];
  if (isObject(inner) && inner["__esModule"] === true) return exportedTopology(inner, file, name);
  if (name !== undefined) {
    const found = Object.hasOwn(exported, name) ? exported[name] : isObject(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined;
    if (found !== undefined) return found;
    const near = nearest(name, Object.keys(exported));
    throw new WarrenError(`"${file}" exports no "${name}".`, {
      allowed: Object.keys(exported).filter((key) => key !== "__esModule"),
      remedy: near === undefined ? `leave out #${name}, or name one of these` : `did you mean "${near}"?`,
      exitCode: 2,
    });
  }
  // By name: the order of exports is not the same for every loader.
  const named = Object.entries(exported)
    .filter(([key, value]) => !["default", "__esModule", "module.exports"].includes(key) && isObject(value))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  // `module.exports = {...}` is a default export too: the topology itself, or its exports by name.
  if (isObject(inner)) {
    const several =
      !isInstallation(inner) && !isTopology(inner) && Object.values(inner).some((value) => isTopology(value) || isInstallation(value));
    return several ? exportedTopology(inner, file) : inner;
  }
  if (inner !== undefined) return inner;
  const installations = named.filter(([, value]) => isInstallation(value));
  if (installations.length === 1) return installations[0]?.[1];
  if (installations.length > 1) {
    throw new WarrenError(`"${file}" exports several installations.`, {
      allowed: installations.map(([key]) => `${file}#${key}`),
      remedy: "name one of them",
      exitCode: 2,
    });
  }
  const topologies = named.filter(([, value]) => isTopology(value));
  if (topologies.length > 1) return { topologies: topologies.map(([, value]) => value) };
  const [only] = topologies.length === 1 ? topologies : named;
  if (only && (topologies.length === 1 || named.length === 1)) return only[1];
  throw new WarrenError(`"${file}" exports no topology${named.length > 1 ? ` (objects: ${named.map(([key]) => key).join(", ")})` : ""}.`, {
    remedy: "export default topology({ ... })",
    exitCode: 2,
  });
}
