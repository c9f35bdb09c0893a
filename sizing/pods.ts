/** The pods of a simulation: which are ready, whose handlers are busy until when, which still end what they have begun. */

interface Pod {
  readonly id: number;
  readonly readyAt: number;
}

/** Handlers by when they are free, the earliest first: a heap in two arrays. */
class Handlers {
  readonly #free: number[] = [];
  readonly #pod: number[] = [];

  get size(): number {
    return this.#free.length;
  }

  get earliest(): number {
    return this.#free[0] ?? Infinity;
  }

  add(free: number, pod: number): void {
    let at = this.#free.push(free) - 1;
    this.#pod.push(pod);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.#free[parent] ?? 0) <= free) break;
      this.#set(at, this.#free[parent] ?? 0, this.#pod[parent] ?? 0);
      at = parent;
    }
    this.#set(at, free, pod);
  }

  /** The earliest one is busy until then. */
  occupy(until: number): void {
    const pod = this.#pod[0] ?? -1;
    const count = this.#free.length;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && (this.#free[child + 1] ?? 0) < (this.#free[child] ?? 0)) child++;
      const least = this.#free[child] ?? 0;
      if (least >= until) break;
      this.#set(at, least, this.#pod[child] ?? 0);
      at = child;
    }
    this.#set(at, until, pod);
  }

  busy(now: number): number {
    let count = 0;
    for (const free of this.#free) if (free > now) count++;
    return count;
  }

  /** Takes the handlers of one pod out; when they end what they have begun. */
  remove(pod: number): number[] {
    const all = this.#free.map((free, index) => [free, this.#pod[index] ?? 0] as const);
    this.#free.length = this.#pod.length = 0;
    const gone: number[] = [];
    for (const [free, of] of all)
      if (of === pod) gone.push(free);
      else this.add(free, of);
    return gone;
  }

  #set(at: number, free: number, pod: number): void {
    this.#free[at] = free;
    this.#pod[at] = pod;
  }
}

export class Pods {
  readonly #handlersEach: number;
  readonly #handlers = new Handlers();
  #pods: Pod[] = [];
  #starting: Pod[] = [];
  /** When each handler of pods that are going ends what it has begun. */
  #ending: number[] = [];
  /** When each pod that is going is gone. */
  #going: number[] = [];
  #next = 0;

  constructor(handlersEach: number, ready: number) {
    this.#handlersEach = handlersEach;
    for (let index = 0; index < ready; index++) this.#make({ id: this.#next++, readyAt: 0 });
  }

  #make(pod: Pod): void {
    this.#pods.push(pod);
    for (let index = 0; index < this.#handlersEach; index++) this.#handlers.add(pod.readyAt, pod.id);
  }

  /** Those that exist and are not going, ready or not. */
  get count(): number {
    return this.#pods.length + this.#starting.length;
  }

  get ready(): number {
    return this.#pods.length;
  }

  /** When the next handler is free; `Infinity` without any. */
  get earliest(): number {
    return this.#handlers.earliest;
  }

  /** Handlers that are busy, those of pods that are going included. */
  busy(now: number): number {
    return this.#handlers.busy(now) + this.#ending.filter((until) => until > now).length;
  }

  draining(now: number): number {
    return this.#going.filter((until) => until > now).length;
  }

  /** Brings those to work whose start is over, and forgets those that are gone. */
  advance(now: number): void {
    if (this.#starting.some(({ readyAt }) => readyAt <= now)) {
      const ready = this.#starting.filter(({ readyAt }) => readyAt <= now);
      this.#starting = this.#starting.filter(({ readyAt }) => readyAt > now);
      ready.forEach((pod) => this.#make(pod));
    }
    if (this.#ending.length > 0) this.#ending = this.#ending.filter((until) => until > now);
    if (this.#going.length > 0) this.#going = this.#going.filter((until) => until > now);
  }

  /** The earliest handler is busy until then. */
  take(until: number): void {
    this.#handlers.occupy(until);
  }

  /** Those that start go first, then the youngest; what they have begun they end. */
  scale(wanted: number, now: number, start: number): void {
    while (this.count < wanted) this.#starting.push({ id: this.#next++, readyAt: now + start });
    while (this.count > wanted) {
      if (this.#starting.pop()) continue;
      const pod = this.#pods.pop();
      if (!pod) return;
      const ends = this.#handlers.remove(pod.id).filter((until) => until > now);
      this.#ending.push(...ends);
      if (ends.length > 0) this.#going.push(Math.max(...ends));
    }
  }

  /** Share of the handlers of ready pods that are busy. */
  share(now: number): number {
    return this.#handlers.size === 0 ? 0 : this.#handlers.busy(now) / this.#handlers.size;
  }

  /** How many have been ready for so long, and how many exist that have not. */
  settled(now: number, window: number): { readonly settled: number; readonly unready: number } {
    const settled = this.#pods.filter(({ readyAt }) => readyAt === 0 || readyAt + window <= now).length;
    return { settled, unready: this.count - settled };
  }
}
