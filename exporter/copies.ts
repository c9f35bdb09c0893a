/** Copies of what arrives in the dead-letter queues of one vhost: exclusive queues with the same bindings, which end with the connection. */
import type { Channel, ConsumeMessage } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { Connection, closeChannel, wordsOf, type BrokerSettings } from "../workers/dead-letters/connection.js";
import { letterOf, type Letter } from "../workers/dead-letters/index.js";
import { WorkerError } from "../workers/errors.js";
import { declareCopy } from "../workers/tail/index.js";
import { letterAge } from "./heads.js";
import type { Choice } from "./choice.js";
import type { Watched } from "./subjects.js";

const LOOK_MS = 2_000;

interface Standing {
  readonly channel: Channel;
  readonly copy: string;
  /** Why it is gone. */
  lost?: string;
}

export class Copies {
  #connection: Connection | undefined;
  /** The last one, until it has given back. */
  #look: Promise<unknown> = Promise.resolve();
  readonly #standing = new Map<string, Standing>();

  constructor(
    /** The same vhost by each node of the cluster. */
    private readonly brokers: Choice<BrokerSettings>,
    private readonly watched: readonly Watched[],
    private readonly onLetter: (queue: string, letter: Letter) => void,
  ) {}

  /**
   * Sets up what does not stand, for the queues that are there. A copy alone would take dead letters for routed that reach no queue, so one
   * whose queue is gone goes too. Throws if one of them cannot stand.
   */
  async ensure(there: ReadonlySet<string>): Promise<void> {
    if (this.watched.length === 0) return;
    const connection = await this.#open();
    const faults: string[] = [];
    for (const { queue, bindings } of this.watched) {
      try {
        const standing = this.#standing.get(queue);
        if (standing && (standing.lost !== undefined || !there.has(queue))) await this.#drop(queue, standing);
        if (!there.has(queue)) faults.push(`queue "${queue}" is not there`);
        else if (this.#standing.has(queue)) await this.#bindAgain(queue, bindings);
        else await this.#listen(connection, queue, bindings);
      } catch (error) {
        if (connection.lost !== undefined) throw this.#unreachable(connection.lost);
        faults.push(`dead letters of "${queue}" cannot be copied: ${wordsOf(error)}`);
      }
    }
    if (faults.length > 0) throw new WorkerError("missing", `${faults.join("; ")}.`);
  }

  /** How old the first letters are, in seconds by queue; of queues that are there. */
  async ages(queues: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const ages = new Map<string, number>();
    if (queues.length === 0) return ages;
    const connection = await this.#open();
    for (const queue of queues) {
      if (connection !== this.#connection) break;
      const look = letterAge(connection, queue);
      this.#look = look.catch(() => undefined);
      const age = await look;
      if (age !== undefined) ages.set(queue, age);
    }
    return ages;
  }

  async close(): Promise<void> {
    this.#standing.clear();
    const connection = this.#connection;
    this.#connection = undefined;
    // What a look has taken it gives back first: the end of the connection would count as a delivery.
    await Promise.race([this.#look, sleep(LOOK_MS, undefined, { ref: false })]);
    await connection?.close();
  }

  async #open(): Promise<Connection> {
    if (this.#connection && this.#connection.lost === undefined) return this.#connection;
    await this.close();
    return (this.#connection = await this.brokers.ask((broker) => Connection.open(broker)));
  }

  #unreachable(why: string): WorkerError {
    return new WorkerError("unreachable", `The AMQP connection was lost: ${why}.`);
  }

  async #listen(connection: Connection, queue: string, bindings: Watched["bindings"]): Promise<void> {
    // One each: the broker closes a channel that binds to what is not there.
    const channel = await connection.channel();
    try {
      const copy = await declareCopy(channel, bindings);
      const standing: Standing = { channel, copy };
      const lost = (why: string) => (): void => void (standing.lost ??= why);
      channel.on("error", (error: Error) => lost(wordsOf(error))());
      channel.on("close", lost("the channel was closed"));
      channel.on("cancel", lost("the broker ended the consumer"));
      // Not consume's own callback: that is not there yet for a message that comes with the answer.
      channel.prependListener("delivery", (message: ConsumeMessage) => this.onLetter(queue, letterOf(message)));
      await channel.consume(copy, () => undefined, { exclusive: true, noAck: true });
      this.#standing.set(queue, standing);
    } catch (error) {
      await closeChannel(channel);
      throw error;
    }
  }

  /** An exchange that was deleted and made again has lost its bindings; for one that stands it changes nothing. */
  async #bindAgain(queue: string, bindings: Watched["bindings"]): Promise<void> {
    const standing = this.#standing.get(queue);
    if (!standing) return;
    for (const { exchange, key, arguments: args } of bindings) await standing.channel.bindQueue(standing.copy, exchange, key, args);
  }

  /** A consumer that the broker ended leaves its channel open. */
  async #drop(queue: string, { channel }: Standing): Promise<void> {
    this.#standing.delete(queue);
    await closeChannel(channel).catch(() => undefined);
  }
}
