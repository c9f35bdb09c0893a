/** Where a message ends that leaves a queue, by the model: the queues in which it can be found, and what is written on it there. Pure. */
import { Follower, type Lying } from "../topology/explain/dead-letters.js";
import { numeric, text, type Holder } from "../topology/explain/holder.js";
import { fate, type Death, type Departure, type Fate } from "../topology/explain.js";
import type { Plan, PlannedQueue } from "../topology/compile/plan.js";
import { fill, placeholders } from "../topology/names.js";

/** What an instance of the suite fills into a template's placeholders. */
const INSTANCE = "warren-conformance";

/** Messages that expire sooner than this may be gone before they are looked at. */
export const SHORT_MS = 2_000;

export interface Published {
  /** Milliseconds. @default none */
  readonly expiration?: number;
  /** @default the default exchange, with the queue's name as key */
  readonly to?: { readonly exchange: string; readonly key: string };
}

/** A queue that is tried: a declared one, or that of an instance, which the suite declares for the while. */
export interface Subject extends Holder {
  /** None for a template's. */
  readonly role: PlannedQueue["role"] | undefined;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: PlannedQueue["arguments"];
  /** What messages of faults call it. @default `queue "NAME"` */
  readonly label?: string;
  /** Of a message without headers that is published to this queue alone. */
  readonly fate: (message?: Published) => Omit<Fate, "queue" | "certain" | "paths" | "instanceOf">;
  /** Where a message goes that a worker took out of this queue and publishes. */
  readonly publish: (exchange: string, key: string) => Departure;
}

/** Every queue of a plan, and one of an instance for each template. */
export function subjects(plan: Plan): Subject[] {
  const follower = new Follower(plan);
  const subject = (name: string, template: string | undefined, queue: Omit<Subject, keyof Holder | "fate" | "publish">): Subject[] => {
    const holder = follower.holder(name, template);
    if (!holder) return [];
    const lies = (exchange: string, key: string, expiration?: number): Lying => ({
      ...{ exchange, keys: [key], bcc: [], headers: {}, deaths: [], trail: [name] },
      ...(expiration === undefined ? {} : { expiration }),
    });
    const { role, durable, autoDelete, arguments: args } = queue;
    return [
      {
        ...{ ...holder, role, durable, autoDelete, arguments: args },
        fate: ({ expiration, to = { exchange: "", key: name } } = {}) =>
          fate(follower, plan, holder, lies(to.exchange, to.key, expiration), expiration),
        publish: (exchange, key) => follower.publish(exchange, lies("", key)),
      },
    ];
  };
  return [
    ...plan.queues.flatMap((queue) => subject(queue.name, undefined, queue)),
    ...plan.templates.flatMap((template) => {
      const filled = fill(template.name, Object.fromEntries(placeholders(template.name).map((name) => [name, INSTANCE])));
      return subject(filled, template.template, { ...template, role: undefined });
    }),
  ];
}

/** Those that clients put work into: no streams, no rungs of ladders. */
export const workQueues = (plan: Plan): Subject[] => subjects(plan).filter(({ type, role }) => type !== "stream" && role?.kind !== "rung");

export const numberOf = ({ settings }: Holder, key: string): number | undefined => numeric(settings, key);
export const textOf = ({ settings }: Holder, key: string): string | undefined => text(settings, key);

/** Why a message does not stay long enough for what is done with it; `undefined` if it does. */
export function fleeting(subject: Holder): string | undefined {
  if (numberOf(subject, "max-length") === 0) return "it holds no message";
  return (numberOf(subject, "message-ttl") ?? SHORT_MS) < SHORT_MS ? `its messages expire within ${SHORT_MS / 1000} s` : undefined;
}

/** One queue in which a message that left another one can be found. */
export interface End {
  readonly queue: string;
  readonly certain: boolean;
  /** Milliseconds that it is on its way, by the TTLs of queues between. */
  readonly after: number;
  readonly exchange: string;
  readonly key: string;
  /** Its `x-death`; none for what a worker published. */
  readonly deaths: readonly Death[];
}

/** Queues that it passes sooner than anybody could look are none. Those of instances, which are not there, are left out. */
export function ends({ effect, stops = [], exchange = "", keys = [], deaths = [] }: Departure, certain = true, after = 0): End[] {
  if (effect !== "dead-lettered" && effect !== "published") return [];
  return stops.flatMap((stop): End[] => {
    if (stop.then === "cycle" || stop.instanceOf !== undefined) return [];
    const surely = certain && !stop.uncertain;
    const passesOn = stop.then === "overflows" || (stop.then === "expires" && (stop.after ?? 0) < SHORT_MS);
    if (passesOn && stop.next) return ends(stop.next, surely, after + (stop.after ?? 0));
    return [{ queue: stop.queue, certain: surely, after, exchange, key: keys[0] ?? "", deaths }];
  });
}

/** Names of all queues through which it goes. */
export function passes({ stops = [] }: Departure): string[] {
  return [...new Set(stops.flatMap(({ queue, next }) => [queue, ...(next ? passes(next) : [])]))];
}

export const list = (queues: Iterable<string>): string =>
  [...new Set(queues)]
    .sort()
    .map((queue) => JSON.stringify(queue))
    .join(", ") || "no queue";
