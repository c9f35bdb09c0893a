/** One channel that takes messages of a queue page by page, holds them, removes them, gives them back. */
import type { Channel, ConsumeMessage } from "amqplib";
import { tagged } from "../consume/acks.js";
import { closeChannel, wordsOf, type Connection } from "./connection.js";

export type Ended = (kind: "lost" | "failed", why: string) => void;

export class Lane {
  /** Messages that it holds. */
  held = 0;
  removed = 0;
  #prefetch = 0;
  #dead = false;
  #deliver: (message: ConsumeMessage) => void = () => undefined;
  /** Ends a wait for deliveries. */
  #wake: () => void = () => undefined;

  private constructor(
    private readonly channel: Channel,
    private readonly queue: string,
  ) {}

  /** `onEnd`: it carries nothing any more, and the broker gives back what it held. */
  static async open(connection: Connection, queue: string, onEnd: Ended): Promise<Lane> {
    const channel = await connection.channel();
    const lane = new Lane(channel, queue);
    const end: Ended = (kind, why) => {
      lane.#dead = true;
      onEnd(kind, why);
    };
    // Before amqplib's own listener, which throws away what comes between a cancel and its answer.
    channel.prependListener("delivery", (message: ConsumeMessage) => lane.#deliver(message));
    channel.on("cancel", () => onEnd("failed", `the broker ended the consumer of "${queue}": the queue was deleted, or has moved`));
    channel.on("error", (error: Error) => end("failed", wordsOf(error)));
    channel.on("close", () => end("lost", connection.lost ?? "the channel was closed"));
    return lane;
  }

  async ready(): Promise<number> {
    return (await this.channel.checkQueue(this.queue)).messageCount;
  }

  async consumers(): Promise<number> {
    return (await this.channel.checkQueue(this.queue)).consumerCount;
  }

  wake(): void {
    this.#wake();
  }

  /** Takes so many at most, until it has them, none come for `patience` milliseconds, or `isOver`. */
  async take(wanted: number, patience: number, onMessage: (message: ConsumeMessage) => void, isOver: () => boolean): Promise<void> {
    let got = 0;
    this.#deliver = (message) => {
      got++;
      this.held++;
      onMessage(message);
      if (got >= wanted) this.#wake();
    };
    const consumerTag = await this.#consume(wanted);
    for (let before = -1; got < wanted && got !== before && !isOver();) {
      before = got;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patience);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (!this.#dead) await this.channel.cancel(consumerTag);
  }

  async #consume(prefetch: number): Promise<string> {
    if (this.#prefetch !== prefetch) await this.channel.prefetch(prefetch);
    this.#prefetch = prefetch;
    return (await this.channel.consume(this.queue, () => undefined, { noAck: false })).consumerTag;
  }

  /** `false` if that cannot be said any more. */
  remove(tag: number): boolean {
    if (this.#dead) return false;
    this.channel.ack(tagged(tag));
    this.held--;
    this.removed++;
    return true;
  }

  /** All that it holds up to this one. */
  giveBack(tag: number, count: number): void {
    this.channel.nack(tagged(tag), true, true);
    this.held -= count;
  }

  /**
   * Resolves when the queue knows of all that was removed. From the 33rd command in flight on the broker's channel keeps them back, and drops
   * them when it ends (seen on 4.3.6, quorum queues). To consume and to cancel goes through the queue's log and comes back after all that was sent
   * before; the second time nothing is kept back any more. What is taken on the way is held.
   */
  async flush(onMessage: (message: ConsumeMessage) => void): Promise<void> {
    this.#deliver = (message) => {
      this.held++;
      onMessage(message);
    };
    for (let round = 0; round < 2; round++) await this.channel.cancel(await this.#consume(1));
  }

  close(): Promise<void> {
    return closeChannel(this.channel);
  }
}
