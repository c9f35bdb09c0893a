/** Tells the broker what became of a delivery: what goes on is published and confirmed before the delivery is let go. */
import type { Channel } from "amqplib";
import { pause } from "../connection/backoff.js";
import type { ConsumerEvent, OutcomeName } from "../observe/observer.js";
import type { Outgoing } from "../publish/outgoing.js";
import { tagged, type Acks } from "./acks.js";
import type { DeliveryImpl } from "./delivery.js";
import type { DeadLetterReason } from "./history.js";
import { reasonOf } from "./outcomes.js";
import type { ConsumerSetup } from "./setup.js";

/** A delivery on its way through the consumer. */
export interface Entry<Tx> {
  readonly delivery: DeliveryImpl<Tx>;
  readonly acks: Acks;
  readonly channel: Channel;
  /** Of `orderBy`. */
  key: string | undefined;
  /** It has a place among those that are handled. */
  started: boolean;
  settled: boolean;
}

/** What the consumer knows. */
export interface Surroundings<Tx> {
  /** The channel that it came on is the consumer's still. */
  readonly isCurrent: (entry: Entry<Tx>) => boolean;
  readonly state: () => ConsumerEvent;
  /** The consumer ends. */
  readonly ended: AbortSignal;
  readonly settled: (entry: Entry<Tx>, outcome: OutcomeName) => void;
}

/** Milliseconds before a message is given back that could not be sent on. */
const RETRY_LATER = 1000;

export class Settling<Tx> {
  /** Of a stream: the last one that was handled. */
  offset: number | undefined;
  /** Nothing can be given back: the broker has forgotten it, or keeps it anyway. */
  readonly #final: boolean;

  constructor(
    private readonly setup: ConsumerSetup<Tx>,
    private readonly noAck: boolean,
    private readonly around: Surroundings<Tx>,
  ) {
    this.#final = noAck || setup.stream;
  }

  ack(entry: Entry<Tx>, seconds: number): void {
    this.#acked(entry, "ack", seconds);
  }

  /** Its effect has happened before. */
  duplicate(entry: Entry<Tx>, seconds: number): void {
    this.#acked(entry, "duplicate", seconds);
  }

  /** The broker dead-letters it. */
  reject(entry: Entry<Tx>, seconds: number, reason: string): void {
    this.setup.observer.deadLettered(this.setup.queue, "rejected", entry.delivery);
    if (this.#final) return this.#acked(entry, "reject", seconds, reason);
    this.#settle(entry, "reject", seconds, reason, (tag) => {
      entry.channel.reject(tagged(tag), false);
      entry.acks.settle(tag);
    });
  }

  /** On its ladder, or held back by the queue itself; to the dead letters if neither is left. */
  async retry(entry: Entry<Tx>, seconds: number, reason: string): Promise<void> {
    if (this.#final) return this.reject(entry, seconds, reason);
    if (!this.around.isCurrent(entry)) return this.giveBack(entry);
    const rung = this.setup.wayOut.rung(entry.delivery.message, reason);
    if (rung) {
      if (await this.#published(entry, rung)) this.#acked(entry, "retry", seconds, reason);
      return;
    }
    if (!this.setup.wayOut.delays) return this.deadLetter(entry, "exhausted", seconds, reason);
    // By reject: it counts towards the delivery limit, and the broker waits longer each time.
    this.#settle(entry, "retry", seconds, reason, (tag) => {
      entry.channel.reject(tagged(tag), true);
      entry.acks.settle(tag);
    });
  }

  /** Published to the dead letters by the worker. Where the topology has none, the broker drops it, as the topology says. */
  async deadLetter(entry: Entry<Tx>, why: DeadLetterReason, seconds: number, reason: string): Promise<void> {
    const { delivery } = entry;
    const told = `${why}: ${reason}`;
    if (!this.#final) {
      if (!this.around.isCurrent(entry)) return this.giveBack(entry);
      const letter = this.setup.wayOut.deadLetters(delivery.message, why, reason);
      if (!letter) return this.reject(entry, seconds, told);
      if (!(await this.#published(entry, letter))) return;
    }
    this.setup.observer.deadLettered(this.setup.queue, why, delivery);
    this.#acked(entry, "park", seconds, told);
  }

  /** By nack: it counts for no delivery limit. */
  giveBack(entry: Entry<Tx>): void {
    if (this.#final) return this.#settle(entry, "stale", 0, undefined, () => undefined);
    this.#settle(entry, "requeue", 0, undefined, (tag) => {
      entry.channel.nack(tagged(tag), false, true);
      entry.acks.settle(tag);
    });
  }

  /** Whether the broker has it. If not, the delivery is given back after a while: it may have arrived, so it may come twice, and is not lost. */
  async #published(entry: Entry<Tx>, outgoing: Outgoing): Promise<boolean> {
    try {
      await this.setup.publisher.send(outgoing);
      return true;
    } catch (error) {
      const { observer, queue } = this.setup;
      observer.consumer(queue, this.around.state(), `a failed message could not be sent on: ${reasonOf(error)}`);
      await pause(RETRY_LATER, this.around.ended);
      this.giveBack(entry);
      return false;
    }
  }

  #acked(entry: Entry<Tx>, outcome: OutcomeName, seconds: number, reason?: string): void {
    this.#settle(entry, outcome, seconds, reason, (tag) => {
      this.offset = entry.delivery.offset ?? this.offset;
      entry.acks.ack(tag);
    });
  }

  #settle(entry: Entry<Tx>, outcome: OutcomeName, seconds: number, reason: string | undefined, tell: (tag: number) => void): void {
    if (entry.settled) return;
    entry.settled = true;
    const { delivery } = entry;
    // The channel that it came on is gone: the broker delivers it again, and an ack would end the new one.
    const stale = !this.around.isCurrent(entry);
    if (!stale && !this.noAck)
      try {
        tell(delivery.message.fields.deliveryTag);
      } catch {
        // It closed this very moment.
      }
    const became = stale ? "stale" : outcome;
    this.setup.observer.processed(this.setup.queue, delivery.name ?? "", became, seconds, reason, delivery);
    this.around.settled(entry, became);
  }
}
