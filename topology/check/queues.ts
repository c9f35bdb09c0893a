/** Rules about queues: without bounds, priorities that do not work, what is redelivered for ever. */
import { entry } from "../entry.js";
import { path } from "../path.js";
import type { AnyQueue, Facts } from "./facts.js";
import { quote, several, type Fault, type Rule } from "./rule.js";
import { settingPath } from "./setting-paths.js";

/** What keeps each type within bounds, in the words of a topology. */
const BOUNDS = {
  classic: ["maxLength", "maxLengthBytes", "messageTtl"],
  quorum: ["maxLength", "maxLengthBytes", "messageTtl"],
  stream: ["maxAge", "maxLengthBytes"],
} as const;

function* unbounded(facts: Facts): Iterable<Fault> {
  for (const queue of facts.written()) {
    const settings = facts.settings(queue);
    // A queue that goes when its consumer does keeps nothing for long.
    const passing = queue.autoDelete || settings.has("expires");
    if (passing || ["max-length", "max-length-bytes", "message-ttl", "max-age"].some((key) => settings.has(key))) continue;
    yield {
      path: facts.pathOf(queue),
      message: `${facts.title(queue)} has no bounds: neither a length nor an age at which messages go.`,
      value: queue.name,
      allowed: BOUNDS[queue.type],
    };
  }
}

/** What waits is dropped or refused; a consumer that is ready may still get it (seen on 4.3.6 without one). */
function* keepsNothing(facts: Facts): Iterable<Fault> {
  for (const queue of facts.written())
    if (queue.type !== "stream" && facts.settings(queue).get("max-length")?.value === 0)
      yield {
        path: settingPath(facts, queue, "max-length"),
        message: `${facts.title(queue)} has maxLength 0: no message can wait in it.`,
        value: 0,
        allowed: ["1 or more"],
      };
}

/** From how many on priorities of classic queues cost more than they give (source: priority queue documentation). */
const MANY_PRIORITIES = 10;

function* manyPriorities(facts: Facts): Iterable<Fault> {
  for (const queue of facts.written()) {
    const most = facts.settings(queue).get("max-priority")?.value;
    if (queue.type === "classic" && typeof most === "number" && most > MANY_PRIORITIES && most <= 255)
      yield {
        path: settingPath(facts, queue, "max-priority"),
        message: `${facts.title(queue)} has ${most + 1} priorities.`,
        value: most,
        allowed: [`1 to ${MANY_PRIORITIES}`],
      };
  }
}

/** Levels that a quorum queue tells apart. */
const QUORUM_HIGHEST = 31;

function priorityFault(facts: Facts, queue: AnyQueue, priority: number): { why: string; allowed: string } | undefined {
  if (queue.type === "stream") return { why: "is a stream, which has no priorities", allowed: "no priority" };
  if (queue.type === "quorum") {
    if (facts.has("4.3"))
      return priority > QUORUM_HIGHEST
        ? { why: `is a quorum queue, which takes more than ${QUORUM_HIGHEST} for ${QUORUM_HIGHEST}`, allowed: `0 to ${QUORUM_HIGHEST}` }
        : undefined;
    return {
      why: `is a quorum queue, which has two levels in RabbitMQ ${facts.version}: up to 4, and above`,
      allowed: "brokerVersion 4.3, or no priority",
    };
  }
  const most = facts.settings(queue).get("max-priority")?.value;
  if (typeof most !== "number")
    return { why: "is a classic queue without maxPriority, which ignores it", allowed: "a maxPriority at the queue" };
  return priority > most ? { why: `has maxPriority ${most}`, allowed: `0 to ${most}` } : undefined;
}

function* priorities(facts: Facts): Iterable<Fault> {
  for (const { message, reached } of facts.targets()) {
    const priority = entry(facts.topology.messages, message)?.priority;
    if (priority === undefined || priority === 0) continue;
    const faults = reached.flatMap((name) => {
      const queue = facts.queues.get(name) ?? facts.templates.get(name);
      const fault = queue && priorityFault(facts, queue, priority);
      return fault ? [{ name, ...fault }] : [];
    });
    const [first] = faults;
    if (!first) continue;
    yield {
      path: `${path("messages", message)}.priority`,
      message: `Message ${quote(message)} has priority ${priority}, which does not work in ${several(faults.map(({ name }) => name))}: ${quote(first.name)} ${first.why}.`,
      value: priority,
      allowed: [...new Set(faults.map(({ allowed }) => allowed))],
    };
  }
}

function* redelivered(facts: Facts): Iterable<Fault> {
  for (const queue of facts.plan.queues) {
    const [consumer] = facts.consumers().get(queue.name) ?? [];
    if (consumer === undefined || queue.role.kind !== "queue") continue;
    const definition = facts.definitions.get(queue.origin);
    const limit = facts.settings(queue).get("delivery-limit")?.value;
    if (queue.type === "quorum" && typeof limit === "number" && limit < 0)
      yield {
        path: settingPath(facts, queue, "delivery-limit"),
        message: `Queue ${quote(queue.name)} has no delivery limit, and service ${quote(consumer)} consumes it: a message that makes it crash comes back for ever.`,
        value: limit,
        allowed: ["0 or more; 20 unless given"],
        remedy: "Leave deliveryLimit out, or give it a number.",
      };
    if (queue.type === "classic" && !(definition && "retry" in definition && definition.retry?.length))
      yield {
        path: `${facts.pathOf(queue)}.type`,
        message: `Classic queue ${quote(queue.name)} has no delivery limit and no ladder, and service ${quote(consumer)} consumes it: a message that is requeued comes back for ever.`,
        value: "classic",
        remedy: 'Choose type "quorum", which has a delivery limit, or give the queue retry and deadLetterTo.',
      };
  }
}

export const queueRules: readonly Rule[] = [
  {
    code: "queue-unbounded",
    severity: "warning",
    title: "A queue without bounds",
    why: "While nobody consumes it grows until the broker runs out of disk and blocks every publisher.",
    remedy: "Give it a maxLength, a maxLengthBytes or a messageTtl (a stream: maxAge or maxLengthBytes).",
    find: unbounded,
  },
  {
    code: "queue-keeps-nothing",
    severity: "warning",
    title: "A queue of length 0",
    why: "What no consumer takes at once is dropped or refused, and with it nearly everything.",
    remedy: "Raise maxLength, or leave it out.",
    find: keepsNothing,
  },
  {
    code: "priorities-many",
    severity: "warning",
    title: "A classic queue with many priorities",
    why: "Each priority is a queue of its own inside, and costs memory and CPU.",
    remedy: "Take a few: up to 10 are enough.",
    find: manyPriorities,
  },
  {
    code: "priority-ignored",
    severity: "warning",
    title: "A message whose priority a queue does not have",
    why: "The message waits behind others that should come after it.",
    remedy: "Publish with a priority that all of its queues have, or change the queues.",
    find: priorities,
  },
  {
    code: "redelivers-for-ever",
    severity: "warning",
    title: "Messages that can be redelivered for ever",
    why: "One message that makes its consumer fail keeps all of its consumers busy, or down.",
    remedy: "Use a quorum queue with a delivery limit, or a ladder that ends.",
    find: redelivered,
  },
];
