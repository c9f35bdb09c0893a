/** Limits are set one by one, and those that are gone have to be taken away. */
export type Limits = Readonly<Record<string, number>>;

/** Changes from one set of limits to another. */
export async function writeLimits(
  wanted: Limits,
  before: Limits,
  put: (limit: string, value: number) => Promise<void>,
  remove: (limit: string) => Promise<unknown>,
): Promise<void> {
  for (const [limit, value] of Object.entries(wanted)) if (before[limit] !== value) await put(limit, value);
  for (const limit of Object.keys(before)) if (!(limit in wanted)) await remove(limit);
}
