/** What the stack has made so far, from its own state: an update deletes what is there and in the plan no longer. */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { bindingId, itemId, limitsId } from "../broker/items.js";
import type { Managed } from "../broker/losses.js";
import type { QueueType } from "../topology/settings.js";
import { USER } from "../topology/compile/custom-resources.js";
import { ownType } from "./own/resource.js";

export interface StackManaged extends Managed {
  readonly queues: NonNullable<Managed["queues"]>;
  /** By vhost, the logical names of the resources that stand for it. */
  readonly vhostNames: ReadonlyMap<string, readonly string[]>;
  /** By component (the name of a RabbitTopology), the vhosts that it has made. */
  readonly components: ReadonlyMap<string, readonly string[]>;
  /** How its vhosts were made: over the management API, or as objects of the messaging topology operator. */
  readonly ways: ReadonlySet<"management" | "operator">;
  /** Its own broker, if it has made one there. */
  readonly inKubernetes: BrokerInKubernetes | undefined;
}

export interface BrokerInKubernetes {
  /** Of the RabbitmqCluster. */
  readonly namespace: string;
  readonly name: string;
  /** It has answered once. */
  readonly wasReady: boolean;
  /** Of the Kubernetes cluster (of its namespace kube-system); `undefined` where it could not be seen. */
  readonly uid: string | undefined;
}

const Resources = z.record(z.string(), z.object({ type: z.string(), outputs: z.record(z.string(), z.unknown()).optional() }));
const Named = z.object({ vhost: z.string(), name: z.string() });
const OfUser = z.object({ vhost: z.string(), user: z.string() });
const Ends = z.object({
  vhost: z.string(),
  source: z.string(),
  destination: z.string(),
  destinationType: z.enum(["queue", "exchange"]),
  routingKey: z
    .string()
    .nullish()
    .transform((key) => key ?? ""),
});

const parse = <T>(schema: z.ZodType<T>, ids: (value: T) => string[]) => {
  return (outputs: unknown): string[] => {
    const read = schema.safeParse(outputs);
    return read.success ? ids(read.data) : [];
  };
};
const named = (kind: "exchange" | "queue" | "policy" | "operator policy") => parse(Named, ({ vhost, name }) => [itemId(kind, vhost, name)]);
const binding = ({ vhost, ...ends }: z.infer<typeof Ends>, args: unknown): string[] => [
  bindingId(vhost, { ...ends, arguments: (args ?? {}) as Readonly<Record<string, unknown>> }),
];
const permission = parse(OfUser, ({ vhost, user }) => [itemId("permission", vhost, user)]);

const OFFICIAL: Readonly<Record<string, (outputs: unknown) => string[]>> = {
  "rabbitmq:index/vHost:VHost": parse(z.object({ name: z.string() }), ({ name }) => [itemId("vhost", undefined, name)]),
  "rabbitmq:index/exchange:Exchange": named("exchange"),
  "rabbitmq:index/queue:Queue": named("queue"),
  "rabbitmq:index/binding:Binding": parse(Ends.extend({ argumentsJson: z.string().nullish() }), ({ argumentsJson, ...ends }) =>
    binding(ends, !argumentsJson ? {} : JSON.parse(argumentsJson)),
  ),
  "rabbitmq:index/policy:Policy": named("policy"),
  "rabbitmq:index/operatorPolicy:OperatorPolicy": named("operator policy"),
  "rabbitmq:index/permissions:Permissions": permission,
};

const OWN: Readonly<Record<string, (spec: unknown) => string[]>> = {
  [ownType("exchange")]: named("exchange"),
  [ownType("queue")]: named("queue"),
  [ownType("binding")]: parse(Ends.extend({ arguments: z.unknown() }), ({ arguments: args, ...ends }) => binding(ends, args)),
  [ownType("policy")]: named("policy"),
  [ownType("operator-policy")]: named("operator policy"),
  [ownType("permissions")]: permission,
  [ownType("topic-permissions")]: parse(
    OfUser.extend({ permissions: z.array(z.object({ exchange: z.string() })) }),
    ({ vhost, user, permissions }) => permissions.map(({ exchange }) => itemId("topic permission", vhost, user, exchange)),
  ),
  [ownType("vhost-limits")]: parse(z.object({ vhost: z.string() }), ({ vhost }) => [limitsId("vhost", vhost)]),
  [ownType("user-limits")]: parse(z.object({ user: z.string() }), ({ user }) => [limitsId("user", user)]),
  [ownType("user")]: parse(z.object({ name: z.string() }), ({ name }) => [itemId("user", undefined, name)]),
  [ownType("parameter")]: parse(Named.extend({ component: z.string() }), ({ vhost, component, name }) => [
    itemId("parameter", vhost, component, name),
  ]),
  [ownType("global-parameter")]: parse(z.object({ name: z.string() }), ({ name }) => [itemId("global parameter", undefined, name)]),
};

const Declared = Named.extend({ durable: z.boolean().nullish(), autoDelete: z.boolean().nullish() });
const Arguments = z.record(z.string(), z.unknown()).nullish();
/** The provider keeps arguments as JSON, and after a refresh those that are texts alone as they are. */
const Settings = Declared.pick({ durable: true, autoDelete: true }).extend({ argumentsJson: z.string().nullish(), arguments: Arguments });
const OfficialQueue = Named.extend({ settings: Settings }).transform(({ settings: { argumentsJson, ...settings }, ...names }) => ({
  ...{ ...names, ...settings },
  arguments: argumentsJson ? (JSON.parse(argumentsJson) as Record<string, unknown>) : settings.arguments,
}));
const OwnQueue = Declared.extend({ arguments: Arguments });

/** What a queue was declared with, by its id. An operator's is not the engine's to make anew. */
function declaredQueue(type: string, outputs: Readonly<Record<string, unknown>> | undefined) {
  const official = type === "rabbitmq:index/queue:Queue" ? OfficialQueue.safeParse(outputs) : undefined;
  const read = official ?? (type === ownType("queue") ? OwnQueue.safeParse(outputs?.["spec"]) : undefined);
  if (!read?.success) return undefined;
  const { vhost, name, durable, autoDelete, arguments: args } = read.data;
  const queueType = (args?.["x-queue-type"] ?? "classic") as QueueType;
  const queue = { type: queueType, durable: durable ?? false, autoDelete: autoDelete ?? false };
  return [itemId("queue", vhost, name), { ...queue, arguments: { ...args, "x-queue-type": queueType } }] as const;
}

const ofOperator = (kind: string): string => `kubernetes:rabbitmq.com/v1beta1:${kind}`;
const Link = (component: string) => parse(Named, ({ vhost, name }) => [itemId("parameter", vhost, component, name)]);
const Annotated = z.object({ metadata: z.object({ annotations: z.object({ [USER]: z.string() }) }) });
/** The name of a user is nowhere in a spec. */
const annotated = <T>(schema: z.ZodType<T>, ids: (spec: T, user: string) => string[]) =>
  parse(Annotated.extend({ spec: schema }), ({ metadata, spec }) => ids(spec, metadata.annotations[USER] ?? ""));

/** Objects of the messaging topology operator, whole. */
const OPERATORS: Readonly<Record<string, (outputs: unknown) => string[]>> = {
  ...Object.fromEntries(
    Object.entries({
      Vhost: parse(z.object({ name: z.string() }), ({ name }) => [itemId("vhost", undefined, name)]),
      Exchange: named("exchange"),
      Queue: named("queue"),
      Binding: parse(Ends.extend({ arguments: z.unknown().optional() }), ({ arguments: args, ...ends }) => binding(ends, args)),
      Policy: named("policy"),
      OperatorPolicy: named("operator policy"),
      Federation: Link("federation-upstream"),
      Shovel: Link("shovel"),
    }).map(([kind, ids]) => [ofOperator(kind), (outputs: unknown) => ids((outputs as { readonly spec?: unknown } | undefined)?.spec)]),
  ),
  [ofOperator("User")]: annotated(z.unknown(), (_, user) => [itemId("user", undefined, user)]),
  [ofOperator("Permission")]: annotated(z.object({ vhost: z.string() }), ({ vhost }, user) => [itemId("permission", vhost, user)]),
  [ofOperator("TopicPermission")]: annotated(
    z.object({ vhost: z.string(), permissions: z.object({ exchange: z.string() }) }),
    ({ vhost, permissions: { exchange } }, user) => [itemId("topic permission", vhost, user, exchange)],
  ),
};

const VhostName = z.object({ name: z.string() });
const RabbitmqCluster = z.object({ metadata: z.object({ namespace: z.string(), name: z.string() }) });
const Ready = z.object({ kubernetes: z.string().optional() });
const Guard = z.object({ component: z.string(), vhost: z.string() });

/** `urn:pulumi:STACK::PROJECT::TYPES::NAME` */
const logicalName = (urn: string): string => urn.split("::").slice(3).join("::");

const add = (lists: Map<string, string[]>, key: string, value: string): void => void lists.set(key, [...(lists.get(key) ?? []), value]);

/** The objects among the resources of a state. */
export function managedIn(resources: unknown): StackManaged {
  const objects = new Set<string>();
  const queues = new Map<string, NonNullable<ReturnType<typeof declaredQueue>>[1]>();
  const vhosts = new Set<string>();
  const vhostNames = new Map<string, string[]>();
  const components = new Map<string, string[]>();
  const ways = new Set<"management" | "operator">();
  let cluster: z.infer<typeof RabbitmqCluster>["metadata"] | undefined;
  let ready: z.infer<typeof Ready> | undefined;
  for (const [urn, { type, outputs }] of Object.entries(Resources.parse(resources))) {
    for (const id of OFFICIAL[type]?.(outputs) ?? OPERATORS[type]?.(outputs) ?? OWN[type]?.(outputs?.["spec"]) ?? []) objects.add(id);
    const queue = declaredQueue(type, outputs);
    if (queue) queues.set(...queue);
    const official = type === "rabbitmq:index/vHost:VHost" ? VhostName.safeParse(outputs) : undefined;
    if (official?.success) {
      add(vhostNames, official.data.name, logicalName(urn));
      vhosts.add(official.data.name);
      ways.add("management");
    }
    const byOperator = type === ofOperator("Vhost") ? VhostName.safeParse(outputs?.["spec"]) : undefined;
    if (byOperator?.success) {
      vhosts.add(byOperator.data.name);
      ways.add("operator");
    }
    if (type === ofOperator("RabbitmqCluster")) cluster = RabbitmqCluster.safeParse(outputs).data?.metadata;
    if (type === ownType("ready")) ready = Ready.safeParse(outputs?.["spec"]).data;
    const guard = type === ownType("guard") ? Guard.safeParse(outputs?.["spec"]) : undefined;
    if (guard?.success) add(components, guard.data.component, guard.data.vhost);
  }
  const inKubernetes = cluster && { ...cluster, wasReady: ready !== undefined, uid: ready?.kubernetes };
  return { objects, queues, vhosts: [...vhosts], vhostNames, components, ways, inKubernetes };
}

/**
 * Reads it from the engine; `undefined` where that cannot be done (an engine without this function), so that the caller has to take
 * every queue of its vhosts for its own.
 */
export async function managedByStack(): Promise<StackManaged | undefined> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  try {
    const answer = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName })) as { outputs?: unknown };
    return managedIn(answer.outputs);
  } catch (error) {
    await pulumi.log.debug(`the stack's own resources cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
