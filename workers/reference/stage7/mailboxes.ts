/** What waits for clients that are away: in memory, with bounds. */

export interface MailboxLimits {
  /** Messages for one client; the oldest go. @default 100 */
  readonly each: number;
  /** Messages for all; the oldest go. @default 10000 */
  readonly total: number;
  /** Milliseconds that one waits, and that a client who left is remembered. @default 300000 */
  readonly keep: number;
  readonly now: () => number;
}

interface Waiting {
  readonly client: string;
  readonly text: string;
  readonly until: number;
}

export class Mailboxes {
  readonly #limits: MailboxLimits;
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiting>();
  readonly #boxes = new Map<string, Waiting[]>();
  /** Until when a client that left is remembered, by its id. */
  readonly #known = new Map<string, number>();
  /** Messages that found no room, or nobody who came back in time. */
  dropped = 0;

  constructor(limits: Partial<MailboxLimits> = {}) {
    this.#limits = { each: 100, total: 10_000, keep: 300_000, now: Date.now, ...limits };
  }

  get size(): number {
    this.#forget();
    return this.#waiting.size;
  }

  /** The client is gone, and may come back. */
  left(client: string): void {
    this.#known.delete(client);
    this.#known.set(client, this.#limits.now() + this.#limits.keep);
  }

  /** `false`: nobody of this name was here lately. */
  hold(client: string, text: string): boolean {
    this.#forget();
    if (!this.#known.has(client)) return false;
    const { each, total, keep, now } = this.#limits;
    const box = this.#boxes.get(client) ?? [];
    this.#boxes.set(client, box);
    const waiting = { client, text, until: now() + keep };
    box.push(waiting);
    this.#waiting.add(waiting);
    if (box.length > each) this.#drop(box[0] as Waiting);
    if (this.#waiting.size > total) this.#drop(this.#waiting.values().next().value as Waiting);
    return true;
  }

  /** Everything that waits for a client, the oldest first. */
  take(client: string): string[] {
    this.#forget();
    const box = this.#boxes.get(client) ?? [];
    this.#boxes.delete(client);
    this.#known.delete(client);
    for (const waiting of box) this.#waiting.delete(waiting);
    return box.map(({ text }) => text);
  }

  #drop(waiting: Waiting): void {
    this.dropped++;
    this.#waiting.delete(waiting);
    const box = this.#boxes.get(waiting.client);
    box?.splice(box.indexOf(waiting), 1);
    if (box?.length === 0) this.#boxes.delete(waiting.client);
  }

  #forget(): void {
    const now = this.#limits.now();
    for (const waiting of this.#waiting) {
      if (waiting.until > now) break;
      this.#drop(waiting);
    }
    for (const [client, until] of this.#known) {
      if (until > now) break;
      this.#known.delete(client);
    }
  }
}
