/** Lengths of time on the command line: `"10 seconds"`, or short, `10s`. */
import { duration, DURATION_EXAMPLES, milliseconds } from "../topology/durations.js";
import { WarrenError } from "../topology/errors.js";
import { visible } from "./output.js";

const SHORT = { ms: "ms", s: "seconds", m: "minutes", h: "hours", d: "days" } as const;

/** Milliseconds. Throws a WarrenError (exit code 2). */
export function durationOption(option: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const value = milliseconds(unit === undefined ? text : `${number} ${SHORT[unit as keyof typeof SHORT]}`);
  if (value !== undefined) return value;
  throw new WarrenError(`${option} is "${visible(text)}", which is no length of time.`, {
    allowed: ["10s", "5m", "1h", "7d", DURATION_EXAMPLES],
    exitCode: 2,
  });
}

/** An age as people say it, in one unit: `3 hours`. */
export function roughly(ms: number): string {
  const units = [86_400_000, 3_600_000, 60_000, 1000];
  const unit = units.find((one) => ms >= one * 2) ?? 1000;
  return duration(Math.max(0, Math.floor(ms / unit)) * unit).replace(/^0 ms$/, "0 seconds");
}
