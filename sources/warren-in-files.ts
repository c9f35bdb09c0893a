/** What `import ... from "warren"` means in a topology's file: the words to define one at once, the rest of the package when it is used. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createJiti } from "jiti";
import { installation, topology } from "../topology/define.js";

const words: Readonly<Record<PropertyKey, unknown>> = { topology, installation, __esModule: true };

/** Provisioning, with its engine's SDK, is a hundred times what a topology needs. */
function whole(): Readonly<Record<PropertyKey, unknown>> {
  const source = join(__dirname, "..", "package.ts");
  const entry = existsSync(source) ? source : join(__dirname, "..", "package.js");
  const require = createRequire(__filename);
  // Where nothing has taught Node to read TypeScript, the loader of the file does.
  const load = entry.endsWith(".js") || ".ts" in require.extensions ? require : createJiti(__filename);
  return load(entry) as Readonly<Record<PropertyKey, unknown>>;
}

/** What loaders ask a module for that is no export of ours. */
const isLoaders = (name: PropertyKey): boolean => typeof name !== "string" || /^__|^(then|default|module\.exports)$/.test(name);

module.exports = new Proxy(words, {
  has: (_, name) => !isLoaders(name) || name === "__esModule",
  get: (known, name) => (Object.hasOwn(known, name) ? known[name] : isLoaders(name) ? undefined : whole()[name]),
});
