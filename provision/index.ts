/** Topologies as Pulumi resources. */
export { adoption, type AdoptArgs, type Adoption } from "./adopt.js";
export * from "./args.js";
export type { Connection } from "./connection.js";
export * from "./guard.js";
export * from "./managed.js";
export { passwordHash } from "../broker/password.js";
export * from "./topology.js";
