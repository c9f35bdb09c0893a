/** The broker as its management API shows it. */
export * from "./address.js";
export * from "./drift.js";
export * from "./drift-text.js";
export * from "./faults.js";
export type { ItemKind } from "./items.js";
export * from "./live.js";
export * from "./losses.js";
export * from "./management.js";
export type { Endpoint } from "./transport.js";
export type * from "./wire.js";
