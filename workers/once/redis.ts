/** Idempotency in Redis, for workers on several machines whose effects are elsewhere. */
import type { Duration } from "../../topology/durations.js";
import { WorkerError } from "../errors.js";
import { type OnceStore, runEffects } from "./store.js";
import { ttlOf } from "./ttl.js";

/** What is used of a client of node-redis (version 5 and later). */
export interface RedisClient {
  exists(key: string): Promise<number>;
  set(
    key: string,
    value: string,
    options: { readonly condition: "NX"; readonly expiration: { readonly type: "PX"; readonly value: number } },
  ): Promise<unknown>;
}

export interface RedisOnceOptions {
  /** What the keys begin with. Give each consumer that has its own effects its own. @default "warren:once:" */
  readonly prefix?: string;
  /** How long a mark is kept: longer than a message can take to come again. There is no default, for Redis has to forget some time. */
  readonly ttl: Duration;
}

export interface RedisOnce extends OnceStore {
  /** How often a mark was already there when an effect had been run: that many messages certainly took effect twice, seen by this worker. */
  readonly duplicates: number;
  seen(key: string): Promise<boolean>;
  commit(key: string, effects: readonly ((tx: undefined) => void)[]): Promise<boolean>;
}

/**
 * Effects run at least once, and twice seldom: the mark is set after the effects, since Redis cannot commit with them. They run again if the worker dies or
 * loses Redis between the two, and when two workers have the same message at the same moment (those are counted in `duplicates`).
 * A Redis that evicts keys or loses its last second (`appendfsync everysec`) forgets marks early. While Redis is away both calls reject, and the message comes again.
 */
export function redisOnce(client: RedisClient, options: RedisOnceOptions): RedisOnce {
  const prefix = options.prefix ?? "warren:once:";
  const value = ttlOf(options.ttl);
  if (value === undefined)
    throw new WorkerError("wrong-use", "redisOnce has no ttl", { remedy: 'say how long marks are kept: { ttl: "24 hours" }' });
  let duplicates = 0;
  const seen = async (key: string): Promise<boolean> => (await client.exists(prefix + key)) > 0;
  return {
    get duplicates() {
      return duplicates;
    },
    seen,
    async commit(key, effects) {
      // Asked again: a good deal of time may have gone by in the handler since.
      if (await seen(key)) return false;
      runEffects(effects, undefined);
      const answer = await client.set(prefix + key, "1", { condition: "NX", expiration: { type: "PX", value } });
      if (answer !== "OK") duplicates += 1;
      return true;
    },
  };
}
