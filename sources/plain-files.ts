/** Takes jiti's place where no TypeScript is read, as in the worker's image: runs files of JavaScript as Node does, with this package's own modules at hand. */
import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";
import * as topology from "../topology/index.js";
import * as workers from "../workers/index.js";

type Module = Readonly<Record<string, unknown>>;
interface Source {
  readonly url?: string;
  readonly format?: string;
  readonly source?: string;
  readonly shortCircuit?: boolean;
}
type Hook<C> = (name: string, context: C, next: (name: string, context: C) => Source) => Source;

/** Of Node 22.15 and later, which the image has. */
type RegisterHooks = (hooks: { readonly resolve: Hook<object>; readonly load: Hook<object> }) => unknown;

const SCHEME = "warren-in-bundle:";
const KEY = Symbol.for("warren.modules");
const modules: Readonly<Record<string, Module>> = { warren: topology, "warren/topology": topology, "warren/workers": workers };

let registered = false;

/** `import` and `require` of `warren/...` in a file give what runs already: a file may lie where no package is installed. */
function register(): void {
  if (registered) return;
  registered = true;
  (globalThis as Record<symbol, unknown>)[KEY] = modules;
  const { registerHooks } = nodeModule as unknown as { readonly registerHooks: RegisterHooks };
  registerHooks({
    resolve: (name, context, next) =>
      Object.hasOwn(modules, name) ? { url: `${SCHEME}${name}`, format: "module", shortCircuit: true } : next(name, context),
    load: (url, context, next) => {
      if (!url.startsWith(SCHEME)) return next(url, context);
      const name = url.slice(SCHEME.length);
      const names = Object.keys(modules[name] ?? {}).filter((key) => key !== "default");
      const from = `globalThis[Symbol.for("warren.modules")][${JSON.stringify(name)}]`;
      return { format: "module", shortCircuit: true, source: `export const { ${names.join(", ")} } = ${from};` };
    },
  });
}

/** With the one function of jiti that `run-file` uses. */
export function createJiti(): { import<T>(file: string): Promise<T> } {
  return {
    import: async <T>(file: string): Promise<T> => {
      if (/\.[cm]?ts$/.test(file))
        throw new Error("TypeScript is not read here: compile the file to JavaScript (tsc, or esbuild --format=cjs)");
      register();
      return (await import(pathToFileURL(file).href)) as T;
    },
  };
}
