/** Idempotency in the memory of one process. */
import type { Duration } from "../../topology/durations.js";
import { WorkerError } from "../errors.js";
import { ttlOf } from "./ttl.js";
import { type OnceStore, runEffects } from "./store.js";

export interface MemoryOnceOptions {
  /** How many keys are remembered; beyond that the oldest is forgotten. @default 100_000 (some 11 MB with ids of 36 letters) */
  readonly max?: number;
  /** How long a key is remembered at most. @default as long as there is room */
  readonly ttl?: Duration;
  /** The time in milliseconds, for tests. @default Date.now */
  readonly now?: () => number;
}

export interface MemoryOnce extends OnceStore {
  /** Keys held now. */
  readonly size: number;
  seen(key: string): boolean;
  commit(key: string, effects: readonly ((tx: undefined) => void)[]): boolean;
}

/**
 * Spares work, and promises little: within one process an effect runs once while its key is remembered. Nothing is known after a restart,
 * and nothing of what other processes did, so a message that is delivered again then has its effects again.
 */
export function memoryOnce(options: MemoryOnceOptions = {}): MemoryOnce {
  const { max = 100_000, now = Date.now } = options;
  if (!Number.isSafeInteger(max) || max < 1)
    throw new WorkerError("wrong-use", `memoryOnce: max is ${max}; allowed: a whole number of keys, 1 or more`);
  const ttl = ttlOf(options.ttl) ?? Infinity;
  // A Map keeps the order of insertion, and a key is inserted once: the first is the oldest.
  const marked = new Map<string, number>();

  const forget = (): void => {
    for (const [key, at] of marked) {
      if (marked.size <= max && at > now() - ttl) return;
      marked.delete(key);
    }
  };
  const has = (key: string): boolean => {
    const at = marked.get(key);
    return at !== undefined && at > now() - ttl;
  };
  return {
    get size() {
      return marked.size;
    },
    seen: has,
    commit(key, effects) {
      if (has(key)) return false;
      runEffects(effects, undefined);
      marked.delete(key);
      marked.set(key, now());
      forget();
      return true;
    },
    close() {
      marked.clear();
    },
  };
}
