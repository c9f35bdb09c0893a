/** What a broker holds, in the shape of a plan, so that expected and live can be laid side by side. */
import type {
  Arguments,
  PlannedBinding,
  PlannedExchange,
  PlannedOperatorPolicy,
  PlannedParameter,
  PlannedPermission,
  PlannedPolicy,
  PlannedQueue,
  PlannedTopicPermission,
  PlannedUser,
} from "../topology/compile/plan.js";
import type { QueueType } from "../topology/settings.js";
import type { Management } from "./management.js";
import { OperatorPolicyValue, type WireDefinitions, type WireExchange, type WireVhost } from "./wire.js";

type Live<T> = Omit<T, "origin">;

export interface LiveVhostSettings {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Of the broker, where the vhost has none. */
  readonly defaultQueueType: string;
  readonly limits: { readonly maxConnections?: number; readonly maxQueues?: number };
  readonly deletionProtection: boolean;
}

export interface LiveExchange extends Omit<Live<PlannedExchange>, "type"> {
  /** Any: plugins bring more types than a topology has words for. */
  readonly type: string;
}

export type LiveQueue = Omit<Live<PlannedQueue>, "role">;
export type LiveUser = Omit<Live<PlannedUser>, "service" | "password">;

/** One vhost, without what the broker puts there by itself (see `fromWire`). */
export interface LiveVhost {
  readonly vhost: LiveVhostSettings;
  readonly exchanges: readonly LiveExchange[];
  readonly queues: readonly LiveQueue[];
  readonly bindings: readonly Live<PlannedBinding>[];
  readonly policies: readonly Live<PlannedPolicy>[];
  readonly operatorPolicies: readonly Live<PlannedOperatorPolicy>[];
  readonly permissions: readonly Live<PlannedPermission>[];
  readonly topicPermissions: readonly Live<PlannedTopicPermission>[];
  /** Values may hold credentials. */
  readonly parameters: readonly Live<PlannedParameter>[];
}

/** A broker, or those of its vhosts that were asked for. Users are the broker's, all of them; their hashes are secret. */
export interface LiveInstallation {
  /** `4.3.6` */
  readonly brokerVersion: string;
  /** The user that read it. */
  readonly reader: string;
  /** Of the export, from 4.3.5: unchanged as long as no definition changes. */
  readonly etag?: string;
  readonly vhosts: readonly LiveVhost[];
  readonly users: readonly LiveUser[];
  readonly globalParameters: readonly { readonly name: string; readonly value: unknown }[];
}

/**
 * Reads vhosts (all, if none are named) by two requests, whatever their number. A vhost that is not there is left out.
 * Needs an administrator, as every export does.
 */
export async function readLive(management: Management, vhosts?: readonly string[]): Promise<LiveInstallation> {
  const [exported, exchanges] = await Promise.all([management.definitions(), management.exchanges()]);
  if (!exported) throw new Error("an export that was asked for without an ETag cannot be unchanged");
  const { definitions, etag } = exported;
  return { reader: management.username, ...(etag === undefined ? {} : { etag }), ...fromWire(definitions, exchanges, vhosts) };
}

/** Components under which the broker keeps what has words and endpoints of its own. */
const KEPT_ELSEWHERE = new Set(["vhost-limits", "operator_policy", "policy"]);

/** Global parameters that every cluster has (seen on 4.0 to 4.3). */
const OF_THE_CLUSTER = /^(cluster_name|cluster_tags|internal_cluster_id|imported_definition_hash_value)$/;

/** Exchanges that come with a vhost, and names that the broker keeps to itself. */
const isBuiltin = (name: string): boolean => name === "" || name.startsWith("amq.");

/** Federation marks the queues and exchanges that it makes for itself. */
const isInternal = (args: Arguments): boolean => "x-internal-purpose" in args;

/**
 * The live image of an export and of the list of exchanges (an export leaves internal ones out). What the broker puts there by itself is
 * left out: built-in exchanges, what federation makes, the cluster's own parameters, exclusive queues (which no export holds) with their
 * bindings, and the type among a queue's arguments where the client gave none.
 */
export function fromWire(
  definitions: WireDefinitions,
  exchanges: readonly WireExchange[],
  wanted?: readonly string[],
): Omit<LiveInstallation, "reader"> {
  const vhosts = definitions.vhosts.filter(({ name }) => wanted === undefined || wanted.includes(name));
  const parts = {
    exchanges: byVhost(exchanges),
    queues: byVhost(definitions.queues),
    bindings: byVhost(definitions.bindings),
    policies: byVhost(definitions.policies),
    permissions: byVhost(definitions.permissions),
    topicPermissions: byVhost(definitions.topic_permissions),
    parameters: byVhost(definitions.parameters),
  };
  return {
    brokerVersion: definitions.rabbitmq_version,
    vhosts: vhosts.map((vhost) => liveVhost(vhost, parts)),
    users: definitions.users.map(({ name, tags, limits, password_hash: passwordHash }) => ({
      name,
      tags,
      limits: {
        ...(limits?.["max-connections"] === undefined ? {} : { maxConnections: limits["max-connections"] }),
        ...(limits?.["max-channels"] === undefined ? {} : { maxChannels: limits["max-channels"] }),
      },
      ...(passwordHash === undefined ? {} : { passwordHash }),
    })),
    globalParameters: definitions.global_parameters.filter(({ name }) => !OF_THE_CLUSTER.test(name)),
  };
}

function byVhost<T extends { readonly vhost?: string | undefined }>(items: readonly T[]): (vhost: string) => T[] {
  const grouped = new Map<string | undefined, T[]>();
  for (const item of items) {
    const group = grouped.get(item.vhost);
    if (group) group.push(item);
    else grouped.set(item.vhost, [item]);
  }
  return (vhost) => grouped.get(vhost) ?? [];
}

type Parts = {
  readonly [K in "exchanges" | "queues" | "bindings" | "policies" | "permissions" | "parameters"]: (vhost: string) => WireDefinitions[K];
} & { readonly topicPermissions: (vhost: string) => WireDefinitions["topic_permissions"] };

function liveVhost(wire: WireVhost, parts: Parts): LiveVhost {
  const { name } = wire;
  const queues = parts.queues(name);
  const named = new Set(queues.map((queue) => queue.name));
  const hidden = new Set(queues.filter((queue) => isInternal(queue.arguments)).map((queue) => queue.name));
  const parameters = parts.parameters(name);
  return {
    vhost: settings(wire, parameters.find(({ component }) => component === "vhost-limits")?.value),
    exchanges: parts
      .exchanges(name)
      .filter((exchange) => !isBuiltin(exchange.name) && !isInternal(exchange.arguments))
      .map((exchange) => ({
        name: exchange.name,
        type: exchange.type,
        durable: exchange.durable,
        autoDelete: exchange.auto_delete,
        internal: exchange.internal,
        arguments: exchange.arguments,
      })),
    queues: queues
      .filter((queue) => !hidden.has(queue.name))
      .map((queue) => {
        const type = (queue.type ?? queue.arguments["x-queue-type"] ?? "classic") as QueueType;
        const { durable, auto_delete: autoDelete } = queue;
        return { name: queue.name, type, durable, autoDelete, arguments: { ...queue.arguments, "x-queue-type": type } };
      }),
    bindings: parts
      .bindings(name)
      .filter(({ source }) => source !== "")
      .filter(({ destination, destination_type: type }) => type === "exchange" || (named.has(destination) && !hidden.has(destination)))
      .map((binding) => ({
        source: binding.source,
        destination: binding.destination,
        destinationType: binding.destination_type,
        routingKey: binding.routing_key,
        arguments: binding.arguments,
      })),
    policies: parts.policies(name).map((policy) => ({
      name: policy.name,
      pattern: policy.pattern,
      applyTo: policy["apply-to"] as PlannedPolicy["applyTo"],
      priority: policy.priority,
      definition: policy.definition,
    })),
    operatorPolicies: parameters
      .filter(({ component }) => component === "operator_policy")
      .map((parameter) => {
        const value = OperatorPolicyValue.parse(parameter.value);
        return {
          name: parameter.name,
          pattern: value.pattern,
          applyTo: value["apply-to"] as PlannedOperatorPolicy["applyTo"],
          priority: value.priority,
          definition: value.definition,
        };
      }),
    permissions: parts.permissions(name).map(({ user, configure, write, read }) => ({ user, configure, write, read })),
    topicPermissions: parts.topicPermissions(name).map(({ user, exchange, write, read }) => ({ user, exchange, write, read })),
    parameters: parameters
      .filter(({ component }) => !KEPT_ELSEWHERE.has(component))
      .map((parameter) => ({ component: parameter.component, name: parameter.name, value: parameter.value })),
  };
}

function settings(wire: WireVhost, limitsParameter: unknown): LiveVhostSettings {
  const from = { ...wire, ...wire.metadata };
  const limits = { ...wire.limits, ...(limitsParameter as Readonly<Record<string, number>> | undefined) };
  return {
    name: wire.name,
    description: from.description ?? "",
    tags: from.tags ?? [],
    defaultQueueType: from.default_queue_type ?? "classic",
    limits: {
      ...(limits["max-connections"] === undefined ? {} : { maxConnections: limits["max-connections"] }),
      ...(limits["max-queues"] === undefined ? {} : { maxQueues: limits["max-queues"] }),
    },
    deletionProtection: from.protected_from_deletion ?? false,
  };
}
