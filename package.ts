/** The package `warren`: everything that a program may import. Importing it runs nothing. */
export { check } from "./topology/check/check.js";
export type { Finding, Severity } from "./topology/check/finding.js";
export { compile, compileInstallation } from "./topology/compile/compile.js";
export { definitions } from "./topology/compile/definitions.js";
export type * from "./topology/compile/plan.js";
export * from "./topology/define.js";
export { difference, type Change, type Difference } from "./topology/difference/index.js";
export type { Duration, Size } from "./topology/durations.js";
export { WarrenError, type ErrorDetails } from "./topology/errors.js";
export { explain, explainText, type Explanation } from "./topology/explain.js";
export type * from "./topology/model.js";
export { read, type Read } from "./topology/read.js";
export { router, type Route, type Router } from "./topology/routing.js";
export type { QueueType, Version } from "./topology/settings.js";
export * from "./provision/index.js";
export { Broker, type DockerBrokerArgs } from "./docker/broker.js";
