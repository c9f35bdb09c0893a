/** A queue that holds messages while theirs is made again: nothing may take any out of it. */
import type { Management } from "../broker/management.js";
import type { WireQueue } from "../broker/wire.js";
import { WarrenError } from "../topology/errors.js";
import { anyOf, escapeRegex } from "../topology/names.js";
import { setting } from "./live-queue.js";

/** Above those of others, so that no time to live or length of theirs holds for what is held. */
const POLICY_PRIORITY = 1_000_000;
/** What may take a message out of a queue. */
const TAKES_MESSAGES = ["message-ttl", "expires", "max-length", "max-length-bytes"] as const;

/**
 * Makes it, or leaves it as an earlier run made it. Like `live`, what expires by its own time there becomes a dead letter. Throws a
 * WarrenError where an operator's policy would take messages out of it; one that holds some stays.
 */
export async function makeHeld(management: Management, vhost: string, name: string, live?: WireQueue): Promise<void> {
  const there = await management.getQueue(vhost, name);
  if (there?.policy !== name) {
    const deadLetters = ["dead-letter-exchange", "dead-letter-routing-key"].flatMap((key) => {
      const value = live && setting(live, key);
      return value === undefined ? [] : [[key, value] as const];
    });
    const pattern = anyOf([escapeRegex(name)]);
    const definition = { "delivery-limit": -1, ...Object.fromEntries(deadLetters) };
    // Of each run that is ended the broker counts what it held as delivered.
    const args = { "x-queue-type": "quorum", "x-delivery-limit": -1 };
    await management.putQueue(vhost, name, { durable: true, autoDelete: false, arguments: args });
    await management.putPolicy(vhost, name, { pattern, applyTo: "queues", priority: POLICY_PRIORITY, definition });
  }
  const made = await management.getQueue(vhost, name);
  const limits = TAKES_MESSAGES.filter((key) => made?.effective_policy_definition?.[key] !== undefined);
  if (limits.length === 0) return;
  if (!there) {
    await management.deleteQueue(vhost, name);
    await management.deletePolicy(vhost, name);
  }
  throw new WarrenError(
    `Operator policy ${JSON.stringify(made?.operator_policy)} would take messages (${limits.join(", ")}) out of ${name}, which is to hold them.`,
    {
      remedy: "let its pattern leave out queues that begin with warren.migrate., until this is done",
      exitCode: 2,
    },
  );
}
