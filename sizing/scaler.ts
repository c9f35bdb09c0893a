/** The autoscaler of a simulation: KEDA's ScaledObject with its HPA, a plain HPA, or none; each looks at what it is shown and when. */
import { Hpa, replicasForUtilization, replicasForValue, type Behavior } from "./hpa.js";
import type { Pods } from "./pods.js";

export interface ScalerSettings {
  /** `none`: the least number of replicas, always. @default "keda" */
  readonly kind: "keda" | "hpa" | "none";
  /** KEDA: seconds between two looks that decide on the first replica and the last. @default 15 */
  readonly pollingInterval: number;
  /** KEDA: seconds without a message before the last replica goes. @default 300 */
  readonly cooldownPeriod: number;
  /** KEDA: more messages than this bring the first replica. @default 0 */
  readonly activation: number;
  /** Seconds between two decisions of the HPA. @default 15 */
  readonly syncPeriod: number;
  /** @default 0.1 */
  readonly tolerance: number;
  /** Seconds between two counts of the broker's management. @default 5 */
  readonly statistics: number;
  /** Seconds over which CPU is measured. @default 30 */
  readonly cpuWindow: number;
  /** Percent of its request that a replica uses while all its handlers are busy. @default 100 */
  readonly cpuWhenBusy: number;
  /** Seconds from a pod's creation to its first message. @default 10 */
  readonly podStart: number;
  /** `spec.behavior` of the HPA; null: it has none. @default BEHAVIOR */
  readonly behavior: Behavior | null;
}

/** As the prod stack configures it: up to twice as many, or 4 more, in a minute; down by half, to the most that five minutes asked for. */
export const BEHAVIOR: Behavior = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Percent", value: 100, periodSeconds: 60 },
      { type: "Pods", value: 4, periodSeconds: 60 },
    ],
  },
  scaleDown: { stabilizationWindowSeconds: 300, selectPolicy: "Max", policies: [{ type: "Percent", value: 50, periodSeconds: 60 }] },
};

/** The prod stack's own where it has them, Kubernetes' otherwise. */
export const SCALER: ScalerSettings = {
  kind: "keda",
  behavior: BEHAVIOR,
  pollingInterval: 15,
  cooldownPeriod: 300,
  activation: 0,
  syncPeriod: 15,
  tolerance: 0.1,
  statistics: 5,
  cpuWindow: 30,
  cpuWhenBusy: 100,
  podStart: 10,
};

export interface Targets {
  readonly perReplica?: number;
  readonly cpu?: number;
}

export class Scaler {
  readonly #settings: ScalerSettings;
  readonly #targets: Targets;
  readonly #replicas: { readonly min: number; readonly max: number };
  readonly #hpa: Hpa;
  /** What the broker last told. */
  #depth = 0;
  #lastActive = -Infinity;
  #shares: number[] = [];

  constructor(targets: Targets, replicas: { readonly min: number; readonly max: number }, settings: Partial<ScalerSettings> = {}) {
    this.#settings = { ...SCALER, ...settings };
    this.#targets = targets;
    this.#replicas = replicas;
    const { tolerance, behavior } = this.#settings;
    this.#hpa = new Hpa({ min: Math.max(1, replicas.min), max: replicas.max, tolerance, ...(behavior ? { behavior } : {}) });
  }

  get podStart(): number {
    return this.#settings.podStart;
  }

  /** How many replicas there have to be from this second on. */
  act(now: number, depth: number, pods: Pods): number {
    const { kind, pollingInterval, syncPeriod, statistics } = this.#settings;
    if (kind === "none") return this.#replicas.min;
    if (now % statistics === 0) this.#depth = depth;
    this.#watch(now, pods);
    const activated = kind === "keda" && now % pollingInterval === 0 ? this.#activate(now, pods.count) : pods.count;
    return activated === pods.count && now % syncPeriod === 0 ? this.#sync(now, pods) : activated;
  }

  /** KEDA's own part: between nothing and the first replica. */
  #activate(now: number, current: number): number {
    const { activation, cooldownPeriod } = this.#settings;
    if (this.#depth > activation) {
      this.#lastActive = now;
      return current === 0 ? Math.max(1, this.#replicas.min) : current;
    }
    if (current < this.#replicas.min) return this.#replicas.min;
    return current > 0 && this.#replicas.min === 0 && this.#lastActive + cooldownPeriod < now ? 0 : current;
  }

  #sync(now: number, pods: Pods): number {
    const { tolerance, cpuWindow, cpuWhenBusy } = this.#settings;
    const { perReplica, cpu } = this.#targets;
    const proposals: number[] = [];
    if (perReplica !== undefined) proposals.push(replicasForValue(this.#depth, perReplica, pods.count, tolerance));
    if (cpu !== undefined) {
      const { settled, unready } = pods.settled(now, cpuWindow);
      const busy = this.#shares.reduce((sum, share) => sum + share, 0) / Math.max(1, this.#shares.length);
      const percents = Array.from({ length: settled }, () => busy * cpuWhenBusy);
      proposals.push(replicasForUtilization(percents, unready, cpu, pods.count, tolerance));
    }
    return proposals.length === 0 ? Math.max(pods.count, this.#replicas.min) : this.#hpa.sync(now, pods.count, proposals);
  }

  /** Messages go round among the pods that are ready: what one of them uses, each does. */
  #watch(now: number, pods: Pods): void {
    if (this.#targets.cpu === undefined) return;
    this.#shares.push(pods.share(now));
    if (this.#shares.length > this.#settings.cpuWindow) this.#shares.shift();
  }
}
