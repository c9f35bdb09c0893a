/** Paths of the management API with any name in them. */
import { WarrenError } from "../topology/errors.js";

function segment(name: string): string {
  // The broker's HTTP server takes dot segments out of a path even when they are escaped (seen on 4.3.6: 405).
  if (name === "." || name === "..") {
    throw new WarrenError(`The management API cannot address an object named "${name}".`, { remedy: "give it another name" });
  }
  if (name === "") throw new WarrenError("The management API cannot address an object without a name.", { remedy: "give it a name" });
  try {
    return encodeURIComponent(name);
  } catch {
    throw new WarrenError(`${JSON.stringify(name)} is no valid Unicode text, so no object can have it as its name.`, {
      remedy: "give it another name",
    });
  }
}

/** A path from a template: encode`/api/queues/${vhost}/${name}`, each value one segment. */
export function encode(texts: TemplateStringsArray, ...names: readonly string[]): string {
  return texts.reduce((path, text, at) => path + segment(names[at - 1] ?? "") + text);
}
