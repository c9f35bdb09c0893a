/** ContextIQ's services. */
export { duplicates, similarity } from "./workers.js";
export { contextiqServices } from "./services.js";
