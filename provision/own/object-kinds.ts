/** A vhost's settings and limits, and its exchanges, queues and bindings. */
import { inVhost, kind } from "./kind.js";
import { writeLimits, type Limits } from "./limits.js";

export const OBJECTS = {
  // The vhost itself is the official provider's; what it has no fields for is set here. Removing this leaves a protection in place, so that
  // `pulumi destroy` meets it; it goes when a program says so.
  "vhost-settings": kind<{ vhost: string; description: string; tags: string[]; defaultQueueType: string; deletionProtection: boolean }>({
    type: "VhostSettings",
    label: ({ vhost }) => `vhost "${vhost}"`,
    fixed: ["vhost"],
    sets: ["tags"],
    overwrites: true,
    read: async (broker, spec) => {
      const live = await broker.getVhost(spec.vhost);
      if (!live) return undefined;
      const from = { ...live, ...live.metadata };
      return {
        vhost: spec.vhost,
        description: from.description ?? "",
        tags: from.tags ?? [],
        // "" leaves it to the broker, whatever that says.
        defaultQueueType: spec.defaultQueueType === "" ? "" : (from.default_queue_type ?? ""),
        deletionProtection: from.protected_from_deletion ?? false,
      };
    },
    write: async (broker, { vhost, description, tags, defaultQueueType, deletionProtection }, before) => {
      await broker.putVhost(vhost, { description, tags, ...(defaultQueueType === "" ? {} : { defaultQueueType }) });
      if (deletionProtection) await broker.protectVhost(vhost);
      else if (before?.deletionProtection) await broker.unprotectVhost(vhost);
    },
    remove: async (broker, { vhost }) => {
      if (await broker.getVhost(vhost)) await broker.putVhost(vhost, { description: "", tags: [] });
    },
  }),

  "vhost-limits": kind<{ vhost: string; limits: Limits }>({
    type: "VhostLimits",
    label: ({ vhost }) => `limits of vhost "${vhost}"`,
    fixed: ["vhost"],
    read: async (broker, { vhost }) => {
      const limits = await broker.vhostLimits(vhost);
      return Object.keys(limits).length === 0 ? undefined : { vhost, limits };
    },
    write: (broker, { vhost, limits }, before) =>
      writeLimits(
        limits,
        before?.limits ?? {},
        (limit, value) => broker.putVhostLimit(vhost, limit, value),
        (limit) => broker.deleteVhostLimit(vhost, limit),
      ),
    remove: async (broker, { vhost, limits }) => {
      for (const limit of Object.keys(limits)) await broker.deleteVhostLimit(vhost, limit);
    },
  }),

  exchange: kind<{
    vhost: string;
    name: string;
    type: string;
    durable: boolean;
    autoDelete: boolean;
    internal: boolean;
    arguments: Record<string, unknown>;
  }>({
    type: "Exchange",
    label: inVhost("exchange"),
    fixed: ["vhost", "name", "type", "durable", "autoDelete", "internal", "arguments"],
    read: async (broker, { vhost, name }) => {
      const live = await broker.getExchange(vhost, name);
      if (!live) return undefined;
      const { type, durable, auto_delete: autoDelete, internal, arguments: args } = live;
      return { vhost, name, type, durable, autoDelete, internal, arguments: args };
    },
    write: (broker, spec) => broker.putExchange(spec.vhost, spec.name, spec),
    remove: (broker, { vhost, name }) => broker.deleteExchange(vhost, name),
  }),

  queue: kind<{ vhost: string; name: string; durable: boolean; autoDelete: boolean; arguments: Record<string, unknown> }>({
    type: "Queue",
    label: inVhost("queue"),
    fixed: ["vhost", "name", "durable", "autoDelete", "arguments"],
    read: async (broker, { vhost, name }) => {
      const live = await broker.getQueue(vhost, name);
      return live && { vhost, name, durable: live.durable, autoDelete: live.auto_delete, arguments: live.arguments };
    },
    write: (broker, spec) => broker.putQueue(spec.vhost, spec.name, spec),
    remove: (broker, { vhost, name }) => broker.deleteQueue(vhost, name),
  }),

  binding: kind<{
    vhost: string;
    source: string;
    destination: string;
    destinationType: "queue" | "exchange";
    routingKey: string;
    arguments: Record<string, unknown>;
  }>({
    type: "Binding",
    label: ({ vhost, source, destination, destinationType, routingKey }) =>
      `binding of ${destinationType} "${destination}" to exchange "${source}" with key "${routingKey}" in vhost "${vhost}"`,
    fixed: ["vhost", "source", "destination", "destinationType", "routingKey", "arguments"],
    read: async (broker, spec) => ((await broker.getBinding(spec.vhost, spec)) ? spec : undefined),
    write: (broker, spec) => broker.putBinding(spec.vhost, spec),
    remove: (broker, spec) => broker.deleteBinding(spec.vhost, spec),
  }),
} as const;
