/** Versions as numbers: read from a tool's output, compared part by part. */

/** The first version in a text, e.g. `3.257.0` of `v3.257.0-dev`; undefined if there is none. */
export function findVersion(text: string): string | undefined {
  return /(?:^|[^\d.])(\d+\.\d+(?:\.\d+)*)/.exec(text)?.[1];
}

/** Negative if `a` is older than `b`, 0 if they are the same, positive if newer. A part that is missing counts as 0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
