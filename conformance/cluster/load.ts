/** Steady publishing and consuming by clients that go to another node when theirs fails, with a book of what was confirmed and what arrived. */
import type { Channel, ConfirmChannel } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { within, type Session } from "../amqp.js";
import type { Ground } from "../ground.js";

/** Messages that a publisher sends before it waits for their confirms. */
const BATCH = 5;
const PAUSE_MS = 25;
/** After a failure, before the next try. */
const RETRY_MS = 250;
const PREFETCH = 5;
/** A consumer holds each message for so long: it works more slowly than publishers do, so that the queues are never empty. */
const HANDLING_MS = 250;
/** While so many confirmed messages of a queue have not been consumed, its publishers send a batch in a second only. */
const BACKLOG = 50;
const SLOW_MS = 1_000;
/** What a queue has to have room for, whatever the time-outs make of it. */
export const ROOM = 1_000;

/** One queue's book. */
interface Book {
  /** When each message was sent first. */
  readonly sent: Map<string, number>;
  readonly confirmed: Set<string>;
  /** How often each arrived. */
  readonly arrived: Map<string, number>;
  /** By node: when the latest message that was confirmed, or consumed, through it was sent. */
  readonly publishedThrough: Map<string, number>;
  readonly consumedThrough: Map<string, number>;
}

export interface Tally {
  readonly confirmed: number;
  /** Confirmed, and not seen by any consumer. */
  readonly lost: readonly string[];
  /** Arrived more than once. */
  readonly repeated: number;
}

export class Load {
  readonly #books = new Map<string, Book>();
  readonly #clients: Promise<void>[] = [];
  readonly #open = new Set<Session>();
  #publishing = true;
  #consuming = true;

  private constructor(
    private readonly ground: Ground,
    private readonly addresses: readonly (readonly [node: string, url: string])[],
    private readonly user: { readonly username: string; readonly password: string },
  ) {}

  /** For each queue two publishers and two consumers: one begins at the first node, the other at the next. */
  static async start(ground: Ground, queues: readonly string[], urls: Readonly<Record<string, string>>, first: string): Promise<Load> {
    const all = Object.entries(urls);
    const addresses = [...all.filter(([node]) => node === first), ...all.filter(([node]) => node !== first)];
    const load = new Load(ground, addresses, await ground.user());
    for (const queue of queues) {
      const maps = { sent: new Map(), arrived: new Map(), publishedThrough: new Map(), consumedThrough: new Map() };
      const book: Book = { confirmed: new Set(), ...maps };
      load.#books.set(queue, book);
      for (const at of [1, 0]) {
        load.#client(
          at,
          () => load.#consuming,
          (session, node) => load.#consume(session, node, queue, book),
        );
        load.#client(
          at,
          () => load.#publishing,
          (session, node) => load.#publish(session, node, queue, book),
        );
      }
    }
    return load;
  }

  /** What does not go on through the nodes besides this one: none of what was sent since then was confirmed, or consumed. */
  stalled(queue: string, since: number, without?: string): ("publishing" | "consuming")[] {
    const book = this.#book(queue);
    const goesOn = (through: ReadonlyMap<string, number>): boolean => [...through].some(([node, sent]) => node !== without && sent > since);
    return [
      ...(goesOn(book.publishedThrough) ? [] : ["publishing" as const]),
      ...(goesOn(book.consumedThrough) ? [] : ["consuming" as const]),
    ];
  }

  stopPublishing(): void {
    this.#publishing = false;
  }

  tally(queue: string): Tally {
    const { confirmed, arrived } = this.#book(queue);
    const lost = [...confirmed].filter((id) => !arrived.has(id));
    return { confirmed: confirmed.size, lost, repeated: [...arrived.values()].filter((count) => count > 1).length };
  }

  /** Ends all clients. */
  async stop(): Promise<void> {
    this.#publishing = false;
    this.#consuming = false;
    await Promise.all([...this.#open].map((session) => this.#end(session)));
    await Promise.all(this.#clients);
  }

  /** After the end: looks for what no consumer got; what they had not acknowledged may take its time to be back. */
  async drain(queue: string): Promise<void> {
    const { arrived } = this.#book(queue);
    const { arrival, poll } = this.ground.timeouts;
    const session = await this.ground.open(this.user.username, this.user.password);
    for (const deadline = Date.now() + arrival; ; await sleep(poll)) {
      for (const { properties } of await session.drain(queue)) count(arrived, String(properties.messageId));
      if (this.tally(queue).lost.length === 0 || Date.now() > deadline) break;
    }
    await session.close();
  }

  #book(queue: string): Book {
    const book = this.#books.get(queue);
    if (!book) throw new Error(`no load on queue ${JSON.stringify(queue)}`);
    return book;
  }

  /** Works over one connection until that fails, then over one to the next node. */
  #client(first: number, goesOn: () => boolean, work: (session: Session, node: string) => Promise<void>): void {
    const run = async (): Promise<void> => {
      for (let at = first; goesOn(); at++) {
        const [node, url] = this.addresses[at % this.addresses.length] as readonly [string, string];
        let session: Session | undefined;
        try {
          session = await this.ground.open(this.user.username, this.user.password, url);
          this.#open.add(session);
          if (goesOn()) await work(session, node);
        } catch {
          // What failed shows in the books, if it does not go on elsewhere.
          if (goesOn()) await sleep(RETRY_MS);
        } finally {
          if (session) await this.#end(session);
        }
      }
    };
    this.#clients.push(run());
  }

  async #end(session: Session): Promise<void> {
    this.#open.delete(session);
    // A node that is cut off may not answer.
    await within(this.ground.timeouts.confirm, "an end", session.close()).catch(() => undefined);
  }

  async #publish(session: Session, node: string, queue: string, book: Book): Promise<void> {
    const channel = await within(this.ground.timeouts.connect, "a channel", session.confirmChannel());
    const closed = closing(channel);
    while (this.#publishing) {
      const batch = Array.from({ length: BATCH }, () => this.ground.messageId());
      const sent = batch.map(async (id) => {
        book.sent.set(id, Date.now());
        await confirm(channel, queue, id);
        book.confirmed.add(id);
        book.publishedThrough.set(node, Math.max(book.publishedThrough.get(node) ?? 0, book.sent.get(id) ?? 0));
      });
      await within(this.ground.timeouts.confirm, "a confirm", Promise.race([Promise.all(sent), closed]));
      for (const slow = Date.now() + SLOW_MS; ;) {
        await sleep(PAUSE_MS);
        if (book.confirmed.size - book.arrived.size < BACKLOG || Date.now() > slow || !this.#publishing) break;
      }
    }
  }

  async #consume(session: Session, node: string, queue: string, book: Book): Promise<void> {
    const channel = await within(this.ground.timeouts.connect, "a channel", session.channel());
    const closed = closing(channel);
    const work = new Promise<never>((_, reject) => {
      const start = async (): Promise<void> => {
        await channel.prefetch(PREFETCH);
        await channel.consume(queue, (message) => {
          if (!message) return reject(new Error("the broker cancelled the consumer"));
          const id = String(message.properties.messageId);
          count(book.arrived, id);
          book.consumedThrough.set(node, Math.max(book.consumedThrough.get(node) ?? 0, book.sent.get(id) ?? 0));
          setTimeout(() => {
            try {
              channel.ack(message);
            } catch {
              // The channel is closed by now: the message comes again.
            }
          }, HANDLING_MS);
        });
      };
      within(this.ground.timeouts.connect, "a consumer", start()).catch(reject);
    });
    await Promise.race([work, closed]);
  }
}

function count(arrived: Map<string, number>, id: string): void {
  arrived.set(id, (arrived.get(id) ?? 0) + 1);
}

/** Rejects when the channel, or its connection, ends. */
function closing(channel: Channel): Promise<never> {
  const closed = new Promise<never>((_, reject) => channel.on("close", () => reject(new Error("the channel closed"))));
  closed.catch(() => undefined);
  return closed;
}

function confirm(channel: ConfirmChannel, queue: string, id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown): void => (error ? reject(new Error("the broker refused the message")) : resolve());
    channel.publish("", queue, Buffer.from("warren conformance"), { persistent: true, messageId: id }, done);
  });
}
