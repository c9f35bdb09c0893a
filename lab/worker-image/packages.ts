/** The npm packages that are in the program, and their licences. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../places.js";
import type { Bundle } from "./bundle.js";

export interface NpmPackage {
  /** `node_modules/a/node_modules/b`, relative to the checkout: one for each version of a package. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** An SPDX id or expression, as the package says it. */
  readonly license: string;
  /** Of what npm installed: `sha512-...`. */
  readonly integrity?: string;
  /** Folders of those in the program that it imports. */
  readonly needs: readonly string[];
}

/** The folder of the package that a file is of; undefined for a file of the checkout's own. */
export function packageFolder(file: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type?: string };
  readonly licenses?: readonly { readonly type?: string }[];
}

function licenseOf({ license, licenses }: Manifest): string {
  if (typeof license === "string") return license;
  return license?.type ?? licenses?.map(({ type }) => type).join(" OR ") ?? "NOASSERTION";
}

/** The packages that something in the program came from, in the order of their folders, and those that the project's own code imports. */
export function npmPackages({ inputs, used }: Pick<Bundle, "inputs" | "used">): {
  readonly packages: readonly NpmPackage[];
  readonly direct: readonly string[];
} {
  const needs = new Map<string, Set<string>>([["", new Set()]]);
  for (const file of used) needs.set(packageFolder(file) ?? "", new Set());
  for (const file of used) {
    const from = packageFolder(file) ?? "";
    for (const { path } of inputs[file]?.imports ?? []) {
      const to = packageFolder(path);
      if (to !== undefined && to !== from && needs.has(to)) needs.get(from)?.add(to);
    }
  }
  const lock = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  const packages = [...needs.keys()]
    .filter((folder) => folder !== "")
    .sort()
    .map((folder): NpmPackage => {
      const manifest = JSON.parse(readFileSync(join(checkout, folder, "package.json"), "utf8")) as Manifest;
      const integrity = lock.packages[folder]?.integrity;
      return {
        ...{ folder, name: manifest.name, version: manifest.version, license: licenseOf(manifest) },
        ...(integrity === undefined ? {} : { integrity }),
        needs: [...(needs.get(folder) ?? [])].sort(),
      };
    });
  return { packages, direct: [...(needs.get("") ?? [])].sort() };
}

const TEXTS = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/** The licences' texts, as the packages have them. */
export function thirdPartyText(packages: readonly NpmPackage[]): string {
  const parts = packages.map(({ folder, name, version, license }) => {
    const place = join(checkout, folder);
    const files = existsSync(place)
      ? readdirSync(place)
          .filter((file) => TEXTS.test(file))
          .sort()
      : [];
    const texts = files.map((file) => readFileSync(join(place, file), "utf8").replaceAll("\r\n", "\n").trim());
    return [
      `${name} ${version} (${license})`,
      "",
      ...(texts.length > 0 ? texts : ["The package comes without a text of its licence."]),
    ].join("\n");
  });
  const rule = `\n\n${"-".repeat(80)}\n\n`;
  return (
    ["The worker's program contains the packages below. Those of the operating system have theirs in /usr/share/doc.", ...parts].join(
      rule,
    ) + "\n"
  );
}
