/** What the children of one RabbitTopology share, and how each is registered. */
import type * as pulumi from "@pulumi/pulumi";
import type * as rabbitmq from "@pulumi/rabbitmq";
import type { Transforms, Transform } from "./args.js";
import type { Connection } from "./connection.js";
import type { DeleteHooks } from "./delete-hooks.js";
import { OwnResource, ownType, type SpecInput } from "./own/resource.js";
import type { KindName } from "./own/kinds.js";
import type { LocalName } from "./own/local.js";

export interface Context {
  readonly parent: pulumi.Resource;
  readonly provider: rabbitmq.Provider;
  readonly connection: pulumi.Output<Connection>;
  readonly hooks: DeleteHooks;
  readonly transform: Transforms;
  readonly namePrefix: string;
  /** By logical name without the prefix, of what is on the broker already and is taken over. */
  readonly importIds: ReadonlyMap<string, string>;
  /** What has to be there before anything on the broker. */
  readonly dependsOn: readonly pulumi.Resource[];
  /** With whose end everything here ends: the broker, or what keeps its data. */
  readonly deletedWith: pulumi.Resource | undefined;
  readonly passwordOf: (user: string, secret: string | undefined) => pulumi.Input<string> | undefined;
  readonly saltSecret: pulumi.Input<string>;
  /** Puts the values in the place of `{ secret: "name" }`, wherever it stands. */
  readonly resolveSecrets: (value: unknown, origin: string) => pulumi.Input<unknown>;
}

type Official<Args> = new (name: string, args: Args, options?: pulumi.CustomResourceOptions) => pulumi.CustomResource;

/** Options that every child has. */
function common(context: Context, options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  const deletedWith = options.deletedWith ?? context.deletedWith;
  return { parent: context.parent, ...(deletedWith === undefined ? {} : { deletedWith }), ...options };
}

/** Registers a resource of the official provider. */
export function official<Args extends object, R extends pulumi.CustomResource>(
  context: Context,
  type: (new (name: string, args: Args, options?: pulumi.CustomResourceOptions) => R) & Official<Args>,
  name: string,
  args: Args,
  options: pulumi.CustomResourceOptions,
  transform: Transform<Args> | undefined,
): R {
  const id = context.importIds.get(name);
  const all = { ...common(context, options), provider: context.provider, ...(id === undefined ? {} : { import: id }) };
  transform?.(args, all, context.namePrefix + name);
  return new type(context.namePrefix + name, args, all);
}

/** Registers an own resource. */
export function own(
  context: Context,
  kind: KindName | LocalName,
  name: string,
  spec: SpecInput,
  options: pulumi.CustomResourceOptions = {},
): OwnResource {
  const args = { spec };
  const all = common(context, options);
  context.transform.own?.(args, all, context.namePrefix + name);
  return new OwnResource(kind, context.namePrefix + name, { ...args, connection: context.connection }, all);
}

/**
 * For kinds that are official or own by what they hold: the resource of the other type is the same one, and it goes before this one
 * comes, for both have one object.
 */
export const formerly = (type: string): pulumi.CustomResourceOptions => ({ aliases: [{ type }], deleteBeforeReplace: true });

export { ownType };
