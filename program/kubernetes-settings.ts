/** The configuration of a stack in Kubernetes: the cluster that is meant, and what is to be in it. */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { readProdSettings, type ProdSettings } from "../k8s/settings.js";
import { WarrenError } from "../topology/errors.js";
import { number, object, PORT, text, url } from "./config.js";

export interface KubernetesSettings {
  readonly kind: "kubernetes";
  /** The one context that is meant; must be the current one. */
  readonly context: string | undefined;
  readonly prod: ProdSettings;
  /** Of the management API, where whoever provisions is in the cluster or has a way into it. @default the port-forward */
  readonly endpoint: string | undefined;
  /** On 127.0.0.1: leads to the management API. */
  readonly forwardPort: number;
}

export const FORWARD_PORT = 15_671;

type Json = { readonly [key: string]: unknown };
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** Objects are merged, anything else is replaced. */
export function laidOver(below: Json, above: Json): Json {
  const merged = Object.entries(above).map(([key, value]) => {
    const old = below[key];
    return [key, isObject(old) && isObject(value) ? laidOver(old, value) : value] as const;
  });
  return { ...below, ...Object.fromEntries(merged) };
}

function fromFile(file: string): Json {
  let value: unknown;
  try {
    value = parse(readFileSync(file, "utf8")) ?? {};
  } catch (error) {
    throw new WarrenError(`warren:kubernetesFile: ${JSON.stringify(file)} cannot be read: ${(error as Error).message}`, {
      remedy: "give the path of a YAML file, relative to Pulumi.yaml, that has the shape of warren:kubernetes",
      exitCode: 2,
    });
  }
  if (isObject(value)) return value;
  throw new WarrenError(`warren:kubernetesFile: ${JSON.stringify(file)} holds no object.`, {
    remedy: "it has the shape of warren:kubernetes (docs/kubernetes.md has every key)",
    exitCode: 2,
  });
}

/** Throws a WarrenError (exit code 2) that names every key that is wrong. */
export function kubernetesSettings(config: pulumi.Config): KubernetesSettings {
  const file = text(config, "kubernetesFile");
  const image = text(config, "workerImage");
  const chosen = laidOver(object(config, "kubernetes"), file === undefined ? {} : fromFile(file));
  return {
    kind: "kubernetes",
    context: text(config, "kubeContext"),
    prod: readProdSettings(image === undefined ? chosen : laidOver(chosen, { workers: { image } })),
    endpoint: url(config, "endpoint"),
    forwardPort: number(config, "forwardPort", FORWARD_PORT, PORT),
  };
}
