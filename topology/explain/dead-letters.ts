/** Follows a message that leaves a queue: through dead-letter exchanges from queue to queue, until it rests or is lost. */
import type { Plan, PlannedQueue, PlannedTemplate } from "../compile/plan.js";
import { effectiveSettings } from "../policies.js";
import { router, type MessageHeaders, type Route, type Router } from "../routing.js";
import type { Departure, Loss, Reason, Stop } from "./fate.js";
import { numeric, text, type Holder } from "./holder.js";
import { overflowOf } from "./overflow.js";
import { withDeath, withoutBcc, type Death } from "./x-death.js";

/** A message as it lies in a queue. */
export interface Lying {
  /** Where it was last published, by a client or as a dead letter. */
  readonly exchange: string;
  /** CC and BCC included. */
  readonly keys: readonly string[];
  /** Those of BCC alone, which it keeps whatever its keys become. */
  readonly bcc: readonly string[];
  readonly headers: MessageHeaders;
  /** Its own, in milliseconds. */
  readonly expiration?: number;
  /** The latest first. */
  readonly deaths: readonly Death[];
  /** Queues in which it has been. */
  readonly trail: readonly string[];
}

/** Queues that are followed for one departure; with fan-out from queue to queue their number could grow without bound. */
const MAX_STOPS = 1000;

/** At-least-once needs a quorum queue that refuses when it is full, else the broker falls back (source: quorum queue documentation). */
function strategyOf({ type, settings }: Holder): "at-most-once" | "at-least-once" {
  const asked = type === "quorum" && text(settings, "dead-letter-strategy") === "at-least-once";
  return asked && text(settings, "overflow") === "reject-publish" ? "at-least-once" : "at-most-once";
}

/** Whether a queue is among the deaths with no rejection since (source: `mc:is_cycle_v2`). */
function isCycle(queue: string, deaths: Lying["deaths"]): boolean {
  const last = deaths.findIndex((death) => death.queue === queue);
  return last >= 0 && deaths.slice(0, last + 1).every(({ reason }) => reason !== "rejected");
}

function die({ expiration, ...message }: Lying, queue: string, reason: Reason): Lying {
  const { exchange, keys, bcc, headers, deaths } = message;
  // The broker keeps these, and a binding with `all-with-x` or `any-with-x` can ask for them (source: `mc:record_death`).
  const last = { "x-last-death-reason": reason, "x-last-death-queue": queue, "x-last-death-exchange": exchange };
  const first = { "x-first-death-reason": reason, "x-first-death-queue": queue, "x-first-death-exchange": exchange };
  return {
    ...message,
    headers: deaths.length === 0 ? { ...headers, ...first, ...last } : { ...headers, ...last },
    deaths: withDeath(deaths, {
      queue,
      reason,
      exchange,
      "routing-keys": withoutBcc(keys, bcc),
      ...(expiration === undefined ? {} : { "original-expiration": String(expiration) }),
    }),
  };
}

/** Follows messages of one plan. */
export class Follower {
  readonly router: Router;
  private readonly queues: ReadonlyMap<string, PlannedQueue>;
  private readonly templates: ReadonlyMap<string, PlannedTemplate>;
  private readonly holders = new Map<string, Holder>();
  private left = MAX_STOPS;
  /** The message as it lies at a stop where it is back. */
  private readonly back = new WeakMap<Stop, Lying>();

  constructor(private readonly plan: Plan) {
    this.router = router(plan);
    this.queues = new Map(plan.queues.map((queue) => [queue.name, queue]));
    this.templates = new Map(plan.templates.map((template) => [template.template, template]));
  }

  /** By all its keys; the headers have the CC already, if there is one. */
  route(exchange: string, [key = "", ...more]: readonly string[], headers: MessageHeaders, publisher: "client" | "broker"): Route {
    return this.router.route(exchange, key, { bcc: more, headers, publisher });
  }

  holder(name: string, template?: string): Holder | undefined {
    const id = JSON.stringify([name, template]);
    const known = this.holders.get(id);
    if (known) return known;
    const planned = template === undefined ? this.queues.get(name) : this.templates.get(template);
    if (!planned) return undefined;
    const holder = { name, type: planned.type, settings: effectiveSettings(this.plan, { ...planned, name }) };
    this.holders.set(id, holder);
    return holder;
  }

  /** A message leaves a queue for one of the broker's reasons. */
  depart(queue: Holder, message: Lying, reason: Reason): Departure {
    this.left = MAX_STOPS;
    return this.leave(queue, message, reason);
  }

  /** A consumer rejects a message without requeue each time that it comes back; of several copies the one that is back first. */
  rejections(queue: Holder, message: Lying, times: number): Departure[] {
    const departures: Departure[] = [];
    for (let next: Lying | undefined = message; next && departures.length < times;) {
      const departure = this.depart(queue, next, "rejected");
      departures.push(departure);
      next = this.returns(departure, queue.name).sort((one, other) => one.after - other.after)[0]?.lying;
    }
    return departures;
  }

  /** The copies that come back to a queue, each with how long it takes them. */
  private returns({ stops = [] }: Departure, queue: string, after = 0): { lying: Lying; after: number }[] {
    return stops.flatMap((stop) => {
      if (stop.next) return this.returns(stop.next, queue, after + (stop.after ?? 0));
      const lying = stop.queue === queue ? this.back.get(stop) : undefined;
      return lying ? [{ lying: { ...lying, trail: [queue] }, after }] : [];
    });
  }

  private leave(queue: Holder, message: Lying, reason: Reason): Departure {
    const exchange = text(queue.settings, "dead-letter-exchange");
    if (exchange === undefined) return { effect: "dropped", because: "no-dead-letter-exchange" };
    const strategy = strategyOf(queue);
    const dead = die(message, queue.name, reason);
    const key = text(queue.settings, "dead-letter-routing-key");
    const letter: Lying = { ...dead, exchange, keys: key === undefined ? message.keys : [key] };
    const route = this.route(exchange, letter.keys, letter.headers, "broker");
    const stops = this.stops(route, letter, (target) => reason !== "rejected" && isCycle(target, letter.deaths));
    const to = { exchange, keys: letter.keys, strategy, deaths: letter.deaths };
    const arrives = stops.some(({ then }) => then !== "cycle");
    if (arrives) return { effect: "dead-lettered", ...to, ...(route.mayBeUnroutable ? { mayBeLost: true } : {}), stops };
    const because: Loss = route.refused ? "exchange-missing" : stops.length > 0 ? "cycle" : "unroutable";
    return { effect: strategy === "at-least-once" ? "kept" : "dropped", because, ...to, ...(stops.length > 0 ? { stops } : {}) };
  }

  /** The worker publishes a message that it got from a queue: for the broker it is a new one. */
  publish(exchange: string, message: Lying): Departure {
    this.left = MAX_STOPS;
    const { expiration: _expiration, ...kept } = message;
    const sent: Lying = { ...kept, exchange, bcc: [], deaths: [] };
    const route = this.route(exchange, sent.keys, sent.headers, "client");
    const to = { exchange, keys: sent.keys };
    if (route.refused)
      return { effect: "refused", because: route.refused === "internal-exchange" ? route.refused : "exchange-missing", ...to };
    const stops = this.stops(route, sent, () => false);
    if (stops.length === 0) return { effect: "dropped", because: "unroutable", ...to };
    return { effect: "published", ...to, ...(route.mayBeUnroutable ? { mayBeLost: true } : {}), stops };
  }

  private stops({ queues, certain, instances }: Route, message: Lying, cycles: (queue: string) => boolean): Stop[] {
    const surely = new Set(certain);
    return [
      ...queues.map((queue) => this.arrive(queue, undefined, surely.has(queue), message, cycles)),
      ...instances.map(({ queue, template }) => this.arrive(queue, template, false, message, cycles)),
    ];
  }

  private arrive(
    queue: string,
    instanceOf: string | undefined,
    certain: boolean,
    message: Lying,
    cycles: (queue: string) => boolean,
  ): Stop {
    const stop = { queue, ...(instanceOf === undefined ? {} : { instanceOf }), ...(certain ? {} : { uncertain: true as const }) };
    if (cycles(queue)) return { ...stop, then: "cycle" };
    if (message.trail.includes(queue)) {
      const returns: Stop = { ...stop, then: "returns" };
      this.back.set(returns, message);
      return returns;
    }
    const holder = this.holder(queue, instanceOf);
    if (!holder) return { ...stop, then: "rests" };
    const lying = { ...message, trail: [...message.trail, queue] };
    const full = overflowOf(holder);
    if (full?.holds === 0) {
      const lost = full.mode === "reject-publish";
      return { ...stop, then: "overflows", next: lost ? { effect: "dropped", because: "full" } : this.leave(holder, lying, "maxlen") };
    }
    const after = numeric(holder.settings, "message-ttl");
    if (after === undefined) return { ...stop, then: "rests" };
    if (--this.left < 0) return { ...stop, then: "expires", after };
    return { ...stop, then: "expires", after, next: this.leave(holder, lying, "expired") };
  }
}
