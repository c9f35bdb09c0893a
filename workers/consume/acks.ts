/** Acks of one channel, gathered for a turn of the event loop: everything up to the first open delivery goes in one frame. */
import type { Channel, Message } from "amqplib";

const OPEN = 0;
const DONE = 1;
const TOLD = 2;

export class Acks {
  /** By delivery tag, from `#lowest` on. */
  #states: number[] = [];
  #lowest = 1;
  #scheduled = false;
  #open = 0;
  /** Frames of the second that began then. */
  #second = 0;
  #frames = 0;
  /** The channel has gone: the broker delivers all of it again. */
  #gone = false;

  constructor(
    private readonly channel: Channel,
    /** Called once a turn. */
    private readonly flushed: () => void,
  ) {}

  /** Deliveries that are not settled. */
  get open(): number {
    return this.#open;
  }

  /** More went out just now than the broker's channel takes at a time: the rest is lost if it ends now (seen on 4.3.6, from the 33rd). */
  get crowded(): boolean {
    return this.#frames > 30 && Date.now() - this.#second < 2000;
  }

  /** The next delivery came. */
  add(tag: number): void {
    // One that nobody saw stays open, for the broker to deliver again.
    while (this.#lowest + this.#states.length < tag) this.#states.push(OPEN);
    this.#states.push(OPEN);
    this.#open++;
  }

  ack(tag: number): void {
    this.#set(tag, DONE);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** It was told to the broker by itself. */
  settle(tag: number): void {
    this.#set(tag, TOLD);
  }

  flush(): void {
    let upTo = 0;
    let done = 0;
    while (done < this.#states.length && this.#states[done] !== OPEN) {
      if (this.#states[done] === DONE) upTo = this.#lowest + done;
      done++;
    }
    if (upTo > 0) this.#send(upTo, true);
    if (done > 0) {
      this.#states = this.#states.slice(done);
      this.#lowest += done;
    }
    // What is done behind an open one cannot wait for it: it may take long.
    for (let at = 0; at < this.#states.length; at++)
      if (this.#states[at] === DONE) {
        this.#send(this.#lowest + at, false);
        this.#states[at] = TOLD;
      }
    this.flushed();
  }

  #send(tag: number, upTo: boolean): void {
    if (this.#gone) return;
    try {
      this.channel.ack(tagged(tag), upTo);
    } catch {
      // It went between the outcome and the end of the turn.
      this.#gone = true;
      return;
    }
    const now = Date.now();
    if (now - this.#second >= 1000) {
      this.#second = now;
      this.#frames = 0;
    }
    this.#frames++;
  }

  #set(tag: number, state: number): void {
    if (this.#states[tag - this.#lowest] === OPEN) this.#open--;
    this.#states[tag - this.#lowest] = state;
  }
}

/** amqplib asks for a message, and reads its tag alone. */
export const tagged = (deliveryTag: number): Message => ({ fields: { deliveryTag } }) as Message;
