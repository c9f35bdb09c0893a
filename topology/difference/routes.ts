/** What changes at exchanges: which messages reach other queues than before, for all keys and headers. */
import type { Change, Example, Reached, Severity, Unknown } from "./change.js";
import { messageClasses, type Declared, type MessageClass } from "./classes.js";
import type { Side } from "./side.js";
import { exchangeTitle } from "../names.js";
import { quoted, routeText } from "./words-of-changes.js";

/** Of two answers to the same message, what differs; the same for all messages of one finding. */
export interface RouteDifference {
  readonly lost: readonly string[];
  readonly gained: readonly string[];
  /** Still reached, but no longer in every case; and the other way round. */
  readonly lessCertain: readonly string[];
  readonly certain: readonly string[];
  readonly none: readonly [before: boolean, after: boolean];
  readonly mayBeLost: readonly [before: boolean, after: boolean];
}

/** All that a message reaches, by name. */
export const reaches = ({ queues, templates }: Reached): string[] => [...queues, ...templates.map((template) => `template ${template}`)];
const without = (one: readonly string[], other: readonly string[]): string[] => one.filter((name) => !other.includes(name));

/** `undefined` if both are the same. */
export function routeDifference(before: Reached, after: Reached): RouteDifference | undefined {
  const [old, now] = [reaches(before), reaches(after)];
  const found: RouteDifference = {
    lost: without(old, now),
    gained: without(now, old),
    lessCertain: without(before.certain, after.certain).filter((queue) => after.queues.includes(queue)),
    certain: without(after.certain, before.certain).filter((queue) => before.queues.includes(queue)),
    none: [old.length === 0, now.length === 0],
    mayBeLost: [before.mayBeLost, after.mayBeLost],
  };
  const { lost, gained, lessCertain, certain, mayBeLost } = found;
  const same = lost.length + gained.length + lessCertain.length + certain.length === 0 && mayBeLost[0] === mayBeLost[1];
  return same ? undefined : found;
}

function severity({ lost, lessCertain, none, mayBeLost }: RouteDifference): Severity {
  if ((none[1] && !none[0]) || (mayBeLost[1] && !mayBeLost[0])) return "loss";
  return lost.length + lessCertain.length > 0 ? "breaking" : "notice";
}

interface Group {
  readonly difference: RouteDifference;
  shown: MessageClass;
  before: Reached;
  after: Reached;
  readonly matches: Set<string>;
  readonly messages: Set<string>;
}

export const example = ({ key, headers }: MessageClass): Example => ({ key, ...(Object.keys(headers).length > 0 ? { headers } : {}) });

/** Declared messages say more than invented ones, and a key says more than none; the first found is the shortest. */
const isBetter = (one: MessageClass, other: MessageClass): boolean =>
  one.messages.length > 0 !== other.messages.length > 0 ? one.messages.length > 0 : other.key === "" && one.key !== "";

export const declaredAt = (exchange: string, ...sides: readonly Side[]): Declared[] =>
  sides.flatMap(({ declared }) => declared.filter((message) => message.exchange === exchange));

function group(exchange: string, old: Side, now: Side, classes: readonly MessageClass[], publisher: "client" | "broker"): Group[] {
  const groups = new Map<string, Group>();
  for (const shown of classes) {
    const before = old.reached(exchange, shown.key, shown.headers, publisher);
    const after = now.reached(exchange, shown.key, shown.headers, publisher);
    const difference = routeDifference(before, after);
    if (!difference) continue;
    const id = JSON.stringify(difference);
    const known = groups.get(id);
    if (!known) groups.set(id, { difference, shown, before, after, matches: new Set([shown.matches]), messages: new Set(shown.messages) });
    else {
      known.matches.add(shown.matches);
      shown.messages.forEach((name) => known.messages.add(name));
      if (isBetter(shown, known.shown)) Object.assign(known, { shown, before, after });
    }
  }
  return [...groups.values()];
}

function unknown(vhost: string, exchange: string, reason: string): Unknown {
  return { vhost, exchange, reason, text: `where messages to ${exchangeTitle(exchange)} go is not compared: ${reason}` };
}

/** Of an exchange that both sides have. Complete: a message that goes elsewhere now is covered by a change. */
export function routeChanges(exchange: string, old: Side, now: Side): { changes: Change[]; unknown: Unknown[] } {
  if (old.exchanges.identity(exchange) === now.exchanges.identity(exchange)) return { changes: [], unknown: [] };
  const tests = [old, now].map(({ exchanges }) => exchanges.tests(exchange));
  const found = messageClasses(tests, declaredAt(exchange, old, now));
  if ("reason" in found) return { changes: [], unknown: [unknown(now.vhost, exchange, found.reason)] };
  const internal = [old, now].some(({ planned }) => planned.get(exchange)?.internal);
  const changes = group(exchange, old, now, found.classes, internal ? "broker" : "client").map(
    ({ difference, shown, before, after, matches, messages }): Change => ({
      kind: "route",
      severity: severity(difference),
      vhost: now.vhost,
      exchange,
      example: example(shown),
      ...(matches.size > 1 ? { alike: matches.size - 1 } : {}),
      ...(messages.size > 0 ? { messages: [...messages].sort() } : {}),
      before,
      after,
      text: routeText(
        exchange,
        internal,
        found.keyed ? quoted(shown.key) : undefined,
        found.headed ? shown.headers : {},
        difference,
        before,
      ),
    }),
  );
  return { changes, unknown: [] };
}
