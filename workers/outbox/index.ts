/** The transactional outbox: a message is published if, and only if, the transaction that added it commits. */
export { type Claim, type NewEntry, type Outbox, type OutboxCounts, type OutboxEntry } from "./outbox.js";
export { type Publish, relay, type RelayOptions } from "./relay.js";
export { sqliteOutbox, type SqliteOutbox, type SqliteOutboxOptions } from "./sqlite.js";
