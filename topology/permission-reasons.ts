/** Why a service has its permissions: what it does, and what that asks of the broker, in sentences. */
import { deadLetter } from "./compile/queue-settings.js";
import { exchangeTitle, fill, retryExchange } from "./names.js";
import type { Queue, QueueTemplate, Topology } from "./model.js";
import { entry } from "./entry.js";
import { target } from "./permissions.js";

function onFailure(name: string, definition: Queue | QueueTemplate | undefined): string[] {
  const dead = definition && "deadLetterTo" in definition ? deadLetter(definition.deadLetterTo) : undefined;
  const ladder = definition && "retry" in definition && definition.retry?.length ? [retryExchange(name)] : [];
  return [...ladder, ...(dead ? [exchangeTitle(dead.exchange)] : [])];
}

const writes = (exchanges: readonly string[]): string =>
  exchanges.length === 0 ? "" : `; write on ${exchanges.join(" and ")} for what fails`;

const sources = (definition: { readonly from?: object | undefined } | undefined): string[] => Object.keys(definition?.from ?? {});

/**
 * One sentence for each thing that the service does: `consumes orders: read; write on orders.retry and orders.dlx for what fails`.
 * @param write what the service may write to in the end; tells whether it replies to requests
 */
export function permissionReasons(topology: Topology, name: string, write: string): string[] {
  const service = entry(topology.services, name);
  if (!service) return [];
  const queues = topology.queues ?? {};
  const reasons: string[] = [];
  for (const message of service.publishes ?? []) {
    const definition = entry(topology.messages, message);
    if (!definition) continue;
    const { exchange, key } = target(topology, definition);
    reasons.push(`publishes ${message}: write on ${exchangeTitle(exchange)}${key === "" ? "" : `, key ${key}`}`);
  }
  for (const queue of service.consumes ?? []) reasons.push(`consumes ${queue}: read${writes(onFailure(queue, queues[queue]))}`);
  for (const [template, values] of Object.entries(service.instances ?? {})) {
    const definition = entry(topology.templates, template);
    if (!definition) continue;
    const bound = sources(definition).map((exchange) => `read on ${exchange} to bind`);
    const failing = onFailure(definition.name, definition);
    reasons.push(
      [`has queues ${fill(definition.name, values ?? {})} of its own: configure, write and read`, ...bound].join(", ") + writes(failing),
    );
  }
  for (const object of service.declares ?? []) {
    const definition = entry(queues, object) ?? entry(topology.exchanges, object);
    const from = sources(definition);
    reasons.push(`declares ${object}: configure${from.length === 0 ? "" : `; write, and read on ${from.join(" and ")}, to bind it`}`);
  }
  for (const queue of service.manages ?? []) {
    reasons.push(
      `manages ${queue}: read${writes(onFailure(queue, queues[queue]))}; write on the default exchange to put messages back, which reaches any queue`,
    );
  }
  const writesToDefault = write.includes("amq\\.default");
  if (writesToDefault && !reasons.some((reason) => reason.includes("the default exchange"))) {
    reasons.push("replies to requests: write on the default exchange, which reaches any queue");
  }
  if (service.permissions)
    reasons.push(`${Object.keys(service.permissions).join(", ")}: as the topology says, instead of what follows from the above`);
  if (service.topicPermissions) reasons.push("topic permissions: as the topology says");
  return reasons;
}
