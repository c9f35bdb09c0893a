/** What a queue on the broker is, and what comes to it past all exchanges. */
import type { Management } from "../broker/management.js";
import type { WireQueue } from "../broker/wire.js";

export const typeOf = ({ type, arguments: args }: WireQueue): unknown => type ?? args["x-queue-type"];

/** By argument, else by policy. */
export const setting = (queue: WireQueue, name: string): unknown =>
  queue.arguments[`x-${name}`] ?? queue.effective_policy_definition?.[name];

/** Where messages wait, and come back by themselves. */
export const isRung = (queue: WireQueue): boolean => setting(queue, "message-ttl") !== undefined;

/** Queues whose dead letters come to this one by its name. */
export async function feedersOf(management: Management, vhost: string, name: string): Promise<WireQueue[]> {
  return (await management.queues(vhost))
    .filter((queue) => queue.name !== name && setting(queue, "dead-letter-exchange") === "")
    .filter((queue) => setting(queue, "dead-letter-routing-key") === name);
}

/** Messages in each queue of a vhost, by name: those of quorum queues some seconds old; 0 for one that is not there. */
export async function messagesIn(management: Management, vhost: string): Promise<(name: string) => number> {
  const counts = await management.counts(vhost);
  return (name) => counts.find((queue) => queue.name === name)?.messages ?? 0;
}
