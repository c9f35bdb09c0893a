/** Go modules as the parts of the cluster come: their sources on this disk, and a go.mod that builds a program of one. */
import { readFileSync } from "node:fs";
import { WarrenError } from "../../topology/errors.js";
import { need, which } from "../command.js";

export interface Module {
  /** `k8s.io/kubernetes` */
  readonly path: string;
  /** Without the `v`. */
  readonly version: string;
}

const folders = new Map<string, Promise<string>>();

/** The folder (not to be written to) in which the sources of a module lie; fetched first if they are not there. */
export function sourceFolder(module: Module): Promise<string> {
  const name = `${module.path}@v${module.version}`;
  const folder = folders.get(name) ?? fetchSource(name);
  folders.set(name, folder);
  return folder;
}

async function fetchSource(name: string): Promise<string> {
  const go = which("go") ?? which("go", "/usr/local/go/bin");
  if (!go)
    throw new WarrenError(`The sources of ${name} are fetched with Go, which is not installed`, { remedy: "install Go 1.26 or newer" });
  const answer = await need(`Fetching ${name}`, go, ["mod", "download", "-json", name], {
    cwd: "/",
    env: { ...process.env, GOFLAGS: "" },
    remedy: "the Go module proxy has to be reachable",
  });
  return (JSON.parse(answer.stdout) as { Dir: string }).Dir;
}

/** The text of a go.mod in whose folder packages of the module can be built as its own makers build them. */
export async function goModFor(module: Module | undefined): Promise<string> {
  if (!module) return "module warren.local/lab\n\ngo 1.25\n";
  return goMod(module, readFileSync(`${await sourceFolder(module)}/go.mod`, "utf8"));
}

/**
 * What `replace` says counts only in the module that is built, so what the module itself replaces is said again. Folders beside it are not
 * on the module proxy: those of Kubernetes are published as `v0.<minor>.<patch>`, others under the version that is required of them.
 */
export function goMod({ path, version }: Module, own: string): string {
  const go = /^go (\S+)$/m.exec(own)?.[1] ?? "1.25";
  const staging = version.replace(/^\d+/, "0");
  const replaced = [...own.matchAll(/^(?:replace)?\s+(\S+)(?: v\S+)? => (\S+)(?: (v\S+))?$/gm)].flatMap(([, from = "", to = "", at]) => {
    if (at) return [`replace ${from} => ${to} ${at}`];
    return to.startsWith("./staging/") ? [`replace ${from} => ${from} v${staging}`] : [];
  });
  return [`module warren.local/lab`, "", `go ${go}`, "", `require ${path} v${version}`, "", ...replaced, ""].join("\n");
}
