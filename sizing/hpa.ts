/** The HorizontalPodAutoscaler's algorithm, autoscaling/v2, as a state machine of its own (source: pkg/controller/podautoscaler of Kubernetes 1.36). */

export interface ScalingPolicy {
  readonly type: "Pods" | "Percent";
  readonly value: number;
  readonly periodSeconds: number;
}

/** As in `spec.behavior`; what is left out has the API server's defaults. */
export interface ScalingRules {
  /** @default 0 for scaleUp, the controller's 300 for scaleDown */
  readonly stabilizationWindowSeconds?: number;
  /** @default "Max" */
  readonly selectPolicy?: "Max" | "Min" | "Disabled";
  /** @default 4 pods or 100 % in 15 seconds for scaleUp, 100 % in 15 seconds for scaleDown */
  readonly policies?: readonly ScalingPolicy[];
}

export interface Behavior {
  readonly scaleUp?: ScalingRules;
  readonly scaleDown?: ScalingRules;
}

export interface HpaSettings {
  /** At least 1. */
  readonly min: number;
  readonly max: number;
  /** A ratio of usage and target so near to 1 changes nothing. */
  readonly tolerance: number;
  /** Without it: at most twice the replicas or 4 in one go, and down only to what the last five minutes asked for. */
  readonly behavior?: Behavior;
}

const DOWNSCALE_WINDOW = 300;
const UP: Required<ScalingRules> = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};
const DOWN: Required<ScalingRules> = {
  stabilizationWindowSeconds: DOWNSCALE_WINDOW,
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

const within = (ratio: number, tolerance: number): boolean => 1 - tolerance <= ratio && ratio <= 1 + tolerance;

/** `AverageValue` of an external metric (`GetExternalPerPodMetricReplicas`): for as many pods as there are, ready or not. */
export function replicasForValue(usage: number, target: number, pods: number, tolerance: number): number {
  if (pods > 0 && within(usage / (target * pods), tolerance)) return pods;
  return Math.ceil(usage / target);
}

/** `Utilization` of a resource (`GetResourceReplicas`): percent of the request of each pod that is ready, and how many are not. */
export function replicasForUtilization(
  percents: readonly number[],
  unready: number,
  target: number,
  pods: number,
  tolerance: number,
): number {
  if (percents.length === 0) return pods;
  const total = percents.reduce((sum, percent) => sum + percent, 0);
  const ratio = (count: number): number => Math.trunc(total / count) / target;
  const first = ratio(percents.length);
  if (!(unready > 0 && first > 1)) return within(first, tolerance) ? pods : Math.ceil(first * percents.length);
  // On the way up, those that are not ready count as using nothing.
  const counted = percents.length + unready;
  const second = ratio(counted);
  if (within(second, tolerance) || second < 1) return pods;
  const wanted = Math.ceil(second * counted);
  return wanted < pods ? pods : wanted;
}

interface Timed {
  readonly at: number;
  readonly value: number;
}

export class Hpa {
  readonly #settings: HpaSettings;
  #recommendations: Timed[] = [];
  #ups: Timed[] = [];
  #downs: Timed[] = [];

  constructor(settings: HpaSettings) {
    this.#settings = settings;
  }

  /** One sync: from what each metric asks for to the replicas that are set. `now` in seconds. */
  sync(now: number, current: number, proposals: readonly number[]): number {
    const { min, max, behavior } = this.#settings;
    // Scaling is disabled at zero: whoever brought it there brings it back.
    if (current === 0) return 0;
    if (this.#recommendations.length === 0) this.#recommendations.push({ at: now, value: current });
    const wanted =
      current > max
        ? max
        : current < min
          ? min
          : behavior === undefined
            ? this.#plain(now, current, Math.max(0, ...proposals))
            : this.#behaved(now, current, Math.max(0, ...proposals), behavior);
    if (wanted > current) this.#ups.push({ at: now, value: wanted - current });
    if (wanted < current) this.#downs.push({ at: now, value: current - wanted });
    return wanted;
  }

  /** Keeps what a window of any size can still see. */
  #record(now: number, value: number, longest: number): void {
    this.#recommendations = [...this.#recommendations.filter(({ at }) => at > now - longest), { at: now, value }];
  }

  #plain(now: number, current: number, desired: number): number {
    const { min, max } = this.#settings;
    const recent = this.#recommendations.filter(({ at }) => at > now - DOWNSCALE_WINDOW).map(({ value }) => value);
    const stable = Math.max(desired, ...recent);
    this.#record(now, desired, DOWNSCALE_WINDOW);
    return Math.max(min, Math.min(stable, max, Math.max(2 * current, 4)));
  }

  #behaved(now: number, current: number, desired: number, behavior: Behavior): number {
    const { min, max } = this.#settings;
    const [up, down] = [
      { ...UP, ...behavior.scaleUp },
      { ...DOWN, ...behavior.scaleDown },
    ];
    const since = (window: number): number[] => this.#recommendations.filter(({ at }) => at > now - window).map(({ value }) => value);
    const upwards = Math.min(desired, ...since(up.stabilizationWindowSeconds));
    const downwards = Math.max(desired, ...since(down.stabilizationWindowSeconds));
    const stable = Math.min(Math.max(current, upwards), downwards);
    this.#record(now, desired, Math.max(up.stabilizationWindowSeconds, down.stabilizationWindowSeconds));
    if (stable > current) return Math.min(stable, max, Math.max(current, this.#limit(now, current, up, 1)));
    if (stable < current) return Math.max(stable, min, Math.min(current, this.#limit(now, current, down, -1)));
    return stable;
  }

  /** How far the policies let it go from what there was when their periods began. */
  #limit(now: number, current: number, rules: Required<ScalingRules>, direction: 1 | -1): number {
    if (rules.selectPolicy === "Disabled") return current;
    const changed = (events: readonly Timed[], period: number): number =>
      events.reduce((sum, { at, value }) => (at > now - period ? sum + value : sum), 0);
    const proposals = rules.policies.map(({ type, value, periodSeconds }) => {
      const before = current - changed(this.#ups, periodSeconds) + changed(this.#downs, periodSeconds);
      if (type === "Pods") return before + direction * value;
      return direction > 0 ? Math.ceil(before * (1 + value / 100)) : Math.trunc(before * (1 - value / 100));
    });
    return (rules.selectPolicy === "Max") === direction > 0 ? Math.max(...proposals) : Math.min(...proposals);
  }
}
