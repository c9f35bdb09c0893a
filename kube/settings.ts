/** What a stack's configuration says of Kubernetes: `warren:kubernetes`, with the file that may be laid over it. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { readProdSettings, type ProdSettings } from "../k8s/settings.js";
import { WarrenError } from "../topology/errors.js";
import { isObject } from "../topology/plain.js";

export interface KubernetesChoice {
  /** `warren:kubernetes` */
  readonly kubernetes: Json;
  /** `warren:kubernetesFile`: a YAML file of the same shape, for a smaller cluster; or several with commas between, each laid over those before. */
  readonly file?: string | undefined;
  /** `warren:image` and `warren:workerImage`, which win. */
  readonly image?: string | undefined;
  readonly workerImage?: string | undefined;
}

export type Json = { readonly [key: string]: unknown };

/** Objects are merged, anything else is replaced. */
export function laidOver(below: Json, above: Json): Json {
  const merged = Object.entries(above).map(([key, value]) => {
    const old = below[key];
    return [key, isObject(old) && isObject(value) ? laidOver(old, value) : value] as const;
  });
  return { ...below, ...Object.fromEntries(merged) };
}

function fromFile(file: string): Json {
  const wrong = (why: string): WarrenError =>
    new WarrenError(`warren:kubernetesFile: ${JSON.stringify(file)} ${why}.`, {
      remedy:
        "give the path of a YAML file, relative to Pulumi.yaml, of the shape of warren:kubernetes (docs/kubernetes-settings.md has every key)",
      exitCode: 2,
    });
  let value: unknown;
  try {
    value = parse(readFileSync(file, "utf8")) ?? {};
  } catch (error) {
    throw wrong(`cannot be read: ${(error as Error).message}`);
  }
  if (isObject(value)) return value;
  throw wrong("holds no object");
}

/** Throws a WarrenError (exit code 2) that names every key that is wrong. */
export function prodSettingsOf({ kubernetes, file, image, workerImage }: KubernetesChoice): ProdSettings {
  const files = (file ?? "").split(",").filter((name) => name !== "");
  const chosen = files.map(fromFile).reduce(laidOver, kubernetes);
  const named = (part: string, name: string | undefined): Json => (name === undefined ? {} : { [part]: { image: name } });
  return readProdSettings(laidOver(chosen, { ...named("cluster", image), ...named("workers", workerImage) }));
}
