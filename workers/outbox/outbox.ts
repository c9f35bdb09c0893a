/** What a transactional outbox is: messages that are kept beside the data they tell of, until the broker has confirmed them. */

/**
 * entry     a message that was added and is not confirmed yet; it has its message id from the start
 * due       its time has come, and nothing before it holds it up
 * claimed   a relay is publishing it; no other relay takes it before the claim has run out
 * parked    it failed too often by itself; it stays until somebody retries or discards it
 */
export interface NewEntry {
  /** The message's name in the topology. */
  readonly message: string;
  /** What JSON can hold. */
  readonly body: unknown;
  /** The options of `bus.publishAny`, as far as JSON can hold them; a `messageId` among them becomes the entry's. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** When it is to be published. @default at once */
  readonly at?: Date;
  /**
   * Entries with the same word are published one after the other, in the order of `at`, and of adding. One that has to wait, or is parked,
   * holds up those behind it. @default no order is kept
   */
  readonly orderBy?: string;
}

export interface OutboxEntry {
  /** The message id, the same however often it is published. */
  readonly id: string;
  readonly message: string;
  readonly body: unknown;
  readonly options: Readonly<Record<string, unknown>>;
  readonly at: Date;
  readonly orderBy: string | undefined;
  /** How often it failed by itself. */
  readonly attempts: number;
  /** Why it failed last. */
  readonly reason: string | undefined;
}

export interface OutboxCounts {
  /** All that are not parked. */
  readonly waiting: number;
  /** Of these: not before a time that is still to come. */
  readonly later: number;
  /** Of these: a relay is at them. */
  readonly claimed: number;
  readonly parked: number;
  /** Since when the oldest of those whose time has come waits. */
  readonly oldest: Date | undefined;
}

export interface Claim {
  /** How many entries at most. */
  readonly limit: number;
  readonly now: Date;
  /** When the claim runs out, unless it is extended. */
  readonly until: Date;
  /** Who claims: another word for each relay. */
  readonly by: string;
}

type Now<T> = T | Promise<T>;

/** `Tx` is what a transaction of the store is known by. */
export interface Outbox<Tx = undefined> {
  /**
   * Keeps an entry, as part of the transaction that is open; begins and ends none. Gives its message id. It is published if that transaction commits,
   * and only then. Call `wake` after that, or it waits for the relay's next look.
   */
  add(entry: NewEntry, tx?: Tx): Now<string>;
  /** Takes due entries for a relay, in order. */
  claim(claim: Claim): Now<OutboxEntry[]>;
  /** Makes a claim last longer. */
  extend(ids: readonly string[], by: string, until: Date): Now<void>;
  /** Gives entries back unpublished, through no fault of theirs. */
  release(ids: readonly string[], by: string, notBefore?: Date, reason?: string): Now<void>;
  /** Forgets entries that the broker has confirmed. */
  sent(ids: readonly string[]): Now<void>;
  /** An entry that could not be published by its own fault: waits until `notBefore`, or is parked, at once or after the store's number of attempts. */
  failed(id: string, by: string, reason: string, notBefore: Date, park?: boolean): Now<"waiting" | "parked">;
  /** When the next entry that nobody has claimed is due; in the past if one is due now. */
  next(): Now<Date | undefined>;
  counts(now: Date): Now<OutboxCounts>;
  /** The parked entries, oldest first. */
  parked(limit: number): Now<OutboxEntry[]>;
  /** Lets parked entries try again, from their first attempt. Gives how many there were. */
  retry(ids: readonly string[]): Now<number>;
  /** Takes parked entries out for good. Gives how many there were. */
  discard(ids: readonly string[]): Now<number>;
  /** Wakes the relays of this process. Those of others look by themselves (`interval`). */
  wake(): void;
  /** Calls a listener at every `wake`; the function that it gives ends that. */
  onWake(listener: () => void): () => void;
}
