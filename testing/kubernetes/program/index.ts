/** Makes the Kubernetes objects that a test writes into WARREN_TEST_SCENE, as a user's program would: through the classes of the npm package. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** One resource; `class` is its place in the package (`core.v1.Secret`). In `args`, `{ $secret: x }` is a secret, `{ $of: [name, path] }` another's output. */
export interface Wanted {
  readonly class: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly dependsOn?: readonly string[];
  readonly options?: Readonly<pulumi.CustomResourceOptions>;
}

export interface Scene {
  readonly provider: Readonly<kubernetes.ProviderArgs>;
  readonly objects: readonly Wanted[];
  /** Name of an output to where it comes from. */
  readonly outputs?: Readonly<Record<string, readonly [string, string]>>;
}

type Class = new (name: string, args: unknown, options: pulumi.CustomResourceOptions) => pulumi.CustomResource;
type Node = Readonly<Record<string, unknown>>;

const scene = JSON.parse(process.env["WARREN_TEST_SCENE"] ?? "") as Scene;
const provider = new kubernetes.Provider("cluster", scene.provider);
const made = new Map<string, pulumi.CustomResource>();

function follow(from: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, step) => (value as Node | undefined)?.[step], from);
}

function outputOf([name, path]: readonly [string, string]): pulumi.Output<unknown> {
  const [field = "", ...rest] = path.split(".");
  const value = (made.get(name) as unknown as Readonly<Record<string, pulumi.Output<unknown>>>)[field];
  if (!value) throw new Error(`${name} has no output ${field}`);
  return rest.length === 0 ? value : value.apply((whole) => follow(whole, rest.join(".")));
}

function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== "object" || value === null) return value;
  if ("$secret" in value) return pulumi.secret(resolve(value.$secret));
  if ("$of" in value) return outputOf(value.$of as [string, string]);
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, resolve(field)]));
}

for (const { class: place, name, args, dependsOn = [], options } of scene.objects) {
  const Kind = follow(kubernetes, place) as Class;
  const others = dependsOn.flatMap((other) => made.get(other) ?? []);
  made.set(name, new Kind(name, resolve(args), { ...options, provider, dependsOn: others }));
}

module.exports = Object.fromEntries(Object.entries(scene.outputs ?? {}).map(([name, from]) => [name, outputOf(from)]));
