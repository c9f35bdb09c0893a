/** Numbers of sizing as people read them. */

const digits = (value: number): string => {
  if (value === 0) return "0";
  if (value >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(2 + (value >= 10 ? 1 : 0))));
};

/** `1234567` is `1.2 M`. */
export function amount(value: number): string {
  for (const [factor, sign] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ] as const)
    if (value >= factor) return `${digits(sign === "k" ? value / 1e3 : value / factor)} ${sign}`;
  return digits(value);
}

/** Seconds: `20 ms`, `2.5 s`, `10 min`, `3 h`. */
export function time(seconds: number): string {
  if (!Number.isFinite(seconds)) return "endless";
  if (seconds < 0.0005) return "0 ms";
  if (seconds < 0.9995) return `${digits(seconds * 1000)} ms`;
  if (seconds < 120) return `${digits(seconds)} s`;
  if (seconds < 7200) return `${digits(seconds / 60)} min`;
  return `${digits(seconds / 3600)} h`;
}

/** Seconds of a day: `14:05`; with seconds where it is short. */
export function clock(seconds: number, span: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return span > 7200 ? `${two(seconds / 3600)}:${two((seconds / 60) % 60)}` : `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

const BARS = "▁▂▃▄▅▆▇█";

/** Bars as tall as the values beside the greatest: the highest value of each part. */
export function bars(values: readonly number[], width: number): string {
  const highest = values.reduce((a, b) => Math.max(a, b), 0);
  const columns = Math.min(width, values.length);
  return Array.from({ length: columns }, (_, column) => {
    const part = values.slice(Math.floor((column * values.length) / columns), Math.floor(((column + 1) * values.length) / columns));
    const value = part.reduce((a, b) => Math.max(a, b), 0);
    return BARS[highest === 0 ? 0 : Math.min(7, Math.floor((value / highest) * 8))] ?? "";
  }).join("");
}
