/** The export "warren/sizing": replicas, prefetch and thresholds of services, and a day with their autoscaler. Pure. */
export { type Given, type Figures, type Figure } from "./figures.js";
export type { Behavior, ScalingPolicy, ScalingRules } from "./hpa.js";
export { waiting, type Station, type Waiting } from "./queueing.js";
export { logNormal, type HandlerTimes, type LogNormal } from "./handler.js";
export { compare, readMeasured, stepsOf, type Comparison, type MeasuredPoint } from "./measured.js";
export { plot, type Plotted } from "./plot.js";
export { dayOf, run, type RunOptions } from "./run.js";
export { BEHAVIOR, SCALER, type ScalerSettings } from "./scaler.js";
export { simulate, type Point, type Simulation, type SimulationInput, type Spread, type Step } from "./simulate.js";
export { size, type Note, type SizedQueue, type SizedService, type SizeOptions, type Source } from "./size.js";
