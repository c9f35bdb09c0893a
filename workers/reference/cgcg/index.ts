/** CGCG's services. */
export { cgcgServices, workOn } from "./services.js";
export { hashOf } from "./keys.js";
export type { Registry, TaskContext, TaskFunction } from "./tasks.js";
