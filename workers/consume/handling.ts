/** From a delivery to its outcome: read, in its turn, once, by the handler, within its time. */
import { pause, waitBefore } from "../connection/backoff.js";
import { isPromise } from "../promises.js";
import { failed, outcomeOf, reasonOf, type Outcome } from "./outcomes.js";
import type { DeadLetterReason } from "./history.js";
import type { Entry, Settling, Surroundings } from "./settling.js";
import type { ConsumerOptions, ConsumerSetup } from "./setup.js";

export class Handling<Tx> {
  /** Read, and waiting for a handler. */
  #waiting: Entry<Tx>[] = [];
  #running = 0;
  /** Failures of a stream's delivery in a row. */
  #failures = 0;
  readonly #busyKeys = new Set<string>();
  readonly #concurrency: number;

  constructor(
    private readonly setup: ConsumerSetup<Tx>,
    private readonly options: ConsumerOptions<Tx> & { readonly prefetch: number },
    private readonly settling: Settling<Tx>,
    private readonly around: Surroundings<Tx>,
  ) {
    this.#concurrency = setup.stream ? 1 : (options.concurrency ?? options.prefetch);
  }

  /** What cannot be read is dead-lettered at once: no retry would help. */
  take(entry: Entry<Tx>): void {
    let decoded: Buffer | Promise<Buffer>;
    try {
      decoded = this.setup.decode(entry.delivery.message);
    } catch (error) {
      return this.#unreadable(entry, "malformed", reasonOf(error));
    }
    if (Buffer.isBuffer(decoded)) return this.#identify(entry, decoded);
    decoded.then(
      (body) => this.#identify(entry, body),
      (error: unknown) => this.#unreadable(entry, "malformed", reasonOf(error)),
    );
  }

  /** Those that wait are not begun: they are the caller's now. */
  withdraw(): Entry<Tx>[] {
    return this.#waiting.splice(0);
  }

  /** A place is free. */
  next({ started, key }: Entry<Tx>): void {
    if (started) this.#running--;
    if (started && key !== undefined) this.#busyKeys.delete(key);
    for (let at = 0; at < this.#waiting.length && this.#running < this.#concurrency && !this.around.ended.aborted;) {
      const entry = this.#waiting[at];
      if (entry && this.#mayStart(entry)) {
        this.#waiting.splice(at, 1);
        this.#start(entry);
      } else at++;
    }
  }

  #identify(entry: Entry<Tx>, body: Buffer): void {
    const { delivery } = entry;
    // Decoding took its time, and the channel went meanwhile, or the consumer stops.
    if (!this.around.isCurrent(entry) || this.around.ended.aborted) return this.settling.giveBack(entry);
    const identified = this.setup.identify(delivery.message, body);
    if (!identified.ok) return this.#unreadable(entry, identified.reason, identified.fault);
    delivery.name = identified.name;
    delivery.body = identified.body;
    const { orderBy } = this.options;
    if (orderBy)
      try {
        entry.key = orderBy(identified.body);
      } catch (error) {
        return this.#unreadable(entry, "invalid", `orderBy: ${reasonOf(error)}`);
      }
    if (this.#mayStart(entry)) this.#start(entry);
    else this.#waiting.push(entry);
  }

  #unreadable(entry: Entry<Tx>, why: DeadLetterReason, fault: string): void {
    void this.settling.deadLetter(entry, why, 0, fault);
  }

  #mayStart({ key }: Entry<Tx>): boolean {
    return this.#running < this.#concurrency && (key === undefined || !this.#busyKeys.has(key));
  }

  #start(entry: Entry<Tx>): void {
    entry.started = true;
    this.#running++;
    if (entry.key !== undefined) this.#busyKeys.add(entry.key);
    const { once } = this.options;
    if (!once || entry.delivery.messageId === undefined) return this.#handle(entry);
    try {
      const seen = once.seen(this.#onceKey(entry));
      if (typeof seen === "boolean") return seen ? this.settling.duplicate(entry, 0) : this.#handle(entry);
      seen.then(
        (is) => (is ? this.settling.duplicate(entry, 0) : this.#handle(entry)),
        (error: unknown) => void this.#apply(entry, failed(error), 0),
      );
    } catch (error) {
      void this.#apply(entry, failed(error), 0);
    }
  }

  /** The same message in two queues has two effects. */
  #onceKey({ delivery }: Entry<Tx>): string {
    return `${this.setup.queue}\u0000${delivery.messageId}`;
  }

  #handle(entry: Entry<Tx>): void {
    const { delivery } = entry;
    const begun = performance.now();
    const { timeout } = this.options;
    let late: NodeJS.Timeout | undefined;
    let over = false;
    const done = (outcome: Outcome): Promise<void> | undefined => {
      if (over) return undefined;
      over = true;
      clearTimeout(late);
      return this.#decided(entry, outcome, (performance.now() - begun) / 1000);
    };
    if (timeout !== undefined && timeout > 0)
      late = setTimeout(() => {
        const error = new Error(`The handler took longer than ${timeout} ms.`);
        delivery.abort(error);
        void done(failed(error));
      }, timeout);
    // Settled inside: the trace's span has the outcome, and lasts until then.
    const work = (): unknown => {
      try {
        const result = this.setup.handler(delivery);
        if (!isPromise(result)) return done(outcomeOf(result));
        return result.then(
          (value) => done(outcomeOf(value)),
          (error: unknown) => done(failed(error)),
        );
      } catch (error) {
        return done(failed(error));
      }
    };
    this.setup.observer.traceProcess(this.setup.queue, delivery.name ?? "", delivery.headers, work, delivery);
  }

  /** Done is what the store has marked, if there is one. */
  #decided(entry: Entry<Tx>, outcome: Outcome, seconds: number): Promise<void> | undefined {
    const { settling } = this;
    const { once } = this.options;
    if (outcome.kind !== "ack") return this.#apply(entry, outcome, seconds);
    this.#failures = 0;
    if (!once || entry.delivery.messageId === undefined) {
      settling.ack(entry, seconds);
      return undefined;
    }
    const committed = (first: boolean): void => (first ? settling.ack(entry, seconds) : settling.duplicate(entry, seconds));
    const broken = (error: unknown): Promise<void> => this.#apply(entry, failed(error), seconds);
    try {
      const result = once.commit(this.#onceKey(entry), entry.delivery.effects ?? []);
      if (typeof result !== "boolean") return result.then(committed, broken);
      committed(result);
      return undefined;
    } catch (error) {
      return broken(error);
    }
  }

  async #apply(entry: Entry<Tx>, outcome: Exclude<Outcome, { readonly kind: "ack" }>, seconds: number): Promise<void> {
    switch (outcome.kind) {
      case "requeue":
        return this.settling.giveBack(entry);
      case "reject":
        return this.settling.reject(entry, seconds, outcome.reason);
      case "park":
        return this.settling.deadLetter(entry, "parked", seconds, outcome.reason);
      case "retry":
        return this.setup.stream ? this.#again(entry, outcome.reason, seconds) : this.settling.retry(entry, seconds, outcome.reason);
    }
  }

  /** A stream cannot take back: the same delivery is tried again, and those behind it wait. */
  async #again(entry: Entry<Tx>, reason: string, seconds: number): Promise<void> {
    const { delivery } = entry;
    this.setup.observer.processed(this.setup.queue, delivery.name ?? "", "retry", seconds, reason, delivery);
    await pause(waitBefore(this.#failures++, this.setup.backoff), this.around.ended);
    if (!this.around.isCurrent(entry) || this.around.ended.aborted) return this.settling.giveBack(entry);
    delivery.effects = undefined;
    this.#handle(entry);
  }
}
