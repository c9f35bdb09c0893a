/** The manifests that an operator's makers ship in its module, read as objects and fitted to the lab. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { need } from "../command.js";
import { type KubernetesObject, kubectlProgram } from "./kubectl.js";
import { type Module, sourceFolder } from "./modules.js";

export function parseManifests(text: string): KubernetesObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

/** What a kustomization of a module gives. */
export async function kustomized(module: Module, folder: string): Promise<KubernetesObject[]> {
  const place = join(await sourceFolder(module), folder);
  return parseManifests((await need(`Reading the manifests of ${module.path}`, kubectlProgram(), ["kustomize", place])).stdout);
}

/** The files of a folder of a module; `only` picks by name. */
export async function filesOf(module: Module, folder: string, only = /\.yaml$/): Promise<KubernetesObject[]> {
  const place = join(await sourceFolder(module), folder);
  return readdirSync(place)
    .filter((name) => only.test(name))
    .flatMap((name) => parseManifests(readFileSync(join(place, name), "utf8")));
}

/** A container of a Deployment, as far as the lab changes it. */
export interface Container {
  image: string;
  imagePullPolicy?: string;
  args?: string[];
  env?: { name: string; value?: string; valueFrom?: unknown }[];
  readinessProbe?: { initialDelaySeconds?: number; periodSeconds?: number };
  volumeMounts?: object[];
}

export interface PodSpec {
  containers: Container[];
  volumes?: object[];
  securityContext?: object;
}

/**
 * Gives the objects with one Deployment changed: its image is the lab's, nothing tries to pull it, and its readiness is asked for early and often,
 * since a start is waited for here. `change` does the rest.
 */
export function fitDeployment(
  objects: readonly KubernetesObject[],
  name: string,
  image: string,
  change: (container: Container, pod: PodSpec) => void = () => undefined,
): KubernetesObject[] {
  let found = false;
  const fitted = objects.map((object) => {
    if (object.kind !== "Deployment" || object.metadata.name !== name) return object;
    const copy = structuredClone(object) as KubernetesObject & { spec: { template: { spec: PodSpec } } };
    const pod = copy.spec.template.spec;
    const [container] = pod.containers;
    if (!container) return object;
    found = true;
    container.image = image;
    container.imagePullPolicy = "IfNotPresent";
    if (container.readinessProbe) Object.assign(container.readinessProbe, { initialDelaySeconds: 1, periodSeconds: 2 });
    change(container, pod);
    return copy;
  });
  if (!found) throw new Error(`the manifests hold no Deployment ${name} with a container`);
  return fitted;
}
