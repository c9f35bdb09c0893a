/** What becomes of messages in a queue, before and after: how long they stay, when they are too many, how often they are tried. */
import { equal } from "../equal.js";
import type { Departure } from "../explain/fate.js";
import { plural } from "../plural.js";
import type { Change, ChangeKind, Severity } from "./change.js";
import { deadLetterChange } from "./dead-letters.js";
import type { Arrival, Held } from "./fate-of.js";
import { limitText, timeText } from "./words-of-changes.js";

type QueueFate = NonNullable<ReturnType<Held["fate"]>>;

/** What is compared, and how it is told. `null`: it is not so. */
interface Aspect<T> {
  readonly kind: ChangeKind;
  readonly of: (held: Held, fate: QueueFate) => T | null;
  readonly tell: (queue: string, before: T | null, after: T | null) => string;
  readonly severity: (before: T | null, after: T | null, fate: QueueFate) => Severity;
}

const aspect = <T>(one: Aspect<T>): Aspect<unknown> => one as Aspect<unknown>;
const notice = (): Severity => "notice";

/** `undefined` is no limit. */
const isLess = (one: number | undefined, other: number | undefined): boolean => one !== undefined && (other === undefined || one < other);
const dropped = (departure: Departure | undefined): boolean => departure?.effect === "dropped";

interface Limit {
  readonly maxLength?: number;
  readonly maxLengthBytes?: number;
  readonly mode: "drop-head" | "reject-publish" | "reject-publish-dlx";
}

const MODES = {
  "drop-head": "the oldest leaves",
  "reject-publish": "new messages are refused",
  "reject-publish-dlx": "new messages are refused and dead-lettered",
} as const;

/** One failure: how long the message waits, or what else happens. */
function rungText(queue: string, { effect, because, stops = [] }: Departure): string {
  const [stop, ...others] = stops;
  const [back] = stop?.next?.stops ?? [];
  if (stop?.after !== undefined && others.length === 0 && back?.queue === queue) return timeText(stop.after);
  return stops.length === 0
    ? `${effect} (${because ?? "no queue"})`
    : stops.map((one) => `${one.queue}, ${one.then}${one.after === undefined ? "" : ` after ${timeText(one.after)}`}`).join(" and ");
}

const timed = (kind: ChangeKind, setting: string, tell: Aspect<number>["tell"], severity: Aspect<number>["severity"]): Aspect<unknown> =>
  aspect<number>({
    kind,
    of: ({ side, planned }) => {
      const value = side.settings(planned).get(setting)?.value;
      return typeof value === "number" ? value : null;
    },
    tell,
    severity,
  });

const ASPECTS: readonly Aspect<unknown>[] = [
  aspect<number>({
    kind: "expiry",
    of: (_held, fate) => fate.expired?.after ?? null,
    tell: (queue, before, after) =>
      after === null
        ? `messages in ${queue} no longer expire; before, they did after ${timeText(before)}`
        : `messages in ${queue} expire after ${timeText(after)}${before === null ? "; before, never" : ` instead of ${timeText(before)}`}`,
    severity: (before, after, fate) =>
      after === null || (before !== null && after > before) ? "notice" : dropped(fate.expired?.departure) ? "loss" : "breaking",
  }),
  aspect<readonly string[]>({
    kind: "retry",
    of: (held) => {
      const rungs = held.rungs();
      return rungs.length === 0 ? null : rungs.map((rung) => rungText(held.planned.name, rung));
    },
    tell: (queue, before, after) => {
      const ladder = (rungs: readonly string[] | null): string => (rungs === null ? "" : ` (${rungs.join(", ")})`);
      if (before !== null && after !== null && before.length === after.length)
        return `retries of ${queue} wait ${after.join(", ")} instead of ${before.join(", ")}`;
      if (after === null)
        return `a failed message of ${queue} is no longer tried again; before, ${plural(before?.length ?? 0, "time")}${ladder(before)}`;
      return `a failed message of ${queue} is tried again ${plural(after.length, "time")} instead of ${before?.length ?? 0}: after ${after.join(", ")}`;
    },
    severity: (before, after) => ((after?.length ?? 0) < (before?.length ?? 0) ? "breaking" : "notice"),
  }),
  aspect<Limit>({
    kind: "overflow",
    of: (_held, { overflow }) => {
      if (!overflow) return null;
      const { maxLength, maxLengthBytes, mode } = overflow;
      return { ...(maxLength === undefined ? {} : { maxLength }), ...(maxLengthBytes === undefined ? {} : { maxLengthBytes }), mode };
    },
    tell: (queue, before, after) => {
      const told = (limit: Limit): string => `over ${limitText(limit)}, ${MODES[limit.mode]}`;
      if (after === null) return `${queue} has no limit any more${before ? `; before: ${told(before)}` : ""}`;
      return `${queue}: ${told(after)}; before: ${before === null ? "no limit" : told(before)}`;
    },
    severity: (before, after, fate) => {
      if (after === null) return "notice";
      const smaller = isLess(after.maxLength, before?.maxLength) || isLess(after.maxLengthBytes, before?.maxLengthBytes);
      if (!smaller && before?.mode === after.mode) return "notice";
      return after.mode === "drop-head" && dropped(fate.overflow?.departure) ? "loss" : "breaking";
    },
  }),
  aspect<number>({
    kind: "delivery-limit",
    of: (_held, fate) => fate.deliveryLimit?.limit ?? null,
    tell: (queue, before, after) => {
      const times = (limit: number | null): string => (limit === null || limit < 0 ? "without end" : plural(limit, "time"));
      return `${queue} delivers a rejected message again ${times(after)} instead of ${times(before)}`;
    },
    severity: (before, after, fate) => {
      const end = (limit: number | null): number => (limit === null || limit < 0 ? Infinity : limit);
      if (end(after) >= end(before)) return "notice";
      return dropped(fate.deliveryLimit?.departure) ? "loss" : "breaking";
    },
  }),
  aspect<NonNullable<QueueFate["delayedRetry"]>>({
    kind: "delayed-retry",
    of: (_held, fate) => fate.delayedRetry ?? null,
    tell: (queue, before, after) => {
      const told = (delay: typeof after): string =>
        delay === null
          ? "at once"
          : `(${delay.type}) after ${timeText(delay.min ?? 0)} times its deliveries${delay.max === undefined ? "" : `, at most ${timeText(delay.max)}`}`;
      return `${queue} delivers a returned message again ${told(after)}; before: ${told(before)}`;
    },
    severity: notice,
  }),
  aspect<NonNullable<QueueFate["retention"]>>({
    kind: "retention",
    of: (_held, fate) => fate.retention ?? null,
    tell: (queue, before, after) => {
      const told = (kept: typeof after): string =>
        kept === null
          ? "for ever"
          : [
              ...(kept.maxAge === undefined ? [] : [kept.maxAge]),
              ...(kept.maxLengthBytes === undefined ? [] : [limitText({ maxLengthBytes: kept.maxLengthBytes })]),
            ].join(" or ");
      return `stream ${queue} keeps messages ${told(after)}; before: ${told(before)}`;
    },
    severity: (_before, after) => (after === null ? "notice" : "breaking"),
  }),
  timed(
    "priority",
    "max-priority",
    (queue, before, after) =>
      after === null
        ? `${queue} has no priorities any more`
        : `${queue} has priorities 0 to ${after}${before === null ? "; before, none" : ` instead of 0 to ${before}`}`,
    (before, after) => ((after ?? 0) < (before ?? 0) ? "breaking" : "notice"),
  ),
  timed(
    "queue-expiry",
    "expires",
    (queue, before, after) =>
      after === null
        ? `${queue} is no longer deleted when it is unused`
        : `${queue} is deleted with its messages after ${timeText(after)} unused${before === null ? "; before, never" : ` instead of ${timeText(before)}`}`,
    (before, after) => (after !== null && (before === null || after < before) ? "loss" : "notice"),
  ),
  timed(
    "consumers",
    "consumer-timeout",
    (queue, before, after) =>
      `a delivery of ${queue} may stay unacknowledged for ${after === null ? "the broker's time" : timeText(after)} instead of ${before === null ? "the broker's time" : timeText(before)}`,
    (before, after) => (after !== null && (before === null || after < before) ? "breaking" : "notice"),
  ),
  aspect<boolean>({
    kind: "consumers",
    of: ({ side, planned }) => (side.settings(planned).get("single-active-consumer")?.value === true ? true : null),
    tell: (queue, _before, after) =>
      after ? `one consumer of ${queue} at a time gets messages` : `all consumers of ${queue} get messages at the same time; before, one`,
    severity: () => "breaking",
  }),
];

/** Of a queue, or a template, that both sides have. */
export function fateChanges(old: Held, now: Held, arriving: readonly Arrival[]): Change[] {
  const [before, after] = [old.fate(), now.fate()];
  if (!before || !after) return [];
  const queue = now.planned.name;
  const changes = ASPECTS.flatMap(({ kind, of, tell, severity }): Change[] => {
    const [from, to] = [of(old, before), of(now, after)];
    if (equal(from, to)) return [];
    return [
      { kind, severity: severity(from, to, after), vhost: now.side.vhost, queue, before: from, after: to, text: tell(queue, from, to) },
    ];
  });
  // A stream keeps what is rejected.
  return before.rejected && after.rejected ? [...changes, ...deadLetterChange(old, now, arriving)] : changes;
}
