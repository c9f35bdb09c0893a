/** Numbers as they are read at a glance. */

/** 1234 is `1,234`, 45678 `45.7k`, 1200000 `1.2M`. */
export function count(value: number): string {
  if (value < 10_000) return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
  for (const [unit, factor] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (value >= factor * 0.9995) {
      const scaled = value / factor;
      return `${scaled >= 99.95 ? Math.round(scaled) : scaled.toFixed(1)}${unit}`;
    }
  }
  return String(value);
}

/** Messages a second. What is less than one in ten seconds, and not nothing, is told by the minute. */
export function rate(value: number): string {
  if (value === 0) return "0/s";
  if (value < 0.1) return `${count(Math.max(1, Math.round(value * 60)))}/min`;
  return value < 10 ? `${Number(value.toFixed(1))}/s` : `${count(Math.round(value))}/s`;
}

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

/** `3 min ago` */
export function ago(at: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (Number.isNaN(seconds)) return "";
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ] as const) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit} ago`;
  }
  return `${seconds} s ago`;
}
