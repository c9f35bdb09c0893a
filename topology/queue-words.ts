/** What a queue does with its messages, in short sentences without full stops: limits, expiry, retries, dead letters. */
import { millisecondsOfMaxAge, duration, size } from "./durations.js";
import { grouped } from "./compile/graph-words.js";
import { retryExchange } from "./names.js";
import { effectiveSettings, type EffectiveSettings } from "./policies.js";
import type { Plan, PlannedQueue, PlannedTemplate } from "./compile/plan.js";

export interface QueueWords {
  /** How long a message stays: `24 hours`; none without a limit. */
  readonly expiry?: string;
  /** `100,000 messages, then the oldest goes`; none without a limit. */
  readonly limit?: string;
  /** `exchange orders.dlx with key failed`, `queue orders.dlq`; none if dead letters are dropped. */
  readonly deadLettersTo?: string;
  /** `after 1 second, 5 seconds, then dead-lettered`; none without a ladder. */
  readonly retries?: string;
  /** What else is otherwise than usual: `single active consumer`. */
  readonly more: readonly string[];
}

const time = (value: unknown): string => {
  const ms = typeof value === "string" ? millisecondsOfMaxAge(value) : value;
  return typeof ms === "number" ? duration(ms) : String(value);
};

const OVERFLOW: Readonly<Record<string, string>> = {
  "drop-head": "then the oldest goes",
  "reject-publish": "then publishing is refused",
  "reject-publish-dlx": "then what is published is dead-lettered",
};

function limitOf(settings: EffectiveSettings, type: string): string | undefined {
  const value = (key: string): unknown => settings.get(key)?.value;
  const parts = [
    ...(value("max-length") === undefined ? [] : [`${grouped(value("max-length"))} ${value("max-length") === 1 ? "message" : "messages"}`]),
    ...(typeof value("max-length-bytes") === "number" ? [size(value("max-length-bytes") as number)] : []),
  ];
  if (parts.length === 0) return undefined;
  if (type === "stream") return parts.join(" or ");
  const overflow = value("overflow") ?? "drop-head";
  const then = typeof overflow === "string" ? (OVERFLOW[overflow] ?? `then ${overflow}`) : "";
  return [parts.join(" or "), then].filter(Boolean).join(", ");
}

function deadLettersOf(settings: EffectiveSettings): string | undefined {
  const [exchange, key, strategy] = ["exchange", "routing-key", "strategy"].map((part) => settings.get(`dead-letter-${part}`)?.value);
  if (typeof exchange !== "string") return undefined;
  const withKey = typeof key === "string" ? ` with key ${key}` : "";
  const to = exchange === "" && typeof key === "string" ? `queue ${key}` : `exchange ${exchange === "" ? "(default)" : exchange}${withKey}`;
  return strategy === "at-least-once" ? `${to}, at least once` : to;
}

/** The waiting times of a queue's ladder, in the order of its rungs. */
export function rungsOf(plan: Plan, queue: string): string[] {
  return plan.queues
    .filter(({ role }) => role.kind === "rung" && role.of === queue)
    .sort((a, b) => (a.role.kind === "rung" && b.role.kind === "rung" ? a.role.rung - b.role.rung : 0))
    .map((rung) => time(effectiveSettings(plan, rung).get("message-ttl")?.value));
}

/** Exchanges and queues of retry ladders, which are Warren's own. */
export const ladderExchanges = (plan: Plan): ReadonlySet<string> =>
  new Set(plan.queues.flatMap(({ role }) => (role.kind === "rung" ? [retryExchange(role.of)] : [])));

const MORE: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  expires: (value) => `deleted when unused for ${time(value)}`,
  "single-active-consumer": (value) => (value === true ? "single active consumer" : undefined),
  "max-priority": (value) => `priorities 0 to ${String(value)}`,
  "delivery-limit": (value) => (Number(value) < 0 ? "no delivery limit" : `delivery limit ${String(value)}`),
  "delayed-retry-type": (value) => (value === "disabled" ? undefined : `delayed retry of ${String(value)}`),
  "quorum-initial-group-size": (value) => `${String(value)} members when declared`,
  "target-group-size": (value) => `grown to ${String(value)} members`,
  "initial-cluster-size": (value) => `${String(value)} members when declared`,
  "consumer-timeout": (value) => `consumers are cut off after ${time(value)} without an ack`,
};

export function queueWords(plan: Plan, queue: PlannedQueue | PlannedTemplate): QueueWords {
  const settings = effectiveSettings(plan, queue);
  const expiry = settings.get("message-ttl")?.value ?? settings.get("max-age")?.value;
  const limit = limitOf(settings, queue.type);
  const deadLettersTo = deadLettersOf(settings);
  const rungs = rungsOf(plan, queue.name);
  return {
    ...(expiry === undefined ? {} : { expiry: time(expiry) }),
    ...(limit === undefined ? {} : { limit }),
    ...(deadLettersTo === undefined ? {} : { deadLettersTo }),
    ...(rungs.length === 0
      ? {}
      : { retries: `after ${rungs.join(", ")}, then ${deadLettersTo === undefined ? "dropped" : "dead-lettered"}` }),
    more: [
      ...(queue.durable ? [] : ["transient"]),
      ...(queue.autoDelete ? ["deleted with its last consumer"] : []),
      ...Object.entries(MORE).flatMap(([key, word]) => {
        const setting = settings.get(key);
        const text = setting === undefined ? undefined : word(setting.value);
        return text === undefined ? [] : [text];
      }),
    ],
  };
}

/** All of it as sentences: `Messages expire after 24 hours.` */
export function queueSentences({ expiry, limit, deadLettersTo, retries, more }: QueueWords): string[] {
  return [
    ...(expiry === undefined ? [] : [`Messages expire after ${expiry}.`]),
    ...(limit === undefined ? [] : [`Holds ${limit}.`]),
    ...(retries === undefined ? [] : [`What failed is tried again ${retries}.`]),
    ...(deadLettersTo === undefined ? [] : [`Dead letters go to ${deadLettersTo}.`]),
    ...more.map((text) => `${(text[0] ?? "").toUpperCase()}${text.slice(1)}.`),
  ];
}
