/** Every wait of the suite, by name, in milliseconds. A slow broker gets more by `--patience`. */
export const TIMEOUTS = {
  /** A connection over AMQP. */
  connect: 10_000,
  /** The answer to a confirmed publish. */
  confirm: 10_000,
  /** A message that is on its way to a queue, beyond the time that the topology makes it wait. */
  arrival: 10_000,
  /** Between two looks at something that changes. */
  poll: 50,
  /** The time in which nothing must arrive. */
  silence: 300,
  /** A policy or permission that was changed to be in effect everywhere. */
  effect: 10_000,
  /** A consumer to take over from another one. */
  failover: 10_000,
  /** Publishing and consuming to go on through the other nodes when one is lost. */
  takeover: 30_000,
  /** The own expiration of a message that is meant to expire. */
  expiration: 300,
  /** A waiting time of the topology that is waited for as it is; longer ones are cut short, unless `long`. */
  uncut: 2_000,
  /** The longest waiting time of the topology that `long` waits for. */
  long: 600_000,
  /** Counts of the management API, which can be that old. */
  counts: 12_000,
  /** One case, whatever it does. */
  case: 60_000,
  /** A node that was stopped to be back in its cluster. */
  node: 120_000,
} as const;
export type Timeout = keyof typeof TIMEOUTS;

/** Not waits for the broker, which a slow one would need more of. */
const FIXED: ReadonlySet<string> = new Set<Timeout>(["poll", "silence", "expiration", "uncut", "long"]);

/** `patience` 2 doubles every wait. */
export const timeouts = (patience = 1): Record<Timeout, number> =>
  Object.fromEntries(Object.entries(TIMEOUTS).map(([name, ms]) => [name, FIXED.has(name) ? ms : ms * patience])) as Record<Timeout, number>;
