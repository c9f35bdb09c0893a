/** Builds a program from Go modules: the way open where only package registries can be reached. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { need, which } from "./command.js";
import { GB, needSpace } from "./disk.js";

/** What a cold build needs beside its result: module sources and the compiler's cache. */
const BUILD_SPACE = 4 * GB;
/** And the result itself, on the disk of the cache. */
const OUTPUT_SPACE = 0.4 * GB;

export interface GoBuild {
  /** For messages: "the Pulumi engine". */
  readonly what: string;
  /** An empty folder for the module; the files are written there. */
  readonly folder: string;
  /** File name to content, `go.mod` among them. */
  readonly files: Readonly<Record<string, string>>;
  /** The package to build: "." or an import path that go.mod requires. Several of one module are fetched and compiled together. */
  readonly target: string | readonly string[];
  /** The executable to write; for several targets a folder that ends with "/", where each is named after its package. */
  readonly output: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly tags?: string;
}

/** Builds; throws with the remedy if there is no Go. */
export async function buildWithGo(build: GoBuild): Promise<void> {
  const go = which("go") ?? which("go", "/usr/local/go/bin");
  if (!go) {
    throw new WarrenError(`${build.what} cannot be downloaded from here, and building it needs Go, which is not installed`, {
      remedy: "install Go 1.25 or newer, or install Pulumi yourself and put it on PATH; then run the command again",
    });
  }
  const places = await need("go env", go, ["env", "GOMODCACHE", "GOCACHE"]);
  for (const place of places.stdout.trim().split("\n")) needSpace(`Building ${build.what}`, place, BUILD_SPACE);
  needSpace(`Building ${build.what}`, build.folder, OUTPUT_SPACE);
  for (const [name, content] of Object.entries(build.files)) writeFileSync(join(build.folder, name), content);
  const linker = ["-s", "-w", ...Object.entries(build.variables).map(([name, value]) => `-X ${name}=${value}`)].join(" ");
  // `-mod=mod` lets Go complete the short go.mod; what it takes is fixed by the versions named there and checked by Go's checksum database.
  const args = [
    "build",
    "-mod=mod",
    "-trimpath",
    ...(build.tags ? ["-tags", build.tags] : []),
    "-ldflags",
    linker,
    "-o",
    build.output,
    ...(typeof build.target === "string" ? [build.target] : build.target),
  ];
  await need(`Building ${build.what}`, go, args, {
    cwd: build.folder,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOTOOLCHAIN: process.env["GOTOOLCHAIN"] ?? "auto" },
    remedy: "see the messages above; the Go module proxy has to be reachable, and nothing half was left",
  });
}

/** A template with `@NAME@` replaced. A name without a value, or a value without a name, is a fault of the template. */
export function fillTemplate(file: string, values: Readonly<Record<string, string>>): string {
  return fillText(readFileSync(file, "utf8"), values);
}

export function fillText(template: string, values: Readonly<Record<string, string>>): string {
  const unused = new Set(Object.keys(values));
  const text = template.replace(/@([A-Z_]+)@/g, (_match, name: string) => {
    const value = values[name];
    if (value === undefined) throw new WarrenError(`The template names @${name}@, which has no value`);
    unused.delete(name);
    return value;
  });
  if (unused.size > 0) throw new WarrenError(`The template does not name ${[...unused].map((name) => `@${name}@`).join(", ")}`);
  return text;
}
