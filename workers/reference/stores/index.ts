/** Small services that stand behind the reference handlers. */
export { StoreClient, StoreError, type StoreClientOptions } from "./client.js";
export type { Count, StoredRecord } from "./journal.js";
export { storeServer, type Behaviour, type StoreOptions, type StoreServer } from "./server.js";
