/** The objects that several tests of the plugin use. */
import { type Wanted } from "./stack.js";

type Fields = Readonly<Record<string, unknown>>;

export const group = "warren.test";

export function namespace(name: string): Wanted {
  return { class: "core.v1.Namespace", name: "namespace", args: { metadata: { name } } };
}

export function configMap(name: string, metadata: Fields, data: Fields, options?: Wanted["options"]): Wanted {
  return { class: "core.v1.ConfigMap", name, args: { metadata, data }, dependsOn: ["namespace"], ...(options ? { options } : {}) };
}

export function deployment(metadata: Fields, replicas: number, container: Fields = {}, options?: Wanted["options"]): Wanted {
  const labels = { app: "web" };
  const containers = [{ name: "web", image: "web:1", ...container }];
  const spec = { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
  return { class: "apps.v1.Deployment", name: "web", args: { metadata, spec }, dependsOn: ["namespace"], ...(options ? { options } : {}) };
}

/** Things are of the whole cluster, or of a namespace; each test has its own kind. */
export function definition(kind: string, scope: "Namespaced" | "Cluster" = "Namespaced"): Wanted {
  const open = { type: "object", x_kubernetes_preserve_unknown_fields: true };
  const size = {
    type: "object",
    properties: { level: { type: "string", enum: ["low", "high"] } },
    x_kubernetes_preserve_unknown_fields: true,
  };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: size, status: open } } };
  const plural = `${kind.toLowerCase()}s`;
  return {
    class: "apiextensions.v1.CustomResourceDefinition",
    name: "definition",
    args: {
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope,
        names: { plural, singular: kind.toLowerCase(), kind },
        versions: [{ name: "v1", served: true, storage: true, subresources: { status: {} }, schema }],
      },
    },
  };
}

export function thing(kind: string, metadata: Fields, spec: Fields, options?: Wanted["options"]): Wanted {
  return {
    class: "apiextensions.CustomResource",
    name: "thing",
    args: { apiVersion: `${group}/v1`, kind, metadata, spec },
    dependsOn: ["definition", "namespace"],
    ...(options ? { options } : {}),
  };
}
