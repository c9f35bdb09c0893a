/** Topologies as Pulumi resources. */
export * from "./args.js";
export type { Connection } from "./connection.js";
export * from "./guard.js";
export * from "./managed.js";
export { passwordHash } from "../broker/password.js";
export * from "./topology.js";
