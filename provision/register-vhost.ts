/** Registers one vhost and all that is in it, each after what it needs. */
import { ifKnown } from "./delete-hooks.js";
import type * as pulumi from "@pulumi/pulumi";
import * as rabbitmq from "@pulumi/rabbitmq";
import type { PlannedParameter, PlannedPermission } from "../topology/compile/plan.js";
import { formerly, official, own, ownType, type Context } from "./context.js";
import { after, registerBinding, registerExchange, registerQueue, type Inside, type Registered } from "./register-objects.js";
import { registerPolicies } from "./register-policies.js";
import { wireLimits } from "./wire-limits.js";
import type { PlannedResource, UserTopicPermissions, VhostResources } from "./plan-resources.js";

function registerPermission(
  inside: Inside,
  { name, object, own: reason }: PlannedResource<PlannedPermission>,
  users: readonly pulumi.Resource[],
): pulumi.Resource {
  const { context, vhost } = inside;
  const { user, configure, write, read } = object;
  const options = after(inside, users);
  if (reason !== undefined) {
    const spec = { vhost, user, configure, write, read };
    return own(context, "permissions", name, spec, { ...options, ...formerly("rabbitmq:index/permissions:Permissions") });
  }
  return official(
    context,
    rabbitmq.Permissions,
    name,
    { user, vhost, permissions: { configure, write, read } },
    { ...options, ...formerly(ownType("permissions")) },
    context.transform.permissions,
  );
}

/** The broker refuses them for an exchange that is not there (400 `no_such_exchange`), so each waits for its exchange. */
function registerTopicPermissions(
  inside: Inside,
  { name, object }: PlannedResource<UserTopicPermissions>,
  users: readonly pulumi.Resource[],
  exchangeNamed: (name: string) => Registered | undefined,
): pulumi.Resource {
  const { context, vhost } = inside;
  const exchanges = object.permissions.flatMap(({ exchange }) => exchangeNamed(exchange)?.resource ?? []);
  // With an exchange its topic permissions go.
  const options = { ...after(inside, [...users, ...exchanges]), replaceWith: exchanges };
  const permissions = object.permissions.map((permission) => ({ ...permission }));
  const spec = { vhost, user: object.user, permissions };
  return own(context, "topic-permissions", name, spec, { ...options, ...formerly("rabbitmq:index/topicPermissions:TopicPermissions") });
}

function registerParameter(
  inside: Inside,
  { name, object }: PlannedResource<PlannedParameter>,
  needed: readonly pulumi.Resource[],
): pulumi.Resource {
  const { context, vhost } = inside;
  const value = context.resolveSecrets(object.value, object.origin);
  return own(context, "parameter", name, { vhost, component: object.component, name: object.name, value }, after(inside, needed));
}

/** Exchanges and queues that have them wait for their policies, so that no message ever lies in one without its limits. */
function registerEnds(inside: Inside, plan: VhostResources, policies: ReadonlyMap<string, pulumi.Resource>): Map<string, Registered> {
  const needed = (names: readonly string[] = []): pulumi.Resource[] =>
    names.flatMap((name) => {
      const policy = policies.get(name);
      return policy ? [policy] : [];
    });
  return new Map([
    ...plan.exchanges.map((one) => [`exchange ${one.object.name}`, registerExchange(inside, one, needed(one.after))] as const),
    ...plan.queues.map((one) => [`queue ${one.object.name}`, registerQueue(inside, one, needed(one.after))] as const),
  ]);
}

export interface RegisteredVhost {
  readonly name: pulumi.Output<string>;
  /** Everything that was registered. */
  readonly resources: readonly pulumi.Resource[];
}

export function registerVhost(context: Context, plan: VhostResources, users: ReadonlyMap<string, pulumi.Resource>): RegisteredVhost {
  const { name: vhostName, description, tags, defaultQueueType, limits, deletionProtection } = plan.vhost.object;
  // Every broker has this vhost, whoever made it: it stays, and so what is in it has to be deleted piece by piece.
  const stays = vhostName === "/";
  const vhost = official(
    context,
    rabbitmq.VHost,
    plan.vhost.name,
    // Everything in a vhost waits for its name, and so for the guard. Where the broker is not known yet, in a preview, the name is all the same.
    { name: ifKnown(context.connection).then(() => vhostName) },
    {
      dependsOn: [...context.dependsOn],
      ...context.hooks.vhost,
      ...(stays ? { retainOnDelete: true } : {}),
      ...(deletionProtection ? { protect: true } : {}),
    },
    context.transform.vhost,
  );
  const belonging: pulumi.CustomResourceOptions = stays ? { dependsOn: [vhost] } : { dependsOn: [vhost], deletedWith: vhost };
  const settings = own(
    context,
    "vhost-settings",
    plan.settingsName,
    {
      vhost: vhost.name,
      description: description ?? "",
      tags: [...(tags ?? [])],
      defaultQueueType: defaultQueueType ?? "",
      deletionProtection: deletionProtection ?? false,
    },
    belonging,
  );
  const inside: Inside = { context, vhost: vhost.name, options: { ...belonging, dependsOn: [vhost, settings] } };

  const limited = wireLimits(limits);
  const limit = limited ? [own(context, "vhost-limits", plan.limitsName, { vhost: vhost.name, limits: limited }, inside.options)] : [];
  const isShovel = (parameter: PlannedResource<PlannedParameter>): boolean => parameter.object.component === "shovel";
  const parameters = plan.parameters.filter((one) => !isShovel(one)).map((one) => registerParameter(inside, one, []));
  const policies = registerPolicies(context, { ...inside, after: parameters }, plan);
  const ends = registerEnds(inside, plan, policies);
  const end = (kind: string, name: string): pulumi.Input<string> => ends.get(`${kind} ${name}`)?.objectName ?? name;
  const bindings = plan.bindings.map((one) =>
    registerBinding(inside, one, {
      source: end("exchange", one.object.source),
      destination: end(one.object.destinationType, one.object.destination),
    }),
  );
  const of = (user: string): pulumi.Resource[] => [...(users.has(user) ? [users.get(user) as pulumi.Resource] : [])];
  const topicPermissions = new Map(
    plan.topicPermissions.map((one) => {
      const { user } = one.object;
      return [user, registerTopicPermissions(inside, one, of(user), (exchange) => ends.get(`exchange ${exchange}`))] as const;
    }),
  );
  // A user without topic permissions may use every key: they come before what they narrow, and go after it.
  const narrowed = (user: string): pulumi.Resource[] => {
    const topics = topicPermissions.get(user);
    return topics ? [topics] : [];
  };
  const permissions = plan.permissions.map((one) =>
    registerPermission(inside, one, [...of(one.object.user), ...narrowed(one.object.user)]),
  );
  // A shovel declares by itself, and otherwise, what it does not find.
  const objects = [...ends.values()].map(({ resource }) => resource);
  const shovels = plan.parameters.filter(isShovel).map((one) => registerParameter(inside, one, [...objects, ...bindings]));
  return {
    name: vhost.name,
    resources: [
      vhost,
      settings,
      ...limit,
      ...parameters,
      ...policies.values(),
      ...objects,
      ...bindings,
      ...topicPermissions.values(),
      ...permissions,
      ...shovels,
    ],
  };
}
