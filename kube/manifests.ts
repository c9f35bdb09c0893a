/** Manifests that a stack installs before its own objects: operators that nobody else has put into the cluster. */
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { keyOf, type KubernetesObject } from "../k8s/objects.js";
import { WarrenError } from "../topology/errors.js";
import { isObject } from "../topology/plain.js";

/** Milliseconds for one address. */
const FETCH_MS = 30_000;

const wrong = (source: string, why: string, remedy?: string): WarrenError =>
  new WarrenError(`warren:kubernetes.operators.manifests: ${JSON.stringify(source)} ${why}.`, {
    allowed: ["the path of a YAML file, relative to Pulumi.yaml", "https://... of a release, with its version in it"],
    ...(remedy === undefined ? {} : { remedy }),
    exitCode: 2,
  });

async function textOf(source: string, directory: string): Promise<string> {
  if (!/^\w+:\/\//.test(source)) {
    try {
      return readFileSync(isAbsolute(source) ? source : join(directory, source), "utf8");
    } catch (error) {
      throw wrong(source, `cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown fault"})`);
    }
  }
  if (!source.startsWith("https://")) throw wrong(source, "is neither a file nor an https address");
  // Tomorrow it would be another one, and an update that changes nothing would replace operators.
  if (/\/(latest|main|master|HEAD)\//.test(source)) throw wrong(source, "names no version");
  let why: string;
  try {
    const answer = await fetch(source, { signal: AbortSignal.timeout(FETCH_MS) });
    if (answer.ok) return await answer.text();
    why = `answers ${answer.status}`;
  } catch (error) {
    const { cause, message } = error as Error & { readonly cause?: NodeJS.ErrnoException };
    why = `cannot be had (${cause?.code ?? message})`;
  }
  throw wrong(source, why, "download it, and give the file's path");
}

function objectsIn(source: string, text: string): KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document, index) => {
    const [fault] = document.errors;
    if (fault) throw wrong(source, `is no YAML: ${fault.message.split("\n")[0] ?? ""}`);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) return [];
    const list = isObject(value) && value["kind"] === "List" && Array.isArray(value["items"]) ? (value["items"] as unknown[]) : [value];
    return list.map((each) => {
      const { apiVersion, kind, metadata } = isObject(each) ? each : {};
      if (typeof apiVersion === "string" && typeof kind === "string" && isObject(metadata) && typeof metadata["name"] === "string")
        return each as KubernetesObject;
      throw wrong(source, `has no apiVersion, kind or metadata.name in its document ${index + 1}`);
    });
  });
}

/** In their order. Throws a WarrenError (exit code 2) that names the source, and never a part of them. */
export async function readManifests(sources: readonly string[], directory: string): Promise<KubernetesObject[]> {
  const read = await Promise.all(
    sources.map(async (source) => objectsIn(source, await textOf(source, directory)).map((object) => ({ source, object }))),
  );
  const known = new Map<string, string>();
  return read.flat().map(({ source, object }) => {
    const key = keyOf(object);
    const before = known.get(key);
    if (before !== undefined) throw wrong(source, `has ${key}, as ${JSON.stringify(before)} has`);
    known.set(key, source);
    return object;
  });
}
