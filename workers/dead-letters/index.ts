/** Dead letters: looked at, put back, deleted. */
export * from "./connection.js";
export * from "./filter.js";
export * from "./letter.js";
export * from "./look.js";
export * from "./purge.js";
export * from "./requeue.js";
export * from "./take.js";
