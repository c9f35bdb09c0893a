/** A copy of messages as they come. */
export * from "./plan.js";
export * from "./tail.js";
