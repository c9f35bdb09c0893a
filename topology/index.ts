/** The export "warren/topology": describing, checking and following messaging. Pure: for programs that have no business with Pulumi, such as workers. */
export { asyncapi, type AsyncApiDocument, type AsyncApiOptions, type AsyncApiServer } from "./asyncapi/index.js";
export { check } from "./check/check.js";
export type { Finding, Severity } from "./check/finding.js";
export { compile, compileInstallation } from "./compile/compile.js";
export {
  customResources,
  type CustomResource,
  type CustomResourceOptions,
  type CustomResources,
  type NeededSecret,
} from "./compile/custom-resources.js";
export { definitions } from "./compile/definitions.js";
export type * from "./compile/plan.js";
export * from "./define.js";
export { difference, objectChanges, type Change, type Difference, type ObjectChange } from "./difference/index.js";
export type { Duration, Size } from "./durations.js";
export { WarrenError, type ErrorDetails } from "./errors.js";
export { explain, explainText, type Explanation } from "./explain.js";
export {
  importDefinitions,
  type Consumer,
  type FoundSecret,
  type Imported,
  type ImportedTopology,
  type ImportOptions,
  type LeftOut,
  type Note,
  type ProposedService,
} from "./import/index.js";
export type * from "./model.js";
export { read, type Read } from "./read.js";
export { router, type Route, type Router } from "./routing.js";
export type { QueueType, Version } from "./settings.js";
