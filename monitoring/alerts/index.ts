export type * from "./alert.js";
export { alerts } from "./table.js";
