/** Objects of Kubernetes as plain data: what every builder gives, in the order in which they are applied. Pure. */

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One object, as `kubectl apply` takes it. Never a Secret: builders name those, and whoever knows the values makes them. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/** Names an object in messages: `Deployment warren-workers/contextiq-webhook`. */
export const titleOf = ({ kind, metadata: { name, namespace } }: KubernetesObject): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;

/** Identifies an object in its cluster. */
export const keyOf = ({ apiVersion, kind, metadata: { name, namespace = "" } }: KubernetesObject): string =>
  [apiVersion.replace(/\/.*$/, apiVersion.includes("/") ? "" : "core"), kind, namespace, name].join("/");

/** The entries that are there: `{ ...defined({ a: undefined }) }` has none. */
export function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
