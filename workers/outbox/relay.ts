/** Brings entries of an outbox to the broker: each at least once, with its one message id, and forgets it after the confirm alone. */
import { randomUUID } from "node:crypto";
import { isBusy } from "../sqlite.js";
import { makeBell } from "./bell.js";
import { deliver } from "./deliver.js";
import type { Outbox, OutboxEntry } from "./outbox.js";

/** Publishes one message and resolves when the broker has confirmed it: `(message, body, options) => bus.publishAny(message, body, options)`. */
export type Publish = (
  message: string,
  body: unknown,
  options: Readonly<Record<string, unknown>> & { readonly messageId: string },
) => Promise<unknown>;

export interface RelayOptions {
  /** Entries taken at once, and published side by side where no `orderBy` is against it. @default 100 */
  readonly batch?: number;
  /** Milliseconds between two looks for entries of other processes; `wake` is quicker, and a planned `at` is kept to. @default 1000 */
  readonly interval?: number;
  /** Milliseconds after which another relay takes what this one had when it died. Extended while this one lives. @default 30_000 */
  readonly lease?: number;
  /** Milliseconds after which a publish without an answer is given up, to be tried again. @default 60_000 */
  readonly timeout?: number;
  /** Ends the relay: it takes nothing more, waits for what is under way, and gives the rest back. */
  readonly signal: AbortSignal;
  /** Hears of each entry that was not published, and what becomes of it. */
  readonly onFailure?: (entry: OutboxEntry, error: unknown, fate: "waiting" | "parked") => void;
}

/** The longest pause, in milliseconds, while nothing can be published at all. */
const LONGEST_PAUSE = 30_000;

/**
 * Runs until the signal, and then resolves. Several relays may share an outbox. An entry is published twice (with the same message id) if a relay dies between
 * the broker's confirm and its own note of it, stands still for longer than its lease, or gave up a publish that arrived after all; consumers know it by its message id.
 *
 * What fails by the way (`nacked`, `timeout`, `closed`, ...) is tried again for ever; what fails by itself (`unroutable`, `refused`, or an error of another kind) is tried
 * the store's number of times and parked; `invalid` and `too-large` are parked at once. Rejects where the store itself fails, other than by being busy.
 */
export async function relay<Tx>(outbox: Outbox<Tx>, publish: Publish, options: RelayOptions): Promise<void> {
  const { batch = 100, interval = 1000, lease = 30_000, timeout = 60_000, signal, onFailure = () => undefined } = options;
  const by = randomUUID();
  const bell = makeBell();
  const ring = (): void => bell.ring();
  const unhook = outbox.onWake(ring);
  signal.addEventListener("abort", ring);
  let failures = 0;
  const round = async (): Promise<number> => {
    const now = new Date();
    const entries = await outbox.claim({ limit: batch, now, until: new Date(now.getTime() + lease), by });
    if (entries.length === 0) {
      const next = (await outbox.next())?.getTime() ?? Infinity;
      // What is due and was not given is held up by another entry, whose time nobody knows.
      return next > now.getTime() ? Math.min(interval, next - now.getTime()) : interval;
    }
    const progress = await deliver(entries, { outbox, publish, by, lease, timeout, signal, onFailure });
    failures = progress ? 0 : failures + 1;
    return progress ? 0 : Math.min(interval * 2 ** (failures - 1), LONGEST_PAUSE);
  };
  try {
    while (!signal.aborted) {
      bell.hush();
      const pause = await round().catch((error: unknown) => {
        if (isBusy(error)) return interval;
        throw error;
      });
      if (pause > 0 && !signal.aborted) await bell.wait(pause);
    }
  } finally {
    unhook();
    signal.removeEventListener("abort", ring);
  }
}
