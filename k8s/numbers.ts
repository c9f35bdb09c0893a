/**
 * The numbers of a service's pods and of its autoscaler. Each is what is configured, else what the topology says, else what `warren size` computes from
 * the service's load, else a default. Replicas that nothing scales are computed within what is said. What would be computed from assumptions alone is not: a default, which is written down, stands instead. Pure.
 */
import { normalQuantile, logNormal } from "../sizing/handler.js";
import { size, type Figure, type Figures, type SizedService } from "../sizing/index.js";
import { entry } from "../topology/entry.js";
import type { Replicas, Service, Topology } from "../topology/model.js";
import { defined } from "./objects.js";
import type { ProdSettings, ServiceSettings } from "./settings.js";

/** Where a number comes from; `default`: of `k8s/settings.ts`, or of the worker itself. */
export type Source = "configured" | "topology" | "computed" | "default";

export interface Numbers {
  /** `perReplica`: messages of all its queues together that one replica is meant to have before it. */
  readonly replicas: Replicas;
  /** Messages a replica of each queue whose depth counts: what its trigger says. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Unacknowledged deliveries of a consumer, and those of them that are handled at a time; none: the worker's own. */
  readonly prefetch: number | undefined;
  readonly concurrency: number | undefined;
  /** The slowest handler. */
  readonly handlerSeconds: number;
  readonly from: Readonly<Record<"replicas" | "perReplica" | "prefetch" | "concurrency" | "handlerSeconds", Source>>;
  /** Of replicas that are computed though somebody says them, because nothing scales them: what is said, and by whom. */
  readonly within?: { readonly min: number; readonly max: number; readonly from: Source };
}

export interface NumbersArgs {
  readonly topology: Topology;
  readonly service: string;
  readonly own: ServiceSettings;
  readonly settings: ProdSettings;
  /** Consumed queues whose depth says how much there is to do. */
  readonly queues: readonly string[];
}

/** Of what each number is made: of every row one figure has to be said. A day's curve, a p95 or a peak may be assumed beside them. */
const STANDS_ON = {
  replicas: [["rate", "peak"], ["handler.mean"], ["handler.concurrency"]],
  perReplica: [["handler.mean"], ["handler.concurrency"], ["latency.p95"]],
  prefetch: [["handler.mean"], ["handler.concurrency"]],
  concurrency: [["handler.concurrency"]],
  handlerSeconds: [["handler.mean"]],
} as const satisfies Record<keyof Numbers["from"], readonly (readonly Figure[])[]>;

/** What AMQP counts. */
const MOST_DELIVERIES = 65_535;
const LONGEST_HANDLER = 86_400;
const DEFAULT_HANDLER_SECONDS = 30;
/** Of a thousand handlings all but one are no longer. */
const SLOWEST = 0.999;
/** Figures are estimates: a few pods have room to become so many times as many as the least. */
const ROOM = 2;

const whole = (text: string | undefined): number | undefined => {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : undefined;
};

/** Variables that are configured are what the worker gets, whatever else is said. */
const deliveriesOf = ({ env, prefetch, concurrency }: ServiceSettings) => ({
  prefetch: whole(env["RABBITMQ_DEFAULT_PREFETCH_COUNT"]) ?? prefetch,
  concurrency: whole(env["WARREN_CONCURRENCY"]) ?? concurrency,
});

/** Configured replicas are taken as a whole, CPU among them; only messages a replica, where none are configured, stay the topology's. */
const saidReplicas = (own: ServiceSettings["replicas"], promised: Replicas | undefined): Replicas | undefined =>
  own ? { ...defined({ perReplica: promised?.perReplica }), ...defined(own) } : promised;

/** As `warren size` has it, with what is configured in the place of what the topology says. */
function sizedOf({ topology, service: name, own, settings }: NumbersArgs, said: Replicas | undefined): SizedService | undefined {
  const { replicas: _, load, ...service }: Service = entry(topology.services, name) ?? {};
  const computes = settings.autoscaling.sizing === "computed";
  const { concurrency } = deliveriesOf(own);
  const cpu = said?.cpu ?? settings.autoscaling.cpu;
  const sized = size(
    {
      ...topology,
      services: { [name]: { ...service, ...(said ? { replicas: said } : {}), ...(computes && load ? { load } : {}) } },
    },
    {
      ...(concurrency === undefined ? {} : { given: { concurrency } }),
      ...(cpu === 0 ? {} : { utilization: cpu / 100 }),
    },
  );
  return sized[name];
}

/** What a handler's time says, where that is longer than what handlers have anyway. */
function slowest({ handler }: Figures): number | undefined {
  const { mu, sigma } = logNormal(handler);
  const seconds = Math.ceil(Math.exp(mu + sigma * normalQuantile(SLOWEST)));
  return seconds > DEFAULT_HANDLER_SECONDS ? Math.min(seconds, LONGEST_HANDLER) : undefined;
}

/** How the number of pods is found; `none`: it is fixed. */
export function scalingBy(
  { min, max, cpu }: Replicas,
  queues: readonly string[],
  own: ServiceSettings,
  { autoscaling }: ProdSettings,
): "keda" | "hpa" | "none" {
  const kind = own.autoscaling ?? autoscaling.kind;
  if (max <= min) return "none";
  if (kind === "keda") return queues.length > 0 || (cpu !== undefined && min > 0) ? "keda" : "none";
  if (kind === "hpa")
    return min > 0 && (cpu !== undefined || (autoscaling.queueMetric !== undefined && queues.length > 0)) ? "hpa" : "none";
  return "none";
}

/** With a pod to spare where one would do, and with room; where nothing scales, as many as the busiest time needs. */
function computedRange({ computed }: SizedService, scales: boolean, { autoscaling }: ProdSettings): { min: number; max: number } {
  const spare = Math.max(autoscaling.min, 1);
  const [min, max] = [Math.max(computed.min, spare), Math.max(computed.max, spare)];
  return scales ? { min, max: Math.max(max, ROOM * spare) } : { min: max, max };
}

export function numbersOf(args: NumbersArgs): Numbers {
  const { topology, service, own, settings, queues } = args;
  const { autoscaling } = settings;
  const promised = entry(topology.services, service)?.replicas;
  const said = saidReplicas(own.replicas, promised);
  const sized = sizedOf(args, said);
  const assumed = new Set(sized?.figures.assumed);
  const follows = (number: keyof Numbers["from"]): boolean => {
    // More of those that cannot share their messages is nothing that follows from a load.
    if (number === "replicas" && sized?.scales === false) return false;
    if (number === "perReplica" && sized?.perReplica === undefined) return false;
    return sized !== undefined && STANDS_ON[number].every((row) => row.some((figure) => !assumed.has(figure)));
  };
  const from = (number: keyof Numbers["from"], configured: unknown, pinned?: unknown): Source => {
    if (configured !== undefined) return "configured";
    if (pinned !== undefined) return "topology";
    return follows(number) ? "computed" : "default";
  };
  const deliveries = deliveriesOf(own);
  const sources: Numbers["from"] = {
    replicas: from("replicas", own.replicas, promised),
    perReplica: from("perReplica", own.replicas?.perReplica, promised?.perReplica),
    prefetch: from("prefetch", deliveries.prefetch),
    concurrency: from("concurrency", deliveries.concurrency),
    handlerSeconds: from("handlerSeconds", own.handlerSeconds),
  };
  const slow = sized && sources.handlerSeconds === "computed" ? slowest(sized.figures) : undefined;

  const perReplica = said?.perReplica ?? (sources.perReplica === "computed" ? sized?.perReplica : undefined) ?? autoscaling.perReplica;
  const counted = said?.cpu ?? autoscaling.cpu;
  const cpu = counted === 0 ? {} : { cpu: counted };
  // Of what was said for an autoscaler that there is not, as many as the busiest time needs.
  const needed =
    said && sized && follows("replicas") && scalingBy({ ...said, ...cpu }, queues, own, settings) === "none"
      ? Math.min(sized.computed.max, said.max)
      : 0;
  const within = said && needed > Math.max(said.min, 1) ? { min: said.min, max: said.max, from: sources.replicas } : undefined;
  const range = (): { min: number; max: number } => {
    if (within) return { min: needed, max: needed };
    if (said) return said;
    if (!sized || sources.replicas === "default")
      return { min: autoscaling.min, max: sized?.scales === false ? autoscaling.min : autoscaling.max };
    const open = computedRange(sized, true, settings);
    return scalingBy({ ...open, ...cpu }, queues, own, settings) === "none" ? computedRange(sized, false, settings) : open;
  };
  const { min, max } = range();
  // Only an autoscaler that looks at queues brings the first pod back.
  const wakes = (own.autoscaling ?? autoscaling.kind) === "keda" && queues.length > 0;
  const least = autoscaling.scaleToZero && wakes ? min : Math.max(min, 1);
  const { rate, peak } = entry(topology.services, service)?.load ?? {};
  // What comes is in equal parts where it is not said by queue; of what nobody says there are no parts.
  const shared = (rate ?? peak) !== undefined && autoscaling.sizing === "computed";
  const threshold = (queue: string): number =>
    (shared && sources.perReplica !== "default" ? entry(sized?.queues, queue)?.perReplica : undefined) ?? perReplica;
  return {
    replicas: { min: least, max: Math.max(max, least, 1), perReplica, ...cpu },
    thresholds: new Map(queues.map((queue) => [queue, threshold(queue)])),
    prefetch: deliveries.prefetch ?? (sources.prefetch === "computed" && sized ? Math.min(sized.prefetch, MOST_DELIVERIES) : undefined),
    concurrency:
      deliveries.concurrency ?? (sources.concurrency === "computed" && sized ? Math.min(sized.concurrency, MOST_DELIVERIES) : undefined),
    handlerSeconds: own.handlerSeconds ?? slow ?? DEFAULT_HANDLER_SECONDS,
    from: {
      ...sources,
      ...(within ? { replicas: "computed" } : {}),
      ...(sources.handlerSeconds === "computed" && slow === undefined ? { handlerSeconds: "default" } : {}),
    },
    ...(within ? { within } : {}),
  };
}
