/** The dev stack in Docker. */
export * from "./broker.js";
export * from "./preflight.js";
