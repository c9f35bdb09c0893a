/** The bill of materials of the worker's image: CycloneDX 1.6, the same for the same contents. */
import { createHash } from "node:crypto";
import type { NpmPackage } from "./packages.js";

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

export interface Contents {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Hex, of everything in the image: makes the serial number. */
  readonly hash: string;
  readonly npm: { readonly packages: readonly NpmPackage[]; readonly direct: readonly string[] };
  /** What the base is made of, and the suite or release that it is of. */
  readonly debian: readonly DebianPackage[];
  readonly distribution: string;
  /** Of the Node that runs it: `24.21.0`. */
  readonly node: string;
}

type Json = Readonly<Record<string, unknown>>;

/** A UUID (version 8: of one's own making) of a hash. */
function uuid(hash: string): string {
  const hex = createHash("sha256").update(hash).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join("-");
}

/** One SPDX id is a license, several with AND, OR, WITH are an expression, and what is neither is a name. */
export function licenses(text: string): readonly Json[] {
  if (/^[A-Za-z0-9.+-]+$/.test(text) && text !== "NOASSERTION" && text !== "UNLICENSED") return [{ license: { id: text } }];
  if (/^[A-Za-z0-9.+() -]+$/.test(text) && / (AND|OR|WITH) /.test(text)) return [{ expression: text }];
  return [{ license: { name: text } }];
}

export const npmUrl = (name: string, version: string): string =>
  `pkg:npm/${name.split("/").map(encodeURIComponent).join("/")}@${encodeURIComponent(version)}`;

const debianUrl = ({ name, version, architecture }: DebianPackage, distribution: string): string =>
  `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=${encodeURIComponent(distribution)}`;

function hashes(integrity: string | undefined): Json {
  const [, content] = /^sha512-(\S+)/.exec(integrity ?? "") ?? [];
  return content === undefined ? {} : { hashes: [{ alg: "SHA-512", content: Buffer.from(content, "base64").toString("hex") }] };
}

/** JSON text. */
export function bom({ name, version, license, hash, npm, debian, distribution, node }: Contents): string {
  const main = `pkg:oci/warren-worker@${encodeURIComponent(version)}`;
  const ofNpm = npm.packages.map((one) => ({
    folder: one.folder,
    needs: one.needs,
    ref: `${npmUrl(one.name, one.version)}#${one.folder}`,
    one,
  }));
  const refs = new Map(ofNpm.map(({ folder, ref }) => [folder, ref]));
  const refsOf = (folders: readonly string[]): string[] => folders.flatMap((folder) => refs.get(folder) ?? []);
  // The official base has a Node that is no package of Debian's.
  const runtime = debian.some((one) => one.name === "nodejs") ? [] : [{ name: "nodejs", version: node, purl: `pkg:generic/node@${node}` }];
  const system = [...runtime, ...debian.map((one) => ({ name: one.name, version: one.version, purl: debianUrl(one, distribution) }))];
  const components = [
    ...ofNpm.map(({ ref, one }) => ({
      ...{ type: "library", "bom-ref": ref, name: one.name, version: one.version, purl: npmUrl(one.name, one.version) },
      ...{ licenses: licenses(one.license), ...hashes(one.integrity) },
    })),
    ...system.map(({ name: component, version: of, purl }) => ({
      ...{ type: component === "nodejs" ? "platform" : "library", "bom-ref": purl, name: component, version: of, purl },
      ...(purl.startsWith("pkg:deb/") ? { licenses: [{ license: { name: `see /usr/share/doc/${component}/copyright` } }] } : {}),
    })),
  ];
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuid(hash)}`,
    version: 1,
    metadata: { component: { type: "container", "bom-ref": main, name, version, licenses: licenses(license) } },
    components,
    dependencies: [
      { ref: main, dependsOn: [...refsOf(npm.direct), ...system.map(({ purl }) => purl)] },
      ...ofNpm.map(({ ref, needs }) => ({ ref, dependsOn: refsOf(needs) })),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
