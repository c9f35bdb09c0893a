/** A queue, its handlers and their autoscaler, message by message: what comes of it over a day, or over a run that was measured. */
import { sumOf, logNormal, type HandlerTimes } from "./handler.js";
import { Histogram } from "./histogram.js";
import { Pods } from "./pods.js";
import { random } from "./random.js";
import { Scaler, type ScalerSettings } from "./scaler.js";

/** From `at` (seconds) on, messages come at this rate until the next step says another; `messages` come at once. Sorted by `at`. */
export interface Step {
  readonly at: number;
  readonly rate?: number;
  readonly messages?: number;
}

export interface SimulationInput {
  readonly steps: readonly Step[];
  /** Seconds. */
  readonly duration: number;
  readonly replicas: { readonly min: number; readonly max: number };
  readonly concurrency: number;
  /** Seconds. */
  readonly handler: HandlerTimes;
  /** Messages (ready and unacknowledged) for each replica. @default depth scales nothing */
  readonly perReplica?: number;
  /** Percent of its CPU request that a replica is meant to use. @default CPU scales nothing */
  readonly cpu?: number;
  readonly scaler?: Partial<ScalerSettings>;
  /** The same seed gives the same run. @default 1 */
  readonly seed?: number;
  /** Replicas that are ready at the start. @default the least */
  readonly start?: number;
  /** Messages come at equal distances instead of at random. @default false */
  readonly steady?: boolean;
  /** Seconds between two points of the result. @default 60 */
  readonly resolution?: number;
  /** Above so many messages several are simulated as one, as long as these are few beside a threshold. @default 1,000,000 */
  readonly most?: number;
  /** Seconds that 95 of 100 messages are meant to need. @default no target */
  readonly target?: number;
}

export interface Point {
  /** Seconds: the end of the interval that it tells of. */
  readonly at: number;
  /** Messages a second that came. */
  readonly rate: number;
  /** Ready and unacknowledged, at that moment; and the most of them in the interval. */
  readonly depth: number;
  readonly deepest: number;
  /** Seconds in the queue: p95 of those that a handler took in the interval. */
  readonly wait: number;
  /** What the autoscaler asks for, and what is ready. */
  readonly wanted: number;
  readonly ready: number;
}

export interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface Simulation {
  readonly seed: number;
  /** Messages simulated as one; 1 is exact. */
  readonly parcel: number;
  readonly duration: number;
  readonly arrived: number;
  readonly finished: number;
  /** Ready and unacknowledged at the end. */
  readonly waiting: number;
  readonly unacknowledged: number;
  /** Seconds in the queue, and from the queue to the end of the handler. */
  readonly wait: Spread;
  readonly latency: Spread;
  /** Share of the messages that were handled within the target; none without a target. */
  readonly within?: number;
  readonly depth: { readonly mean: number; readonly max: number };
  readonly replicas: { readonly min: number; readonly mean: number; readonly max: number };
  /** How often the autoscaler changed the number of replicas, and how often it turned from up to down or back: flapping. */
  readonly changes: number;
  readonly turns: number;
  /** Pods from their creation to their end. */
  readonly replicaHours: number;
  readonly points: readonly Point[];
}

/** What a threshold sees must not come from the parcels: a twentieth of it at most. */
const FINE = 20;

/** Several messages as one: side by side where a replica handles several at a time, one after the other beyond that. */
function parcels(
  total: number,
  most: number,
  { concurrency, perReplica = 10 * FINE }: SimulationInput,
): { readonly side: number; readonly row: number } {
  const wanted = Math.max(1, Math.min(Math.ceil(total / most), Math.floor(perReplica / FINE)));
  let side = Math.min(wanted, concurrency);
  while (concurrency % side !== 0) side--;
  return { side, row: Math.max(1, Math.floor(wanted / side)) };
}

function totalOf(steps: readonly Step[], duration: number): number {
  let rate = 0;
  return steps.reduce((sum, step, index) => {
    rate = step.rate ?? rate;
    const until = Math.min(duration, steps[index + 1]?.at ?? duration);
    return sum + (step.messages ?? 0) + rate * Math.max(0, until - step.at);
  }, 0);
}

/** When messages come: call with the end of a second to get what comes before it. */
function* arrivals(steps: readonly Step[], duration: number, parcel: number, gap: () => number): Generator<number, void> {
  let owed = 0;
  let rate = 0;
  for (const [index, step] of steps.entries()) {
    if (step.at >= duration) return;
    rate = step.rate ?? rate;
    for (owed += step.messages ?? 0; owed >= parcel; owed -= parcel) yield step.at;
    const until = Math.min(duration, steps[index + 1]?.at ?? duration);
    if (rate <= 0) continue;
    // Waiting for the next one has no memory: at each step it may begin anew.
    for (let at = step.at + (gap() * parcel) / rate; at < until; at += (gap() * parcel) / rate) yield at;
  }
}

const spread = (histogram: Histogram): Spread => ({
  mean: histogram.mean,
  p50: histogram.percentile(0.5),
  p95: histogram.percentile(0.95),
  max: histogram.max,
});

/** Runs it. Every second the queue is served in order; the autoscaler acts at its own periods. */
export function simulate(input: SimulationInput): Simulation {
  const { steps, duration, replicas, concurrency, seed = 1, resolution = 60, most = 1_000_000, target } = input;
  const chance = random(seed);
  const { side, row } = parcels(totalOf(steps, duration), most, input);
  const parcel = side * row;
  const times = sumOf(logNormal(input.handler), row);
  const handling = (): number => Math.exp(times.mu + times.sigma * chance.normal());
  const coming = arrivals(steps, duration, parcel, input.steady ? () => 1 : chance.exponential);
  const least = input.scaler?.kind === "hpa" ? Math.max(1, replicas.min) : replicas.min;
  const pods = new Pods(concurrency / side, Math.max(0, input.start ?? least));
  const scaler = new Scaler(
    { ...(input.perReplica === undefined ? {} : { perReplica: input.perReplica }), ...(input.cpu === undefined ? {} : { cpu: input.cpu }) },
    replicas,
    input.scaler,
  );

  // A queue as an array whose head moves.
  let queue: number[] = [];
  let head = 0;
  let next = coming.next();
  const [waits, latencies, recent] = [new Histogram(), new Histogram(), new Histogram()];
  const finishes = new Float64Array(Math.ceil(duration) + 1);
  let [arrived, within, came] = [0, 0, 0];
  let [depthSum, deepest, deepestEver, replicaSeconds, replicaSum] = [0, 0, 0, 0, 0];
  let [fewest, greatest] = [Infinity, 0];
  let [changes, turns, direction] = [0, 0, 0];
  const points: Point[] = [];

  for (let now = 0; now < duration; now++) {
    pods.advance(now);
    const depth = (queue.length - head + pods.busy(now)) * parcel;
    const wanted = scaler.act(now, depth, pods);
    if (wanted !== pods.count) {
      const turned = Math.sign(wanted - pods.count);
      changes++;
      if (direction !== 0 && turned !== direction) turns++;
      direction = turned;
      pods.scale(wanted, now, scaler.podStart);
    }
    const end = Math.min(now + 1, duration);
    for (; !next.done && next.value < end; next = coming.next()) {
      queue.push(next.value);
      arrived++;
      came++;
    }
    for (; head < queue.length; head++) {
      const arrival = queue[head] ?? 0;
      const start = Math.max(arrival, pods.earliest);
      if (start >= end) break;
      const finish = start + handling();
      pods.take(finish);
      waits.add(start - arrival);
      recent.add(start - arrival);
      latencies.add(finish - arrival);
      if (target !== undefined && finish - arrival <= target) within++;
      const second = Math.floor(finish);
      if (second < duration) finishes[second] = (finishes[second] ?? 0) + 1;
    }
    if (head > 65_536 && head > queue.length / 2) {
      queue = queue.slice(head);
      head = 0;
    }
    const after = (queue.length - head + pods.busy(end)) * parcel;
    depthSum += after * (end - now);
    deepest = Math.max(deepest, after);
    deepestEver = Math.max(deepestEver, after);
    replicaSeconds += (pods.count + pods.draining(now)) * (end - now);
    replicaSum += pods.count * (end - now);
    fewest = Math.min(fewest, pods.count);
    greatest = Math.max(greatest, pods.count);
    if (end % resolution === 0 || end === duration) {
      const seconds = end % resolution === 0 ? resolution : end % resolution;
      const ready = pods.ready;
      points.push({
        at: end,
        rate: (came * parcel) / seconds,
        depth: after,
        deepest,
        wait: recent.percentile(0.95),
        wanted: pods.count,
        ready,
      });
      recent.clear();
      came = deepest = 0;
    }
  }

  const finished = finishes.reduce((sum, count) => sum + count, 0);
  return {
    ...{ seed, parcel, duration, changes, turns, points },
    arrived: arrived * parcel,
    finished: finished * parcel,
    waiting: (queue.length - head) * parcel,
    unacknowledged: pods.busy(duration) * parcel,
    wait: spread(waits),
    latency: spread(latencies),
    ...(target === undefined || latencies.total === 0 ? {} : { within: within / latencies.total }),
    depth: { mean: depthSum / duration, max: deepestEver },
    replicas: { min: fewest, mean: replicaSum / duration, max: greatest },
    replicaHours: replicaSeconds / 3600,
  };
}
