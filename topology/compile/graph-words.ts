/** The main settings of a queue in a few short words, for boxes of a drawing. */
import { millisecondsOfMaxAge, size } from "../durations.js";
import type { EffectiveSettings } from "../policies.js";
import type { PlannedQueue, PlannedTemplate } from "./plan.js";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** Milliseconds in the largest exact unit: 300000 is `5 min`, 86400000 `24 h`, 604800000 `7 d`. What is no number stays as it is. */
export function shortDuration(ms: unknown): string {
  if (typeof ms !== "number") return String(ms);
  for (const [unit, factor] of UNITS) {
    if (ms > 0 && ms % factor === 0 && (unit !== "d" || ms > factor)) return `${ms / factor} ${unit}`;
  }
  return `${ms} ms`;
}

/** 1000000 is `1,000,000`. */
export const grouped = (count: unknown): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

const age = (value: unknown): string => shortDuration(typeof value === "string" ? (millisecondsOfMaxAge(value) ?? value) : value);
const bytes = (value: unknown): string => (typeof value === "number" ? size(value) : String(value));

/** By policy key, in the order in which they are shown; what is not here is not shown. */
const WORDS: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  "message-ttl": (value) => `TTL ${shortDuration(value)}`,
  "max-length": (value) => `max ${grouped(value)}`,
  "max-length-bytes": (value) => `max ${bytes(value)}`,
  "max-age": (value) => `max age ${age(value)}`,
  overflow: (value) => (value === "drop-head" ? undefined : String(value)),
  expires: (value) => `expires ${shortDuration(value)}`,
  "max-priority": (value) => `priorities 0-${String(value)}`,
  "single-active-consumer": (value) => (value === true ? "single active consumer" : undefined),
  "dead-letter-strategy": (value) => (value === "at-least-once" ? "at-least-once" : undefined),
  "delayed-retry-type": (value) => (value === "disabled" ? undefined : `delayed retry of ${String(value)}`),
};

/** For example `["TTL 24 h", "max 1,000,000"]`. */
export function settingWords(queue: Pick<PlannedQueue | PlannedTemplate, "durable" | "autoDelete">, settings: EffectiveSettings): string[] {
  const flags = [...(queue.durable ? [] : ["transient"]), ...(queue.autoDelete ? ["auto-delete"] : [])];
  const words = Object.entries(WORDS).flatMap(([key, word]) => {
    const setting = settings.get(key);
    const text = setting === undefined ? undefined : word(setting.value);
    return text === undefined ? [] : [text];
  });
  return [...flags, ...words];
}
