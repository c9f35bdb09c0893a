/** Durations and sizes as people write them ("30 seconds", "5 GiB"), and as RabbitMQ takes them (milliseconds, bytes). */

const UNITS = {
  ms: 1,
  second: 1000,
  seconds: 1000,
  minute: 60_000,
  minutes: 60_000,
  hour: 3_600_000,
  hours: 3_600_000,
  day: 86_400_000,
  days: 86_400_000,
} as const;

const SIZES = {
  bytes: 1,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
} as const;

/** A length of time with its unit: `"500 ms"`, `"30 seconds"`, `"24 hours"`, `"7 days"`. */
export type Duration = `${number} ${keyof typeof UNITS}`;

/** An amount of data with its unit: `"512 bytes"`, `"10 MB"` (10^6), `"2 GiB"` (2^30). */
export type Size = `${number} ${keyof typeof SIZES}`;

/** What a duration may look like, for messages to people. */
export const DURATION_EXAMPLES = '"500 ms", "1 second", "30 seconds", "5 minutes", "24 hours", "7 days"';

/** What a size may look like, for messages to people. */
export const SIZE_EXAMPLES = '"512 bytes", "100 kB", "10 MB", "2 GiB"';

function parse(text: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof text !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?) ([A-Za-z]+)$/.exec(text);
  const factor = match?.[2] !== undefined && Object.hasOwn(units, match[2]) ? units[match[2]] : undefined;
  if (match?.[1] === undefined || factor === undefined) return undefined;
  // Rounded to cancel what binary fractions add ("1.1 seconds" is 1100 ms); what is left over after that is no whole unit.
  const value = Number((Number(match[1]) * factor).toPrecision(15));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Milliseconds of a duration; `undefined` if the text is not one, or not a whole number of milliseconds. */
export function milliseconds(duration: unknown): number | undefined {
  return parse(duration, UNITS);
}

/** Bytes of a size; `undefined` if the text is not one, or not a whole number of bytes. */
export function bytes(size: unknown): number | undefined {
  return parse(size, SIZES);
}

/** The shortest exact way to write a number of milliseconds: 90000 is `"90 seconds"`, 86400000 `"24 hours"`. */
export function duration(ms: number): Duration {
  const plural = [
    ["day", UNITS.day],
    ["hour", UNITS.hour],
    ["minute", UNITS.minute],
    ["second", UNITS.second],
  ] as const;
  for (const [unit, factor] of plural) {
    // One day reads as 24 hours, as RabbitMQ's users write it.
    if (ms > 0 && ms % factor === 0 && (unit !== "day" || ms > factor)) return ms === factor ? `1 ${unit}` : `${ms / factor} ${unit}s`;
  }
  return `${ms} ms`;
}

/** The shortest exact way to write a number of bytes: 2147483648 is `"2 GiB"`, 10000000 `"10 MB"`. */
export function size(count: number): Size {
  for (const unit of ["GiB", "GB", "MiB", "MB", "KiB", "kB"] as const) {
    if (count > 0 && count % SIZES[unit] === 0) return `${count / SIZES[unit]} ${unit}`;
  }
  return `${count} bytes`;
}

/**
 * RabbitMQ's `x-max-age` of a duration, in its largest exact unit ("7 days" is `7D`).
 * `undefined` if it is not a whole number of seconds, the finest unit there is
 * (source: `rabbit_amqqueue:check_max_age`, `^[0-9]+[YMDhms]$`).
 */
export function maxAge(ms: number): string | undefined {
  if (ms <= 0 || ms % 1000 !== 0) return undefined;
  if (ms % UNITS.day === 0) return `${ms / UNITS.day}D`;
  if (ms % UNITS.hour === 0) return `${ms / UNITS.hour}h`;
  if (ms % UNITS.minute === 0) return `${ms / UNITS.minute}m`;
  return `${ms / 1000}s`;
}

/** Milliseconds of an `x-max-age` such as `7D`; a year has 365 days and a month 30, as in the broker. */
export function millisecondsOfMaxAge(text: string): number | undefined {
  const match = /^(\d+)([YMDhms])$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  const factors: Record<string, number> = { Y: 365 * UNITS.day, M: 30 * UNITS.day, D: UNITS.day, h: UNITS.hour, m: UNITS.minute, s: 1000 };
  return Number(match[1]) * (factors[match[2] ?? ""] ?? 0);
}
