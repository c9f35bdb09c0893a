/** Federation upstreams and shovels as the runtime parameters that the broker knows them by. */
import { milliseconds } from "../durations.js";
import type { FederationUpstream, Shovel, ShovelEnd, Topology } from "../model.js";
import { path } from "../path.js";
import type { PlannedParameter } from "./plan.js";

/** The broker's own URI for itself; a vhost's name is percent-encoded. */
export const localUri = (vhost: string): string => `amqp:///${encodeURIComponent(vhost)}`;

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function upstream(definition: FederationUpstream): Record<string, unknown> {
  return defined({
    uri: definition.uri,
    exchange: definition.exchange,
    queue: definition.queue,
    "ack-mode": definition.ackMode,
    "prefetch-count": definition.prefetchCount,
    "reconnect-delay": definition.reconnectDelay,
    "max-hops": definition.maxHops,
    expires: milliseconds(definition.expires),
    "message-ttl": milliseconds(definition.messageTtl),
    "trust-user-id": definition.trustUserId,
    "consumer-tag": definition.consumerTag,
    "queue-type": definition.queueType,
    "resource-cleanup-mode": definition.resourceCleanupMode,
    "bind-nowait": definition.bindNowait,
    "channel-use-mode": definition.channelUseMode,
  });
}

function end(side: "src" | "dest", definition: ShovelEnd, vhost: string): Record<string, unknown> {
  // A shovel declares its queues, and an import starts shovels first: then a plain classic queue would stand where the planned one belongs.
  const planned = definition.uri === undefined && definition.queue !== undefined;
  return {
    ...(planned ? { [`${side}-predeclared`]: true } : {}),
    [`${side}-protocol`]: "amqp091",
    [`${side}-uri`]: definition.uri ?? localUri(vhost),
    [`${side}-queue`]: definition.queue,
    [`${side}-exchange`]: definition.exchange,
    [`${side}-exchange-key`]: definition.key,
  };
}

function shovel(definition: Shovel, vhost: string): Record<string, unknown> {
  return defined({
    ...end("src", definition.from, vhost),
    ...end("dest", definition.to, vhost),
    "src-delete-after": definition.from.deleteAfter,
    "src-prefetch-count": definition.from.prefetchCount,
    "ack-mode": definition.ackMode,
    "reconnect-delay": definition.reconnectDelay,
  });
}

export function parameters(topology: Topology, vhost: string): PlannedParameter[] {
  return [
    ...Object.entries(topology.federationUpstreams ?? {}).map(([name, definition]) => ({
      component: "federation-upstream",
      name,
      value: upstream(definition),
      origin: path("federationUpstreams", name),
    })),
    ...Object.entries(topology.shovels ?? {}).map(([name, definition]) => ({
      component: "shovel",
      name,
      value: shovel(definition, vhost),
      origin: path("shovels", name),
    })),
    ...(topology.parameters ?? []).map((parameter, index) => ({ ...parameter, origin: path("parameters", index) })),
  ];
}
