/** What becomes of exchanges themselves: gone, new, internal, made again, with other shares. */
import { effectOf, worst } from "../changes.js";
import { equal } from "../equal.js";
import type { Change, Severity, Unknown } from "./change.js";
import { messageClasses } from "./classes.js";
import { declaredAt, example, reaches, routeChanges } from "./routes.js";
import type { Side } from "./side.js";
import { list } from "./words-of-changes.js";

/** An exchange that only one side has: shown by a message that reaches a queue there. */
function alone(exchange: string, side: Side, gone: boolean): Change {
  const at = { vhost: side.vhost, exchange };
  const internal = side.planned.get(exchange)?.internal ?? false;
  const found = messageClasses([side.exchanges.tests(exchange)], declaredAt(exchange, side));
  const reached =
    "reason" in found ? [] : found.classes.map((one) => [one, side.reached(exchange, one.key, one.headers, "broker")] as const);
  const arriving = reached.filter(([, { mayBeLost, queues }]) => !mayBeLost || queues.length > 0);
  const [shown] = arriving.find(([{ messages }]) => messages.length > 0) ?? arriving.find(([{ key }]) => key !== "") ?? arriving[0] ?? [];
  const queues = [...new Set(arriving.flatMap(([, one]) => reaches(one)))].sort();
  const messages = [...new Set(arriving.flatMap(([one]) => one.messages))];
  const more = { ...(shown ? { example: example(shown) } : {}), ...(messages.length > 0 ? { messages } : {}) };
  const leads = queues.length === 0 ? "it led to no queue" : `it led to ${list(queues)}`;
  if (!gone) {
    const text = `exchange ${exchange} is new${queues.length === 0 ? "" : ` and leads to ${list(queues)}`}`;
    return { kind: "exchange-added", severity: "notice", ...at, ...more, before: null, after: { queues }, text };
  }
  const text = internal
    ? `internal exchange ${exchange} is gone; ${leads}`
    : `exchange ${exchange} is gone, and publishing to it is refused; ${leads}`;
  const grave: Severity = queues.length > 0 && !internal ? "loss" : internal ? "notice" : "breaking";
  return { kind: "exchange-removed", severity: grave, ...at, ...more, before: { queues }, after: null, text };
}

/** What becomes of the exchange itself. */
function object(exchange: string, old: Side, now: Side): Change[] {
  const [before, after] = [old.planned.get(exchange), now.planned.get(exchange)];
  if (!before || !after) return [];
  const at = { vhost: now.vhost, exchange } as const;
  const changes: Change[] = [];
  if (before.internal !== after.internal) {
    const sides = { before: { internal: before.internal }, after: { internal: after.internal } };
    changes.push(
      after.internal
        ? {
            kind: "exchange-internal",
            severity: "loss",
            ...at,
            ...sides,
            text: `exchange ${exchange} is now internal, and publishing to it is refused`,
          }
        : {
            kind: "exchange-public",
            severity: "notice",
            ...at,
            ...sides,
            text: `exchange ${exchange} is no longer internal: clients can publish to it`,
          },
    );
  }
  const effects = effectOf("exchange", before, after);
  if (worst(effects) === "replace") {
    const pick = (side: "before" | "after"): object => Object.fromEntries(effects.map((each) => [each.field, each[side] ?? null]));
    const fields = list(effects.map(({ field }) => field));
    const text = `exchange ${exchange} is deleted and made again (${fields}): what is published meanwhile is unroutable or refused`;
    changes.push({ kind: "exchange-replaced", severity: "breaking", ...at, before: pick("before"), after: pick("after"), text });
  }
  return changes;
}

/** Weights and what is hashed: the same queues, but other shares. */
function shares(exchange: string, old: Side, now: Side): Change[] {
  const of = ({ plan, planned }: Side): object | undefined => {
    const found = planned.get(exchange);
    if (found?.type !== "x-consistent-hash") return undefined;
    const { "hash-header": header = null, "hash-property": property = null } = found.arguments;
    const bound = plan.bindings.filter(({ source }) => source === exchange);
    const weights = Object.fromEntries(bound.map(({ destination, routingKey }) => [destination, routingKey]));
    return { hashHeader: header, hashProperty: property, weights };
  };
  const [before, after] = [of(old), of(now)];
  if (!before || !after || equal(before, after)) return [];
  const text = `exchange ${exchange} spreads messages otherwise: one that went to a queue may now go to another of them`;
  return [{ kind: "hash", severity: "notice", vhost: now.vhost, exchange, before, after, text }];
}

/** Every exchange of either side; the default one changes with the queues themselves. */
export function exchangeChanges(old: Side, now: Side): { changes: Change[]; unknown: Unknown[] } {
  const found = { changes: [] as Change[], unknown: [] as Unknown[] };
  const [before, after] = [new Set(old.exchanges.names), new Set(now.exchanges.names)];
  for (const exchange of new Set([...before, ...after])) {
    if (!before.has(exchange) || !after.has(exchange)) {
      found.changes.push(alone(exchange, before.has(exchange) ? old : now, before.has(exchange)));
      continue;
    }
    const { changes, unknown } = routeChanges(exchange, old, now);
    found.changes.push(...changes, ...object(exchange, old, now), ...shares(exchange, old, now));
    found.unknown.push(...unknown);
  }
  return found;
}
