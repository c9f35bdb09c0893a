/** The checks of a topology. */
export { check, type CheckOptions } from "./check.js";
export type { Finding, Severity } from "./finding.js";
export { ruleTable, rules, type RuleRow } from "./rules.js";
export { sameShape } from "./same-shape.js";
