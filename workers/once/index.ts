/** Idempotency: each message's effects once, as far as the store can promise it. */
export { memoryOnce, type MemoryOnce, type MemoryOnceOptions } from "./memory.js";
export { redisOnce, type RedisClient, type RedisOnce, type RedisOnceOptions } from "./redis.js";
export { sqliteOnce, type SqliteOnce, type SqliteOnceOptions } from "./sqlite.js";
export { type OnceStore } from "./store.js";
