/**
 * How many messages a queue takes before it drops its oldest, or refuses. Broker facts (4.3.6): the limits hold for what is ready, and a
 * message that a consumer gives back to a full queue takes another one's place; `max-length-bytes` counts bodies, in quorum queues headers
 * too. So room is left for what consumers have, and for what comes back from a ladder. Pure.
 */
import type { WireQueue } from "../broker/wire.js";

/** `Infinity` where there is none. */
export interface Limits {
  readonly messages: number;
  readonly bytes: number;
}

/** By argument and by policy the smaller one holds. */
export function limitsOf({ arguments: args, effective_policy_definition: policy }: WireQueue): Limits {
  const least = (key: string): number =>
    Math.min(...[args[`x-${key}`], policy?.[key]].filter((limit) => typeof limit === "number"), Infinity);
  return { messages: least("max-length"), bytes: least("max-length-bytes") };
}

export interface Depth {
  /** Now. */
  readonly ready: number;
  /** Ready or at consumers, at most `age` old. */
  readonly counted: number;
  /** Milliseconds. */
  readonly age: number;
  /** What consumers can have at most; `Infinity` if one of them has no prefetch. */
  readonly prefetch: number;
  /** On rungs, from where it comes back. */
  readonly waiting: number;
}

export class Room {
  /** Messages that it takes still. */
  free = Infinity;
  #bytes = Infinity;
  /** Of what went in, the oldest first. */
  readonly #put: { readonly at: number; readonly size: number }[] = [];

  constructor(private readonly now = Date.now) {}

  /** To be called when all that was put is counted in `ready`. @param shared publishers fill it too: half of it is theirs */
  look(limits: Limits, { ready, counted, age, prefetch, waiting }: Depth, shared = false): void {
    const since = this.now() - age;
    const recent = this.#put.filter(({ at }) => at >= since).length;
    const inside = Math.min(counted + recent, ready + prefetch) + waiting;
    const share = (free: number): number => (shared && Number.isFinite(free) ? Math.ceil(free / 2) : free);
    // What others put there may be as large as the largest of these.
    const sizes = inside === 0 ? [] : this.#put.slice(-inside).map(({ size }) => size);
    const largest = sizes.reduce((one, other) => Math.max(one, other), 0);
    const bytes = sizes.reduce((sum, size) => sum + size, largest * (inside - sizes.length));
    this.free = share(limits.messages - inside);
    this.#bytes = share(limits.bytes - bytes);
    this.#put.splice(0, this.#put.length - Math.max(inside, recent));
  }

  /** It has no limit any more. */
  open(): void {
    this.free = this.#bytes = Infinity;
  }

  takes(size: number): boolean {
    return this.free >= 1 && this.#bytes >= size;
  }

  put(size: number): void {
    this.free--;
    this.#bytes -= size;
    if (Number.isFinite(this.free) || Number.isFinite(this.#bytes)) this.#put.push({ at: this.now(), size });
  }
}
