/** A topology as a page for people. */
export { describe, type Description } from "./describe.js";
export { page, type PageOptions } from "./page.js";
