/** A topology as objects of the messaging topology operator: what they need, themselves in their order, and beside them what no such object says. */
import * as pulumi from "@pulumi/pulumi";
import { OWN, SECRET_KEYS } from "../k8s/names.js";
import { keyOf, type KubernetesObject } from "../k8s/objects.js";
import { orderOf, type Order } from "../k8s/topology-order.js";
import type { Beside, TopologyPart } from "../k8s/topology-objects.js";
import type { BrokerArgs } from "../provision/args.js";
import { components } from "../provision/components.js";
import { deleteHooks } from "../provision/delete-hooks.js";
import { globalName, objectName } from "../provision/identity.js";
import { OwnResource } from "../provision/own/resource.js";
import { resolveSecrets, secretNamed, type Secrets } from "../provision/secrets.js";
import { connectionOf, type Provisioned } from "../provision/topology.js";
import { wireLimits } from "../provision/wire-limits.js";
import { USER } from "../topology/compile/custom-resources.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { usersOf } from "../topology/compile/users.js";
import { registerObject } from "./kubernetes-objects.js";

export interface OperatorTopologyArgs {
  readonly plan: InstallationPlan;
  readonly part: TopologyPart;
  /** For what the operator cannot say, and to count messages before anything is deleted. */
  readonly broker: BrokerArgs;
  /** The cluster. */
  readonly provider: pulumi.ProviderResource;
  /** The namespace of all of it, if the stack has made it: with it everything in it ends, and nothing is deleted piece by piece. */
  readonly namespace?: pulumi.Resource | undefined;
  /** By user; of those that are not here one is generated, once. */
  readonly passwords: Readonly<Record<string, pulumi.Input<string>>>;
  /** What the topology names as `{ secret: "name" }`. */
  readonly secrets: Secrets;
  readonly allowDataLoss: boolean;
  readonly isGone: () => Promise<boolean>;
  /** Lets the operator delete a queue without a look at it. */
  readonly release: (queue: QueueObject) => Promise<void>;
}

/** Where an object is that stands for a queue. */
export interface QueueObject {
  readonly namespace: string;
  readonly name: string;
}

/** An object that the operator cannot declare says why by then; a queue that may not go yet is not waited for much longer. */
const TIMEOUTS: pulumi.CustomTimeouts = { create: "5m", update: "5m", delete: "5m" };
const labels = { ...OWN };

export class OperatorTopology extends pulumi.ComponentResource implements Provisioned {
  readonly vhosts: pulumi.Output<string[]>;
  readonly users: pulumi.Output<string[]>;
  readonly passwords: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: OperatorTopologyArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { plan, part, allowDataLoss, isGone } = args;
    const secretOf = new Map(usersOf(plan).map((user) => [user.name, user.password?.secret]));
    const given = part.logins.map(({ user }) => [user, passwordOf(args, user, secretOf.get(user))] as const);
    const uris = part.uris.map((need) => ({ ...need, data: uriData(args.secrets, need) }));
    super("warren:index:OperatorTopology", name, {}, options);

    const vhosts = plan.vhosts.map(({ vhost }) => vhost.name);
    const connection = connectionOf({ broker: args.broker });
    components().push({ namePrefix: "", vhosts, connection, allowDataLoss, isGone });
    const dependsOn = [options.dependsOn ?? []].flat() as pulumi.Resource[];
    const own = (kind: ConstructorParameters<typeof OwnResource>[0], id: string, spec: object, more: pulumi.CustomResourceOptions = {}) =>
      new OwnResource(
        kind,
        id,
        { spec: spec as Record<string, unknown>, connection },
        {
          parent: this,
          dependsOn,
          ...(options.deletedWith === undefined ? {} : { deletedWith: options.deletedWith }),
          ...more,
        },
      );
    const passwords = given.map(
      ([user, password]) =>
        [
          user,
          pulumi.secret(
            password ?? new OwnResource("password", globalName("password", user), { spec: { user } }, { parent: this }).password,
          ),
        ] as const,
    );

    const inCluster: pulumi.CustomResourceOptions = {
      parent: this,
      provider: args.provider,
      dependsOn,
      customTimeouts: TIMEOUTS,
      ...(args.namespace === undefined ? {} : { deletedWith: args.namespace }),
    };
    const secret = (metadata: KubernetesObject["metadata"], stringData: pulumi.Input<Record<string, pulumi.Input<string>>>) =>
      // Another content is another Secret, and makes what has read it anew: the operator reads it once.
      registerObject(
        {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { ...metadata, labels },
          type: "Opaque",
          immutable: true,
          stringData: pulumi.secret(stringData),
        },
        inCluster,
      );
    const byUser = new Map(passwords);
    const secrets = new Map<string, pulumi.Resource>([
      ...part.logins.map(({ name: id, namespace, user }) => {
        const data = { [SECRET_KEYS.username]: user, [SECRET_KEYS.password]: byUser.get(user) ?? "" };
        return [id, secret({ name: id, namespace }, data)] as const;
      }),
      ...uris.map(({ name: id, namespace, data }) => [id, secret({ name: id, namespace }, data)] as const),
    ]);
    const objects = registerInOrder(part.objects, secrets, inCluster, { Queue: queueHooks(args), Vhost: deleteHooks().vhost });
    const users = new Map(
      part.objects.flatMap(({ kind, metadata }, at) => {
        const [name, resource] = [metadata.annotations?.[USER], objects[at]];
        return kind === "User" && name !== undefined && resource ? [[name, resource] as const] : [];
      }),
    );
    const beside = registerBeside(part.beside, args.secrets, (kind, id, spec, user) => {
      const login = user === undefined ? undefined : users.get(user);
      // With a user its limits go.
      const goes = login ? { replaceWith: [login], deleteBeforeReplace: true } : {};
      return own(kind, id, spec, { dependsOn: [...dependsOn, ...objects], ...goes });
    });
    const all = [...objects, ...secrets.values(), ...beside];
    // They depend on all of it, so that a destroy comes to them first, and is refused before anything is gone.
    const guards = vhosts.map((vhost) =>
      own("guard", globalName("guard", vhost), { component: name, vhost }, { dependsOn: all, ...deleteHooks().guard }),
    );

    this.vhosts = pulumi.all(guards.map(({ id }) => id)).apply(() => vhosts);
    this.users = pulumi.output(part.logins.map(({ user }) => user));
    this.passwords = pulumi.secret(pulumi.all(Object.fromEntries(passwords)));
    this.registerOutputs({ vhosts: this.vhosts, users: this.users, passwords: this.passwords });
  }
}

const passwordOf = (
  { passwords, secrets }: OperatorTopologyArgs,
  user: string,
  secret: string | undefined,
): pulumi.Input<string> | undefined => {
  if (Object.hasOwn(passwords, user)) return passwords[user];
  return secret === undefined ? undefined : secretNamed(secrets, secret, `The password of user "${user}"`);
};

/** Several URIs are one text with commas to the operator. */
function uriData(secrets: Secrets, { values, origin }: TopologyPart["uris"][number]): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      (pulumi.output(resolveSecrets(secrets, value, origin)) as pulumi.Output<unknown>).apply((known) =>
        [known].flat().map(String).join(","),
      ),
    ]),
  );
}

/**
 * The count, and then the operator's own guard is taken off what may go: with `deleteIfEmpty` it looks the queue up before it deletes it, and if it has
 * to begin again (another write came between) it finds none, and never lets its object go. [1.15.0, measured]
 */
function queueHooks({ release }: OperatorTopologyArgs): Pick<pulumi.ResourceOptions, "hooks"> {
  const { hooks } = deleteHooks().queue;
  if (!hooks) return {};
  const ask = async ({ oldOutputs }: pulumi.ResourceHookArgs): Promise<void> => {
    const { metadata } = (oldOutputs ?? {}) as { readonly metadata?: Partial<QueueObject> };
    if (metadata?.name !== undefined && metadata.namespace !== undefined) await release(metadata as QueueObject);
  };
  return { hooks: { beforeDelete: [...(hooks.beforeDelete ?? []), new pulumi.ResourceHook("warren-operator-queue-delete", ask)] } };
}

/** Names of Secrets stand in a spec under one of these. */
const secretNames = (object: KubernetesObject): string[] => {
  const { importCredentialsSecret, uriSecret } = object["spec"] as Readonly<Record<string, { readonly name: string } | undefined>>;
  return [importCredentialsSecret, uriSecret].flatMap((reference) => (reference ? [reference.name] : []));
};

/** Each after what it needs; deleted before it is made anew, for both have one object on the broker. */
function registerInOrder(
  objects: readonly KubernetesObject[],
  secrets: ReadonlyMap<string, pulumi.Resource>,
  common: pulumi.CustomResourceOptions,
  hooks: Readonly<Record<string, Pick<pulumi.ResourceOptions, "hooks">>>,
): pulumi.CustomResource[] {
  const order = orderOf(objects);
  const byKey = new Map(objects.map((object) => [keyOf(object), object]));
  const made = new Map<string, pulumi.CustomResource>();
  const make = (key: string): pulumi.CustomResource => {
    const known = made.get(key);
    if (known) return known;
    const object = byKey.get(key) as KubernetesObject;
    const { after, goesWith, fixed } = order.get(key) as Order;
    const read = secretNames(object).flatMap((name) => secrets.get(name) ?? []);
    const { vhost = "", name = "" } = object["spec"] as { readonly vhost?: string; readonly name?: string };
    const resource = registerObject(
      object,
      pulumi.mergeOptions(common, {
        dependsOn: [...read, ...after.map(make)],
        replaceWith: [...read, ...goesWith.map(make)],
        replaceOnChanges: [...fixed],
        deleteBeforeReplace: true,
        ...hooks[object.kind],
        // Every broker has this vhost, whoever made it.
        ...(object.kind === "Vhost" && vhost + name === "/" ? { retainOnDelete: true } : {}),
      }),
    );
    made.set(key, resource);
    return resource;
  };
  return objects.map((object) => make(keyOf(object)));
}

type Own = (
  kind: "vhost-limits" | "user-limits" | "parameter" | "global-parameter",
  id: string,
  spec: object,
  user?: string,
) => OwnResource;

function registerBeside({ vhostLimits, userLimits, parameters, globalParameters }: Beside, secrets: Secrets, own: Own): OwnResource[] {
  return [
    ...vhostLimits.map(({ vhost, limits }) =>
      own("vhost-limits", objectName(vhost, "vhost-limits", "limits"), { vhost, limits: wireLimits(limits) }),
    ),
    ...userLimits.map(({ user, limits }) =>
      own("user-limits", globalName("user-limits", user), { user, limits: wireLimits(limits) }, user),
    ),
    ...parameters.map(({ vhost, component, name, value, origin }) =>
      own("parameter", objectName(vhost, "parameter", component, name), {
        vhost,
        component,
        name,
        value: resolveSecrets(secrets, value, origin),
      }),
    ),
    ...globalParameters.map(({ name, value, origin }) =>
      own("global-parameter", globalName("global-parameter", name), { name, value: resolveSecrets(secrets, value, origin) }),
    ),
  ];
}
