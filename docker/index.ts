/** The dev stack in Docker. */
export * from "./broker.js";
export * from "./plugins.js";
export * from "./preflight.js";
