/** Quantities as Kubernetes writes them: "500m" of CPU, "4Gi" of memory. Pure. */

const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** NaN if it is none. */
export function bytesOf(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text) ?? [];
  return digits === undefined ? NaN : Math.round(Number(digits) * (BYTES[unit] ?? NaN));
}

/** NaN if it is none. */
export function millicoresOf(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(m)?$/.exec(text) ?? [];
  return digits === undefined ? NaN : Math.round(Number(digits) * (unit === "m" ? 1 : 1000));
}

/** The largest unit that says it without a fraction: 4294967296 is "4Gi". */
export function bytesText(bytes: number): string {
  for (const unit of ["Ti", "Gi", "Mi", "Ki"]) {
    const size = BYTES[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/** 1500 is "1500m", 2000 is "2". */
export const coresText = (millicores: number): string => (millicores % 1000 === 0 ? String(millicores / 1000) : `${millicores}m`);
