/** From what services have to do to replicas, prefetch and thresholds: the numbers that deployments and autoscalers are made with. */
import { forEnvironment } from "../topology/environments.js";
import type { Queue, Replicas, Service, Topology } from "../topology/model.js";
import { entry } from "../topology/entry.js";
import { figures, type Figures, type Given } from "./figures.js";
import { HIGHEST_RATIO, logNormal } from "./handler.js";
import { waiting, type Waiting } from "./queueing.js";

export interface SizeOptions {
  /** Sizes and loads of this environment. */
  readonly environment?: string;
  /** Only these services. @default all that consume */
  readonly services?: readonly string[];
  /** Taken for every service instead of what the topology says. */
  readonly given?: Given;
  /** Share of the time that handlers are meant to be busy at most; the topology's `cpu` where it says one. @default 0.8 */
  readonly utilization?: number;
  /** After so many seconds without any handler, at the busiest time ... @default 300 */
  readonly outage?: number;
  /** ... the backlog is gone again after so many. @default 900 */
  readonly recovery?: number;
  /** Seconds from an ack to the next delivery that it makes room for. @default 0.01 */
  readonly roundTrip?: number;
  /** Share of the latency target that the messages before a replica may take. @default 0.5 */
  readonly share?: number;
  /** As if the topology said nothing of replicas. @default false */
  readonly unpinned?: boolean;
}

export interface SizedQueue {
  /** Messages a second, on average and at the busiest time. */
  readonly rate: number;
  readonly peak: number;
  /** Messages (ready and unacknowledged) of this queue for each replica: an autoscaler that takes the most of several triggers. None for streams. */
  readonly perReplica?: number;
}

export type Source = "topology" | "computed";

/** Something that whoever reads the numbers has to know. */
export interface Note {
  readonly code:
    | "pinned-too-low"
    | "pinned-replicas"
    | "pinned-threshold"
    | "handler-tail"
    | "single-active-consumer"
    | "stream"
    | "instances"
    | "instance-too-slow";
  readonly message: string;
}

export interface SizedService {
  readonly topology: string;
  readonly service: string;
  readonly figures: Figures;
  /** Whether more replicas help; not where each instance has a queue of its own. */
  readonly scales: boolean;
  readonly replicas: { readonly min: number; readonly max: number };
  /** Messages (ready and unacknowledged) that one replica has before it, all its queues together. None where depth says nothing. */
  readonly perReplica?: number;
  /** Percent of CPU, where the topology names one: it cannot be computed. */
  readonly cpu?: number;
  /** Deliveries that a replica holds unacknowledged, and those of them that it handles at a time. */
  readonly prefetch: number;
  readonly concurrency: number;
  readonly from: { readonly replicas: Source; readonly perReplica: Source };
  /** What comes out of the figures, whatever the topology says. */
  readonly computed: { readonly min: number; readonly max: number; readonly perReplica: number };
  readonly queues: { readonly [queue: string]: SizedQueue };
  /** Replicas that the busiest time needs, and what the formula says of them; of the greatest number, if that is less. */
  readonly atPeak: Waiting & { readonly replicas: number };
  readonly notes: readonly Note[];
}

export const DEFAULTS = { utilization: 0.8, outage: 300, recovery: 900, roundTrip: 0.01, share: 0.5 } as const;

/** The least number of replicas with handlers no busier than they may be, and 95 of 100 messages within the target where that can be. */
export function replicasFor(rate: number, of: Figures, utilization: number): number {
  const times = logNormal(of.handler);
  const at = (replicas: number): Waiting => waiting({ rate, handlers: replicas * of.concurrency, times });
  // Twice over: what 0.1 + 0.2 adds must not cost a replica.
  let replicas = Math.max(1, Math.ceil((rate * times.mean) / (of.concurrency * utilization) - 1e-9));
  const target = Math.max(of.latency, of.handler.p95 * 1.02);
  while (at(replicas).latencyP95 > target && at(replicas).probability > 1e-6) replicas++;
  return replicas;
}

/** Deliveries that keep the handlers 99 % busy while acks and deliveries are on their way. */
export function prefetchFor({ concurrency, handler }: Figures, roundTrip: number): number {
  return Math.max(concurrency, Math.ceil(0.99 * concurrency * (1 + roundTrip / handler.mean)));
}

/** What a replica gets through within its share of the target, and at least what it holds at a time. */
export function thresholdFor({ concurrency, handler, latency }: Figures, share: number): number {
  return Math.max(concurrency, Math.floor((share * latency * concurrency) / handler.mean + 1e-9));
}

const round = (value: number): string => String(Number(value.toPrecision(3)));

interface Consumed {
  readonly single: boolean;
  readonly streams: ReadonlySet<string>;
  /** Whether another replica takes nothing off this one: a single active consumer has standbys, and every reader of a stream gets all of it. */
  readonly alone: boolean;
}

function consumedBy(service: Service, queues: { readonly [name: string]: Queue } | undefined): Consumed {
  const known = (service.consumes ?? []).map((name) => [name, entry(queues, name)] as const);
  const isSingle = (queue: Queue | undefined): boolean =>
    queue !== undefined && "singleActiveConsumer" in queue && queue.singleActiveConsumer === true;
  return {
    single: known.length > 0 && known.every(([, queue]) => isSingle(queue)),
    alone: known.length > 0 && known.every(([, queue]) => isSingle(queue) || queue?.type === "stream"),
    streams: new Set(known.filter(([, queue]) => queue?.type === "stream" || queue?.type === "super-stream").map(([name]) => name)),
  };
}

function* notesOf(
  of: Figures,
  { single, streams }: Consumed,
  pinned: Replicas | undefined,
  computed: SizedService["computed"],
): Iterable<Note> {
  if (of.handler.p95 / of.handler.mean > HIGHEST_RATIO)
    yield {
      code: "handler-tail",
      message: `the handler's p95 is more than ${round(HIGHEST_RATIO)} times its mean, which no log-normal distribution has: taken as that`,
    };
  if (single) yield { code: "single-active-consumer", message: "its queues have a single active consumer: one replica works, others wait" };
  if (streams.size > 0)
    yield {
      code: "stream",
      message: `the depth of a stream (${[...streams].join(", ")}) says nothing of what is left to do: no threshold`,
    };
  if (!pinned) return;
  if (pinned.max < computed.max)
    yield { code: "pinned-too-low", message: `the topology allows ${pinned.max} replicas, where ${computed.max} come out of its figures` };
  else if (pinned.min !== computed.min || pinned.max !== computed.max)
    yield {
      code: "pinned-replicas",
      message: `the topology has ${pinned.min} to ${pinned.max} replicas, where ${computed.min} to ${computed.max} come out of its figures`,
    };
  if (pinned.perReplica !== undefined && pinned.perReplica !== computed.perReplica && streams.size === 0)
    yield {
      code: "pinned-threshold",
      message: `the topology has ${pinned.perReplica} messages a replica, where ${computed.perReplica} come out of its figures`,
    };
}

function scaled(topology: Topology, name: string, service: Service, of: Figures, options: SizeOptions): SizedService {
  const { outage, recovery, roundTrip, share } = { ...DEFAULTS, ...options };
  const pinned = options.unpinned ? undefined : service.replicas;
  const cpu = service.replicas?.cpu;
  const utilization = options.utilization ?? (cpu === undefined ? DEFAULTS.utilization : cpu / 100);
  const consumed = consumedBy(service, topology.queues);
  const most = consumed.alone ? 1 : Infinity;
  const computed = {
    min: Math.min(most, replicasFor(of.lowest, of, utilization)),
    max: Math.min(most, replicasFor(of.peak * (1 + outage / recovery), of, utilization)),
    perReplica: thresholdFor(of, share),
  };
  const replicas = pinned ? { min: pinned.min, max: pinned.max } : { min: computed.min, max: computed.max };
  const perReplica = pinned?.perReplica ?? computed.perReplica;
  const byDepth = [...of.shares.keys()].some((queue) => !consumed.streams.has(queue));
  const atPeak = Math.min(replicas.max, Math.max(replicas.min, replicasFor(of.peak, of, utilization)));
  const queues = [...of.shares].map(([queue, part]): [string, SizedQueue] => [
    queue,
    {
      rate: of.rate * part,
      peak: of.peak * part,
      ...(consumed.streams.has(queue) || part === 0 ? {} : { perReplica: Math.max(1, Math.round(perReplica * part)) }),
    },
  ]);
  return {
    ...{ topology: topology.name, service: name, figures: of, scales: !consumed.alone, replicas, computed },
    ...(byDepth ? { perReplica } : {}),
    ...(cpu === undefined ? {} : { cpu }),
    prefetch: prefetchFor(of, roundTrip),
    concurrency: of.concurrency,
    from: { replicas: pinned ? "topology" : "computed", perReplica: pinned?.perReplica === undefined ? "computed" : "topology" },
    queues: Object.fromEntries(queues),
    atPeak: { replicas: atPeak, ...waiting({ rate: of.peak, handlers: atPeak * of.concurrency, times: logNormal(of.handler) }) },
    notes: [...notesOf(of, consumed, pinned, computed)],
  };
}

/** Each instance has its own queue, which no other one can help with: what can be computed is how much it has to do at a time. */
function instance(topology: Topology, name: string, service: Service, said: Figures, options: SizeOptions): SizedService {
  const { outage, recovery, roundTrip, utilization } = { ...DEFAULTS, ...options };
  const busiest = said.peak * (1 + outage / recovery);
  const needed = replicasFor(busiest, { ...said, concurrency: 1 }, utilization);
  const fixed = !said.assumed.includes("handler.concurrency");
  const of = fixed ? said : { ...said, concurrency: needed };
  const pinned = options.unpinned ? undefined : service.replicas;
  const replicas = { min: pinned?.min ?? 1, max: pinned?.max ?? 1 };
  const notes: Note[] = [{ code: "instances", message: "every instance has its own queue: more replicas do not share its messages" }];
  if (fixed && needed > of.concurrency)
    notes.push({
      code: "instance-too-slow",
      message: `an instance handles ${of.concurrency} at a time, where its busiest time needs ${needed}`,
    });
  return {
    ...{ topology: topology.name, service: name, figures: of, scales: false, replicas, notes, queues: {} },
    ...(service.replicas?.cpu === undefined ? {} : { cpu: service.replicas.cpu }),
    prefetch: prefetchFor(of, roundTrip),
    concurrency: of.concurrency,
    from: { replicas: pinned ? "topology" : "computed", perReplica: "computed" },
    computed: { min: 1, max: 1, perReplica: thresholdFor(of, options.share ?? DEFAULTS.share) },
    atPeak: { replicas: 1, ...waiting({ rate: of.peak, handlers: of.concurrency, times: logNormal(of.handler) }) },
  };
}

/**
 * Sizes every service that consumes. Where the topology says replicas or a threshold, these are the answer, and what comes out of the figures stands
 * beside them. Deterministic; the formula is in docs/sizing.md.
 */
export function size(source: Topology, options: SizeOptions = {}): { readonly [service: string]: SizedService } {
  const topology = forEnvironment(source, options.environment);
  const sized = Object.entries(topology.services ?? {}).flatMap(([name, service]): [string, SizedService][] => {
    if (options.services && !options.services.includes(name)) return [];
    const consumes = (service.consumes ?? []).length > 0;
    if (!consumes && Object.keys(service.instances ?? {}).length === 0) return [];
    const of = figures(service, options.given);
    return [[name, consumes ? scaled(topology, name, service, of, options) : instance(topology, name, service, of, options)]];
  });
  return Object.fromEntries(sized);
}
