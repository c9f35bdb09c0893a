/** Rules about ladders of retries. */
import { duration, milliseconds } from "../durations.js";
import { entry } from "../entry.js";
import { path } from "../path.js";
import type { Facts } from "./facts.js";
import { quote, type Fault, type Rule } from "./rule.js";

interface Ladder {
  readonly name: string;
  readonly origin: string;
  readonly retry: readonly unknown[];
  /** Milliseconds of the rungs that are durations. */
  readonly waits: readonly (number | undefined)[];
  readonly total: number;
}

function* ladders(facts: Facts): Iterable<Ladder> {
  for (const [name, queue] of Object.entries(facts.topology.queues ?? {})) {
    if (!("retry" in queue) || !queue.retry?.length) continue;
    const waits = queue.retry.map((wait) => milliseconds(wait));
    yield {
      name,
      origin: path("queues", name),
      retry: queue.retry,
      waits,
      total: waits.reduce<number>((sum, wait) => sum + (wait ?? 0), 0),
    };
  }
}

function* withoutEnd(facts: Facts): Iterable<Fault> {
  for (const { name, origin, retry } of ladders(facts)) {
    const queue = facts.queues.get(name);
    if (!queue || facts.deadLetters(queue)) continue;
    yield {
      path: `${origin}.retry`,
      message: `The ladder of queue ${quote(name)} has no end: after ${retry.length === 1 ? "its retry" : `${retry.length} retries`} a message has nowhere to go.`,
      value: retry,
    };
  }
}

function* shrinking(facts: Facts): Iterable<Fault> {
  for (const { name, origin, retry, waits } of ladders(facts))
    for (const [index, wait] of waits.entries()) {
      const before = waits[index - 1];
      if (wait === undefined || before === undefined || wait >= before) continue;
      yield {
        path: `${origin}.retry[${index}]`,
        message: `Rung ${index + 1} of queue ${quote(name)} waits ${quote(retry[index])}, less than the ${quote(retry[index - 1])} of the rung before.`,
        value: retry[index],
        allowed: [`${duration(before)} or more`],
      };
    }
}

function* withoutWait(facts: Facts): Iterable<Fault> {
  for (const { name, origin, retry, waits } of ladders(facts))
    for (const [index, wait] of waits.entries())
      if (wait === 0)
        yield {
          path: `${origin}.retry[${index}]`,
          message: `Rung ${index + 1} of queue ${quote(name)} does not wait.`,
          value: retry[index],
          allowed: ["1 ms or more"],
        };
}

function* outlived(facts: Facts): Iterable<Fault> {
  for (const { name, origin, total } of ladders(facts)) {
    const queue = facts.queues.get(name);
    const ttl = queue && facts.settings(queue).get("message-ttl")?.value;
    if (typeof ttl === "number" && ttl < total)
      yield {
        path: `${origin}.messageTtl`,
        message: `Queue ${quote(name)} has a messageTtl of ${duration(ttl)}, but its ladder waits ${duration(total)} in all: the time starts anew with every return, so messages grow older than that.`,
        value: duration(ttl),
        allowed: [`${duration(total)} or more`],
      };
    for (const { message } of facts.messagesInto().get(name) ?? []) {
      const expiration = milliseconds(entry(facts.topology.messages, message)?.expiration);
      if (expiration === undefined || expiration >= total) continue;
      yield {
        path: `${path("messages", message)}.expiration`,
        message: `Nobody wants message ${quote(message)} after ${duration(expiration)}, but the ladder of queue ${quote(name)} goes on for ${duration(total)}.`,
        value: duration(expiration),
        allowed: [`${duration(total)} or more`],
      };
    }
  }
}

function* twoWays(facts: Facts): Iterable<Fault> {
  for (const { name, origin } of ladders(facts)) {
    const queue = facts.queues.get(name);
    const type = queue && facts.settings(queue).get("delayed-retry-type")?.value;
    if (typeof type !== "string" || type === "disabled") continue;
    yield {
      path: `${origin}.retry`,
      message: `Queue ${quote(name)} has a ladder and delayed retries: a failed message waits in both.`,
      value: type,
    };
  }
}

export const retryRules: readonly Rule[] = [
  {
    code: "ladder-without-end",
    severity: "error",
    title: "A ladder of retries without an end",
    why: "A message that fails every time can neither be kept nor got rid of.",
    remedy: "Give the queue a deadLetterTo.",
    find: withoutEnd,
  },
  {
    code: "ladder-not-growing",
    severity: "warning",
    title: "A ladder whose waiting times shrink",
    why: "The longer something fails, the longer it is likely to go on: a shorter wait loads what is just recovering.",
    remedy: "Put the waiting times in order.",
    find: shrinking,
  },
  {
    code: "rung-without-wait",
    severity: "warning",
    title: "A rung that does not wait",
    why: "The message comes back at once, and fails for the same reason.",
    remedy: "Give the rung a waiting time, or leave it out.",
    find: withoutWait,
  },
  {
    code: "ladder-outlives-message",
    severity: "warning",
    title: "A ladder that waits longer than its messages are wanted",
    why: "The broker starts the time anew in every queue and drops a message's own expiration on the way: messages come to be handled that nobody waits for.",
    remedy: "Shorten the ladder, or lengthen the time.",
    find: outlived,
  },
  {
    code: "two-retries",
    severity: "warning",
    title: "A ladder and delayed retries at one queue",
    why: "Both hold a failed message back; the waiting times add up, and neither number says how long.",
    remedy: "Keep one of them.",
    find: twoWays,
  },
];
