/** The simulation of a service that was sized: a day by its curve, or any other run. */
import { DAY } from "./day.js";
import type { ScalerSettings } from "./scaler.js";
import { simulate, type Simulation, type SimulationInput, type Step } from "./simulate.js";
import type { SizedService } from "./size.js";

export interface RunOptions {
  readonly seed?: number;
  readonly scaler?: Partial<ScalerSettings>;
  /** What comes when. @default a day by the service's curve, minute by minute */
  readonly steps?: readonly Step[];
  /** Seconds. @default a day */
  readonly duration?: number;
  readonly start?: number;
  readonly steady?: boolean;
  readonly resolution?: number;
}

/** A day, minute by minute, at the rate of each minute's middle. */
export const dayOf = ({ figures }: SizedService): Step[] =>
  Array.from({ length: DAY / 60 }, (_, minute) => ({ at: minute * 60, rate: figures.curve(minute * 60 + 30) }));

/** Runs a sized service; one that does not scale keeps its greatest number of replicas. */
export function run(sized: SizedService, options: RunOptions = {}): Simulation {
  const { replicas, perReplica, cpu, concurrency, figures, scales } = sized;
  const { steps = dayOf(sized), duration = DAY, scaler, ...rest } = options;
  const input: SimulationInput = {
    ...{ steps, duration, concurrency, handler: figures.handler, target: figures.latency },
    replicas: scales ? replicas : { min: 1, max: 1 },
    ...(scales && perReplica !== undefined ? { perReplica } : {}),
    ...(scales && cpu !== undefined ? { cpu } : {}),
    scaler: scales ? { ...scaler } : { ...scaler, kind: "none" },
    ...rest,
  };
  return simulate(input);
}
