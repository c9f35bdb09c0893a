/** Limits of vhosts and users under the names that the broker has for them. Pure. */

const NAMES = { maxConnections: "max-connections", maxQueues: "max-queues", maxChannels: "max-channels" } as const;

/** `undefined` if no limit is set. */
export function wireLimits(limits: { readonly [Field in keyof typeof NAMES]?: number } = {}): Record<string, number> | undefined {
  const entries = Object.entries(NAMES).flatMap(([field, name]) => {
    const value = limits[field as keyof typeof NAMES];
    return value === undefined ? [] : [[name, value] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
