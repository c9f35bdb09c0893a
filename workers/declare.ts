/** What a service declares itself at its start: the very objects of the plan, so that they meet those that are there. */
import type { Channel } from "amqplib";
import { compile } from "../topology/compile/compile.js";
import { entry } from "../topology/entry.js";
import type { Topology } from "../topology/model.js";
import { faultOf } from "./errors.js";

/**
 * Declares the exchanges and queues of `declares`, with their bindings. Throws a `WorkerError`: "different" if one is there with other
 * settings, "missing" if what it is bound to is not there, "unauthorized".
 * @param use gives a channel of its own to each: a refusal ends it
 */
export async function declareOwn(
  topology: Topology,
  service: string,
  use: <R>(work: (channel: Channel) => Promise<R>) => Promise<R>,
): Promise<void> {
  const declares = entry(topology.services, service)?.declares ?? [];
  if (declares.length === 0) return;
  const plan = compile(topology);
  const own = new Set<string>(declares);
  for (const { name, type, durable, autoDelete, internal, arguments: args } of plan.exchanges)
    if (own.has(name))
      await tell(`Exchange "${name}"`, () =>
        use((channel) => channel.assertExchange(name, type, { durable, autoDelete, internal, arguments: { ...args } })),
      );
  for (const { name, role, durable, autoDelete, arguments: args } of plan.queues)
    if (own.has(name) && role.kind === "queue")
      await tell(`Queue "${name}"`, () => use((channel) => channel.assertQueue(name, { durable, autoDelete, arguments: { ...args } })));
  for (const { source, destination, destinationType, routingKey, arguments: args } of plan.bindings)
    if (own.has(destination))
      await tell(`The binding of "${destination}" to "${source}"`, () =>
        use((channel) =>
          destinationType === "queue"
            ? channel.bindQueue(destination, source, routingKey, { ...args })
            : channel.bindExchange(destination, source, routingKey, { ...args }),
        ),
      );
}

async function tell(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw faultOf(error, what);
  }
}
