/** Where dead letters of a queue go, before and after; shown by messages that come to the queue. */
import { equal } from "../equal.js";
import { exchangeTitle } from "../names.js";
import type { Departure, Loss } from "../explain/fate.js";
import { SEVERITIES, type Change, type Severity } from "./change.js";
import type { Arrival, Held } from "./fate-of.js";
import { list, quoted } from "./words-of-changes.js";

/** What counts of a departure; what becomes of the message at its next queue is told there. */
interface Letter {
  readonly effect: Departure["effect"];
  readonly because: Loss | null;
  readonly exchange: string | null;
  /** Another key than its own. */
  readonly key: string | null;
  readonly strategy: string | null;
  readonly queues: readonly string[];
  readonly mayBeLost: boolean;
}

function letter(departure: Departure, arrival: Arrival): Letter {
  const { effect, because, exchange, keys, strategy, stops, mayBeLost } = departure;
  const [key] = keys ?? [];
  return {
    effect,
    because: because ?? null,
    exchange: exchange ?? null,
    key: key === undefined || key === arrival.key ? null : key,
    strategy: strategy ?? null,
    queues: [...new Set((stops ?? []).flatMap(({ then, queue }) => (then === "cycle" ? [] : [queue])))].sort(),
    mayBeLost: mayBeLost ?? false,
  };
}

const isLost = ({ effect }: Letter): boolean => effect === "dropped" || effect === "refused";

function severity(before: Letter, after: Letter): Severity {
  if ((isLost(after) && !isLost(before)) || (after.mayBeLost && !before.mayBeLost)) return "loss";
  if (after.effect === "kept" && before.effect !== "kept") return "breaking";
  const weaker = before.strategy === "at-least-once" && after.strategy === "at-most-once";
  return weaker || before.queues.some((queue) => !after.queues.includes(queue)) ? "breaking" : "notice";
}

function place({ effect, because, exchange, queues }: Letter): string {
  if (effect === "kept") return "nowhere, and stay in the queue";
  if (!isLost({ effect } as Letter)) return `to ${list(queues)}`;
  if (because === "no-dead-letter-exchange" || exchange === null) return "nowhere: there is no dead-letter exchange";
  if (because === "exchange-missing") return `nowhere: exchange ${exchange} does not exist`;
  return because === "cycle"
    ? "nowhere: they have come round"
    : `nowhere: ${exchange === "" ? "there is no such queue" : `no binding of ${exchange} matches`}`;
}

function sentence(queue: string, before: Letter, after: Letter): string {
  const letters = `dead letters of ${queue}`;
  const [from, to] = [place(before), place(after)];
  if (from !== to) {
    if (isLost(after) && !isLost(before)) return `${letters} are lost: they went ${from}, and go ${to}`;
    return `${letters} go ${to}; before, they went ${from}`;
  }
  if (before.strategy !== after.strategy)
    return `${letters} are handed on ${after.strategy ?? "(none)"} instead of ${before.strategy ?? "(none)"}`;
  if (before.key !== after.key) {
    const key = (side: Letter): string => (side.key === null ? "their own key" : `key ${quoted(side.key)}`);
    return `${letters} have ${key(after)} instead of ${key(before)}`;
  }
  if (before.mayBeLost !== after.mayBeLost) return `${letters} ${after.mayBeLost ? "may now be lost" : "are no longer lost by chance"}`;
  const through = (side: Letter): string => (side.exchange === null ? "no exchange" : exchangeTitle(side.exchange));
  return `${letters} go through ${through(after)} instead of ${through(before)}`;
}

/** The first difference that one of the messages shows; they stay the same for all of them otherwise. */
export function deadLetterChange(old: Held, now: Held, arriving: readonly Arrival[]): Change[] {
  const queue = now.planned.name;
  const expires = [old, now].every((held) => held.side.settings(held.planned).has("message-ttl"));
  for (const reason of expires ? (["rejected", "expired"] as const) : (["rejected"] as const)) {
    const found = arriving.flatMap((arrival) => {
      const [before, after] = [old.departure(arrival, reason), now.departure(arrival, reason)];
      if (!before || !after) return [];
      const [from, to] = [letter(before, arrival), letter(after, arrival)];
      return equal(from, to) ? [] : [{ arrival, from, to, grave: severity(from, to) }];
    });
    const [worst] = SEVERITIES.flatMap((grave) => found.filter((one) => one.grave === grave).slice(0, 1));
    if (!worst) continue;
    const { arrival, from, to, grave } = worst;
    // Where all messages fare alike, none has to be shown.
    const some = found.length < arriving.length;
    const { exchange, key, headers } = arrival;
    return [
      {
        kind: "dead-letters",
        severity: grave,
        vhost: now.side.vhost,
        queue,
        ...(some ? { exchange, example: { key, ...(Object.keys(headers).length > 0 ? { headers } : {}) } } : {}),
        before: from,
        after: to,
        text: `${sentence(queue, from, to)}${some ? ` (for instance a message with key ${quoted(key)})` : ""}`,
      },
    ];
  }
  return [];
}
