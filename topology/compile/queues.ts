/** Queues of a topology as planned objects: with their ladders, partitions, bindings and generated policies. */
import { milliseconds } from "../durations.js";
import type { Queue, QueueTemplate, SettingsMode, SuperStream } from "../model.js";
import { anyOf, escapeRegex, partitionQueue, placeholderRegex, policyName, retryExchange, retryQueue } from "../names.js";
import { path } from "../path.js";
import type { QueueType } from "../settings.js";
import { bindings } from "./bindings.js";
import type { Arguments, PlannedBinding, PlannedExchange, PlannedPolicy, PlannedQueue, PlannedTemplate, QueueRole } from "./plan.js";
import { splitSettings } from "./queue-settings.js";

/** Those that Warren generates win over what is written by hand without a priority. */
export const GENERATED_PRIORITY = 10;

/** What one entry of a topology turns into. */
export interface Planned {
  readonly exchanges: PlannedExchange[];
  readonly queues: PlannedQueue[];
  readonly bindings: PlannedBinding[];
  readonly policies: PlannedPolicy[];
}

const APPLY_TO = { classic: "classic_queues", quorum: "quorum_queues", stream: "streams" } as const;

function policyFor(object: string, type: QueueType, name: string, pattern: string, definition: Arguments, origin: string): PlannedPolicy[] {
  if (Object.keys(definition).length === 0) return [];
  return [{ name, pattern, applyTo: APPLY_TO[type], priority: GENERATED_PRIORITY, definition, generatedFor: object, origin }];
}

function queue(
  name: string,
  type: QueueType,
  role: QueueRole,
  options: { durable?: boolean; autoDelete?: boolean; arguments: Arguments },
  origin: string,
): PlannedQueue {
  const { durable = true, autoDelete = false } = options;
  return { name, type, durable, autoDelete, arguments: { "x-queue-type": type, ...options.arguments }, role, origin };
}

/**
 * A queue's ladder. A rung returns to its queue through the default exchange, so to this queue alone. Between quorum queues
 * the return is at-least-once, which needs `reject-publish` (source: quorum queue documentation, "At-least-once dead lettering"):
 * a full rung refuses, and the worker keeps the message. Rungs are Warren's own, so their settings are always a policy.
 */
function ladder(name: string, { type, retry, maxLength }: Extract<Queue, { type: "classic" | "quorum" }>, origin: string): Planned {
  const planned: Planned = { exchanges: [], queues: [], bindings: [], policies: [] };
  if (!retry?.length) return planned;
  const exchange = retryExchange(name);
  planned.exchanges.push({
    name: exchange,
    type: "direct",
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: {},
    origin: `${origin}.retry`,
  });
  retry.forEach((wait, index) => {
    const rung = retryQueue(name, index + 1);
    const at = `${origin}.retry[${index}]`;
    planned.queues.push(queue(rung, type, { kind: "rung", of: name, rung: index + 1 }, { arguments: {} }, at));
    planned.bindings.push({
      source: exchange,
      destination: rung,
      destinationType: "queue",
      routingKey: String(index + 1),
      arguments: {},
      origin: at,
    });
    const definition = {
      "message-ttl": milliseconds(wait) ?? wait,
      "dead-letter-exchange": "",
      "dead-letter-routing-key": name,
      ...(type === "quorum" ? { "dead-letter-strategy": "at-least-once" } : {}),
      ...(maxLength === undefined ? {} : { "max-length": maxLength }),
      ...(type === "quorum" || maxLength !== undefined ? { overflow: "reject-publish" } : {}),
    };
    planned.policies.push(...policyFor(rung, type, policyName("queue", rung), anyOf([escapeRegex(rung)]), definition, at));
  });
  return planned;
}

/** The keys of a super stream's partitions; a number means "0", "1", .... */
export function partitionKeys({ partitions }: SuperStream): readonly string[] {
  return typeof partitions === "number" ? Array.from({ length: partitions }, (_, index) => String(index)) : partitions;
}

/** Exchange, streams and bindings with the arguments that stream clients look for (source: `rabbit_stream_manager:create_super_stream`). */
function superStream(name: string, definition: SuperStream, mode: SettingsMode, origin: string): Planned {
  const settings = splitSettings(definition, mode);
  const planned: Planned = { exchanges: [], queues: [], bindings: bindings(name, "exchange", definition.from, origin), policies: [] };
  planned.exchanges.push({
    name,
    type: "direct",
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: { "x-super-stream": true },
    origin,
  });
  const keys: string[] = [];
  partitionKeys(definition).forEach((key, order) => {
    const partition = partitionQueue(name, key);
    const at = `${origin}.partitions[${order}]`;
    keys.push(escapeRegex(key));
    planned.queues.push(queue(partition, "stream", { kind: "partition", of: name, order }, { arguments: settings.arguments }, at));
    planned.bindings.push({
      source: name,
      destination: partition,
      destinationType: "queue",
      routingKey: key,
      arguments: { "x-stream-partition-order": order },
      origin: at,
    });
  });
  planned.policies.push(
    ...policyFor(
      name,
      "stream",
      policyName("queue", name),
      `^${escapeRegex(partitionQueue(name, ""))}(${keys.join("|")})$`,
      settings.policy,
      origin,
    ),
  );
  return planned;
}

export function planQueue(name: string, definition: Queue, mode: SettingsMode): Planned {
  const origin = path("queues", name);
  const own = definition.settings ?? mode;
  if (definition.type === "super-stream") return superStream(name, definition, own, origin);
  const settings = splitSettings(definition, own);
  const rungs: Planned =
    definition.type === "stream" ? { exchanges: [], queues: [], bindings: [], policies: [] } : ladder(name, definition, origin);
  const options = {
    ...(definition.type === "classic" && definition.durable !== undefined ? { durable: definition.durable } : {}),
    ...(definition.type === "classic" && definition.autoDelete !== undefined ? { autoDelete: definition.autoDelete } : {}),
    arguments: settings.arguments,
  };
  return {
    exchanges: rungs.exchanges,
    queues: [queue(name, definition.type, { kind: "queue" }, options, origin), ...rungs.queues],
    bindings: [...bindings(name, "queue", definition.from, origin), ...rungs.bindings],
    policies: [
      ...policyFor(name, definition.type, policyName("queue", name), anyOf([escapeRegex(name)]), settings.policy, origin),
      ...rungs.policies,
    ],
  };
}

export function planTemplate(
  template: string,
  definition: QueueTemplate,
  mode: SettingsMode,
): { template: PlannedTemplate; policies: PlannedPolicy[] } {
  const origin = path("templates", template);
  const settings = splitSettings(definition, definition.settings ?? mode);
  const pattern = anyOf([placeholderRegex(definition.name)]);
  const classic = definition.type === "classic" ? definition : undefined;
  return {
    template: {
      template,
      name: definition.name,
      pattern,
      type: definition.type,
      durable: classic?.durable ?? true,
      autoDelete: classic?.autoDelete ?? false,
      arguments: { "x-queue-type": definition.type, ...settings.arguments },
      bindings: bindings(definition.name, "queue", definition.from, origin).map(({ source, routingKey, arguments: given, origin: at }) => ({
        source,
        routingKey,
        arguments: given,
        origin: at,
      })),
      origin,
    },
    policies: policyFor(template, definition.type, policyName("template", template), pattern, settings.policy, origin),
  };
}
