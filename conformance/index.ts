/** The conformance suite: probes as data, what they run against, and what they found. */
export { Session, type Outcome, type Refusal, type Sent } from "./amqp.js";
export type { Ground, Rights } from "./ground.js";
export type { Progress } from "./jobs.js";
export { Broken, Untried, type Case, type Evidence, type Feature, type Note, type Probe, type Profile } from "./probe.js";
export { probes } from "./probes/index.js";
export { Report, type CaseReport, type ProbeReport, type Result } from "./report.js";
export { conform, type ConformanceOptions } from "./run.js";
export type { Faults, Restart, Target } from "./target.js";
