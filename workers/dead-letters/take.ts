/** Takes the messages of a queue one after the other, lets each be judged, removes some, and gives the others back in their order. */
import type { ConsumeMessage } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { wordsOf, type Connection } from "./connection.js";
import { Lane } from "./lane.js";

/*
 * How the order is kept (seen on 4.3.6):
 * - A classic queue puts what is given back where it was.
 * - A quorum queue has two rows: what was given back, and what was never taken; the first goes out first. What is given back goes to the end of the
 *   first row. So one message of several that were given back before would change its place: taking stops only before one that was never taken.
 * - Pages are given back one after the other, each when the one before is back: commands that the broker's channel keeps back come out in no order.
 * - Giving back is `basic.nack`, which counts for no delivery limit; a lost connection does.
 * Pages are consumers with that prefetch: the broker sends no more than a page ahead, whatever the length of the queue.
 * A channel holds some pages only: the broker looks for a message that is acked among all that its channel holds.
 */

export type Verdict = "give-back" | "remove";

export interface TakeOptions {
  /** As the broker calls it: "classic", "quorum". If it is not known the rules of quorum queues are kept, which hold for all. */
  readonly type?: string | undefined;
  /** How many more are wanted, at most; 0 ends it. */
  readonly more: () => number;
  /** Ends it after the page at hand, and gives back. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Milliseconds without a message after which a queue is taken to give none. @default 2000 */
  readonly patience?: number | undefined;
}

export interface Progress {
  readonly taken: number;
  /** Ready when it began: no more than these are taken. */
  readonly total: number;
}

/** Why it ended before its end. */
export interface Stopped {
  readonly kind: "lost" | "interrupted" | "starved" | "failed";
  readonly why: string;
}

export interface Taken extends Progress {
  /** Other consumers of the queue when it began: what they take is not seen. */
  readonly consumers: number;
  /** Acked; if the connection was lost, the broker may not know of the last page. */
  readonly removed: number;
  readonly stopped?: Stopped;
}

const FIRST_PAGE = 100;
const LARGEST_PAGE = 1000;
/** Of bodies in a page. */
const PAGE_BYTES = 16 * 1024 * 1024;
const LANE_HOLDS = 2000;
const POLL_MS = 2;
/** Without a change of the count until giving back is taken to be over: others may consume what comes back. */
const SETTLED_MS = 300;

/** Taken together; what is held of it is given back together. */
interface Page {
  readonly lane: Lane;
  held: number;
  /** Delivery tag of the last one that is held. */
  last: number;
}

class Taking {
  readonly #lanes: Lane[] = [];
  readonly #pages: Page[] = [];
  #taken = 0;
  #removed = 0;
  #stopped: Stopped | undefined;
  /** A lane is gone. */
  #dead = false;
  /** Whether the last one had been given back before. */
  #again = false;

  constructor(
    private readonly connection: Connection,
    private readonly queue: string,
    private readonly judge: (message: ConsumeMessage) => Verdict | Promise<Verdict>,
    private readonly options: TakeOptions,
  ) {}

  #stop(kind: Stopped["kind"], why: string): void {
    this.#stopped ??= { kind, why };
    for (const lane of this.#lanes) lane.wake();
  }

  #end(kind: "lost" | "failed", why: string): void {
    this.#dead = true;
    this.#stop(kind, why);
  }

  async #lane(): Promise<Lane> {
    const last = this.#lanes.at(-1);
    if (last && last.held < LANE_HOLDS) return last;
    const lane = await Lane.open(this.connection, this.queue, (kind, why) => this.#end(kind, why));
    this.#lanes.push(lane);
    return lane;
  }

  async run(): Promise<Taken> {
    const { signal } = this.options;
    const onAbort = (): void => this.#stop("interrupted", signal?.reason instanceof Error ? signal.reason.message : String(signal?.reason));
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    let [total, consumers] = [0, 0];
    try {
      const lane = await this.#lane();
      [total, consumers] = [await lane.ready(), await lane.consumers()];
      await this.#pass(total);
      if (!this.#dead) await this.#settle();
    } catch (error) {
      this.#end(this.connection.lost === undefined ? "failed" : "lost", this.connection.lost ?? wordsOf(error));
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    const stopped = this.#stopped;
    for (const lane of this.#lanes) await lane.close();
    return { taken: this.#taken, total, consumers, removed: this.#removed, ...(stopped ? { stopped } : {}) };
  }

  get #ordered(): boolean {
    return this.options.type !== "classic";
  }

  async #pass(total: number): Promise<void> {
    let page = FIRST_PAGE;
    while (!this.#stopped && this.#taken < total) {
      const more = Math.max(0, this.options.more());
      if (more === 0 && !(this.#ordered && this.#again)) return;
      const lane = await this.#lane();
      const ready = await lane.ready();
      if (ready === 0) return;
      const bytes = await this.#page(lane, Math.min(page, ready, total - this.#taken, more || page));
      page = Math.max(1, Math.min(LARGEST_PAGE, Math.floor(PAGE_BYTES / Math.max(1, bytes))));
      this.options.onProgress?.({ taken: this.#taken, total });
    }
  }

  /** Takes so many and has them judged; the mean size of their bodies. */
  async #page(lane: Lane, wanted: number): Promise<number> {
    const verdicts: { readonly tag: number; readonly verdict: Verdict | Promise<Verdict> }[] = [];
    let bytes = 0;
    const onMessage = (message: ConsumeMessage): void => {
      this.#taken++;
      this.#again = message.fields.redelivered;
      bytes += message.content.length;
      verdicts.push({ tag: message.fields.deliveryTag, verdict: this.#judged(message) });
    };
    await lane.take(wanted, this.options.patience ?? 2000, onMessage, () => this.#stopped !== undefined);
    const page: Page = { lane, held: 0, last: 0 };
    this.#pages.push(page);
    for (const { tag, verdict } of verdicts) {
      if ((await verdict) === "remove" && lane.remove(tag)) this.#removed++;
      else {
        page.held++;
        page.last = tag;
      }
    }
    if (verdicts.length > 0) return bytes / verdicts.length;
    const ready = this.#stopped ? 0 : await lane.ready();
    const why = `"${this.queue}" has ${ready} messages ready and gives none: another consumer is its single active one`;
    if (ready > 0) this.#stop("starved", why);
    return 0;
  }

  #judged(message: ConsumeMessage): Verdict | Promise<Verdict> {
    try {
      return this.judge(message);
    } catch (error) {
      this.#stop("failed", wordsOf(error));
      return "give-back";
    }
  }

  /** What is removed is gone for good, and the rest is back in its order. */
  async #settle(): Promise<void> {
    for (const lane of this.#lanes) {
      if (!this.#ordered || lane.removed === 0) continue;
      const page: Page = { lane, held: 0, last: 0 };
      this.#pages.push(page);
      await lane.flush(({ fields }) => {
        page.held++;
        page.last = fields.deliveryTag;
      });
    }
    for (const { lane, held, last } of this.#pages) {
      if (held === 0) continue;
      const before = await lane.ready();
      lane.giveBack(last, held);
      if (this.#ordered) await this.#backTo(lane, before + held);
    }
  }

  async #backTo(lane: Lane, count: number): Promise<void> {
    let highest = -1;
    for (let until = Date.now() + SETTLED_MS; Date.now() < until; await sleep(POLL_MS)) {
      const ready = await lane.ready();
      if (ready >= count) return;
      if (ready > highest) [highest, until] = [ready, Date.now() + SETTLED_MS];
    }
  }
}

/**
 * Takes at most as many as were ready at the beginning. What is judged "remove" is acked once its verdict is there; all the rest stays unacked until
 * the end, and is then given back: the broker holds it meanwhile (a classic queue with its bodies, in memory), this process a page at a time. If the
 * process or the connection dies, the broker gives back what was not removed. Never rejects: `stopped` says what went wrong.
 */
export const take = (
  connection: Connection,
  queue: string,
  judge: (message: ConsumeMessage) => Verdict | Promise<Verdict>,
  options: TakeOptions,
): Promise<Taken> => new Taking(connection, queue, judge, options).run();
