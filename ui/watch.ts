/** Reads the broker again and again while somebody looks, never more than a share of the time, and tells what has changed. */
import { setTimeout as sleep } from "node:timers/promises";
import { drift, readLive, type Management } from "../broker/index.js";
import { withoutCredentials } from "../broker/faults.js";
import type { Alertmanager } from "./alertmanager.js";
import type { Atlas } from "./atlas.js";
import { alertMarks, driftMarks } from "./marks.js";
import type { AlertsEvent, DriftEvent, LiveEvent, StatusEvent } from "./protocol.js";
import { changes, live, type Live, type Reading } from "./readings.js";

export interface Told {
  readonly live: LiveEvent;
  readonly drift: DriftEvent;
  readonly alerts: AlertsEvent;
  readonly status: StatusEvent;
}

export type Listener = <E extends keyof Told>(event: E, data: Told[E]) => void;

export interface WatchOptions {
  readonly atlas: Atlas;
  readonly management: Management;
  readonly alertmanager?: Alertmanager | undefined;
  /** Milliseconds between two readings of numbers. */
  readonly pause: number;
  /** Between two comparisons of definitions. @default 30000 */
  readonly driftPause?: number;
}

/** Of the time: a reading that took a second is followed by a pause of four at least, an export by one of nineteen. */
const SHARE = { numbers: 4, drift: 19 };

const wordsOf = (error: unknown): string =>
  withoutCredentials((error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "");

export class Watch {
  readonly #listeners = new Set<Listener>();
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;
  #now: Live | undefined;
  /** By vhost, what `#now` was made of. */
  #readings: ReadonlyMap<string, Reading> = new Map();
  #status: StatusEvent;
  #drift: DriftEvent | undefined;
  #alerts: AlertsEvent | undefined;
  #running: Promise<unknown>;

  constructor(private readonly options: WatchOptions) {
    this.#status = { ok: true, pause: options.pause };
    this.#running = Promise.all([
      this.#loop(() => this.#readNumbers(), options.pause, SHARE.numbers),
      this.#loop(() => this.#readDrift(), options.driftPause ?? 30_000, SHARE.drift),
      ...(options.alertmanager ? [this.#loop(() => this.#readAlerts(), Math.max(options.pause, 10_000), SHARE.numbers)] : []),
    ]);
  }

  /** Tells what is known, then what changes; the answer ends that. */
  add(listener: Listener): () => void {
    if (this.#now) {
      const { at, nodes, edges, totals } = this.#now;
      listener("live", { at, nodes: Object.fromEntries(nodes), edges: Object.fromEntries(edges), totals });
    }
    if (this.#drift) listener("drift", this.#drift);
    if (this.#alerts) listener("alerts", this.#alerts);
    listener("status", this.#status);
    // Of the time before the last one left.
    if (this.#listeners.size === 0) this.#readings = new Map();
    this.#listeners.add(listener);
    this.#wake();
    return () => this.#listeners.delete(listener);
  }

  /** What the page's numbers of a vhost are from; `undefined` while nobody looks, and until it is read. */
  reading(vhost: string): Reading | undefined {
    return this.#listeners.size === 0 ? undefined : this.#readings.get(vhost);
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#running;
  }

  async #loop(read: () => Promise<void>, pause: number, share: number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (this.#listeners.size === 0) {
        await this.#somebody();
        continue;
      }
      const began = performance.now();
      await read();
      await sleep(Math.max(pause, (performance.now() - began) * share), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when somebody looks, or at the end. */
  #somebody(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#wake;
      this.#wake = () => {
        this.#wake = () => undefined;
        before();
        resolve();
      };
    });
  }

  /** Says something to all who look. */
  emit<E extends keyof Told>(event: E, data: Told[E]): void {
    for (const listener of [...this.#listeners]) listener(event, data);
  }

  #tellStatus(status: StatusEvent): void {
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    this.emit("status", status);
  }

  async #readNumbers(): Promise<void> {
    const { atlas, management, pause } = this.options;
    try {
      const readings: Reading[] = [];
      // One after the other: the broker has one of our questions at a time.
      for (const vhost of new Set(atlas.regions.map((region) => region.vhost))) {
        const queues = await management.traffic(vhost);
        const exchanges = queues && (await management.exchangeTraffic(vhost));
        const consumers = queues ? await management.consumers(vhost) : [];
        readings.push({ vhost, queues: queues ?? [], exchanges: exchanges ?? [], consumers });
      }
      const before = this.#now;
      this.#now = live(atlas, readings, Date.now(), before);
      this.#readings = new Map(readings.map((reading) => [reading.vhost, reading]));
      const { at, nodes, edges, totals } = this.#now;
      this.emit("live", { at, nodes: changes(nodes, before?.nodes), edges: changes(edges, before?.edges), totals });
      this.#tellStatus({ ok: true, pause });
    } catch (error) {
      this.#tellStatus({ ok: false, fault: wordsOf(error), pause });
    }
  }

  async #readDrift(): Promise<void> {
    const { atlas, management } = this.options;
    let found: DriftEvent;
    try {
      const read = await readLive(
        management,
        atlas.regions.map(({ vhost }) => vhost),
      );
      found = { marks: driftMarks(atlas, drift(atlas.plan, read)) };
    } catch (error) {
      found = { marks: this.#drift?.marks ?? [], fault: wordsOf(error) };
    }
    if (JSON.stringify(found) !== JSON.stringify(this.#drift)) this.emit("drift", (this.#drift = found));
  }

  async #readAlerts(): Promise<void> {
    const { atlas, alertmanager } = this.options;
    if (!alertmanager) return;
    let found: AlertsEvent;
    try {
      found = { marks: alertMarks(atlas, await alertmanager.alerts(this.#stop.signal)) };
    } catch (error) {
      found = { marks: this.#alerts?.marks ?? [], fault: wordsOf(error) };
    }
    if (JSON.stringify(found) !== JSON.stringify(this.#alerts)) this.emit("alerts", (this.#alerts = found));
  }
}
