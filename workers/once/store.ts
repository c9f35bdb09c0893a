/** What an idempotency store is: it remembers which messages took effect. */
import { synchronously } from "../sqlite.js";

/**
 * Remembers by a key (the message id) whose effects were run. What it guarantees differs, and each store says it:
 * only a store whose effects and mark commit together (`sqliteOnce`) runs an effect exactly once.
 */
export interface OnceStore<Tx = undefined> {
  /** Whether the message's effects were run, so that the handler need not be called. */
  seen(key: string): boolean | Promise<boolean>;
  /**
   * Runs the effects, in order, and marks the key. `false`: it was marked before, by another delivery or worker, and no effect was run.
   * What an effect throws is thrown on, and the key is not marked. An effect is synchronous; one that gives a promise is an error.
   */
  commit(key: string, effects: readonly ((tx: Tx) => void)[]): boolean | Promise<boolean>;
  /** Lets go of what the store itself holds. A handle or client that was given to it stays open: it is its maker's. */
  close?(): void | Promise<void>;
}

/** Runs effects one after the other. */
export function runEffects<Tx>(effects: readonly ((tx: Tx) => unknown)[], tx: Tx): void {
  for (const effect of effects) synchronously(effect(tx), "the idempotency store");
}
