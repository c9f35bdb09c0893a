/** Moves messages from one queue to another as they come, in their order: published and confirmed first, acknowledged then. */
import type { Channel, ConfirmChannel, ConsumeMessage, Options, Replies } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { WarrenError } from "../topology/errors.js";
import { typedHeaders } from "../workers/connection/typed-headers.js";
import { EXCHANGE, KEY, originOf } from "../workers/consume/history.js";
import type { Room } from "./room.js";
import { closeChannel, Connection, wordsOf, type BrokerSettings } from "../workers/dead-letters/connection.js";

/** Unconfirmed at a time. */
const PREFETCH = 500;
/** Milliseconds that what is under way has to be confirmed at the end. */
const CLOSE_MS = 10_000;
/** What amqplib says of a refused message (`basic.nack`). */
const NACKED = "message nacked";
/** What the broker writes on a delivery, and by what it would send copies a second time. */
const NOT_AGAIN = /^(x-delivery-count|x-acquired-count|CC|BCC)$/;

export interface MoverArgs {
  readonly broker: BrokerSettings;
  readonly from: string;
  readonly to: string;
  /** Nobody else may take from it meanwhile: another run, or what the broker still has of one whose machine is gone. @default false */
  readonly alone?: boolean;
  /** What it has no room for waits here, untaken, for `go`. @default all goes at once */
  readonly room?: Room;
}

export class Mover {
  /** Confirmed where they went to. */
  moved = 0;
  /** Published as somebody else than they say; the broker would refuse the name. */
  withoutUser = 0;
  /** Who consumes from where it takes them, without itself, at the last look. */
  others = 0;
  #inFlight = 0;
  /** Delivered, and not published yet. */
  #pending: ConsumeMessage[] = [];
  #failed: WarrenError | undefined;
  #closing = false;
  #tag = "";

  private constructor(
    private readonly args: MoverArgs,
    private readonly connections: readonly [Connection, Connection],
    private readonly reader: Channel,
    private readonly writer: ConfirmChannel,
  ) {}

  /** Begins at once. Reads and publishes over connections of its own: an alarm stops publishers only. Throws a `WorkerError` or a WarrenError if it cannot begin. */
  static async open(args: MoverArgs): Promise<Mover> {
    const reading = await Connection.open(args.broker);
    const writing = await Connection.open(args.broker).catch(async (error: unknown) => {
      await reading.close();
      throw error;
    });
    const mover = new Mover(args, [reading, writing], await reading.channel(), await writing.confirmChannel());
    try {
      await mover.#begin();
      return mover;
    } catch (error) {
      const fault = mover.#fault(wordsOf(error));
      await mover.close();
      throw fault;
    }
  }

  async #begin(): Promise<void> {
    const { reader, writer } = this;
    for (const channel of [reader, writer]) {
      channel.on("error", (error: Error) => this.#fail(wordsOf(error)));
      channel.on("close", () => this.#fail("the channel was closed"));
    }
    for (const connection of this.connections) connection.watch(() => connection.lost !== undefined && this.#fail(connection.lost));
    writer.on("return", () => this.#fail(`the broker does not route to "${this.args.to}"`));
    await reader.prefetch(PREFETCH);
    const { consumerTag } = await reader.consume(
      this.args.from,
      (message) => {
        if (message === null) return this.#fail(`"${this.args.from}" was taken away, or its node went down`);
        this.#pending.push(message);
        this.go();
      },
      { exclusive: this.args.alone ?? false },
    );
    this.#tag = consumerTag;
  }

  /** Publishes what there is room for. */
  go(): void {
    const { room } = this.args;
    let count = 0;
    for (; count < this.#pending.length && !this.#failed && !this.#closing; count++) {
      const message = this.#pending[count] as ConsumeMessage;
      if (room && !room.takes(sizeOf(message))) break;
      room?.put(sizeOf(message));
      this.#move(message);
    }
    this.#pending.splice(0, count);
  }

  /** Whether messages wait for room. */
  get waits(): boolean {
    return this.#pending.length > 0;
  }

  /** Until all that was published is confirmed. */
  async settled(): Promise<void> {
    while (this.#inFlight > 0 && !this.#failed) await sleep(5);
  }

  /** Where they go to: what is ready there, and how many consume from it. */
  async target(): Promise<{ readonly ready: number; readonly consumers: number }> {
    const { messageCount, consumerCount } = await this.#check(this.args.to);
    return { ready: messageCount, consumers: consumerCount };
  }

  #move(message: ConsumeMessage): void {
    this.#inFlight++;
    const { userId } = message.properties as { readonly userId?: string };
    const own = this.args.broker.credentials.username;
    const hasOther = userId !== undefined && userId !== own;
    const confirmed = (error: unknown): void => {
      this.#inFlight--;
      if (error && !this.#failed && this.args.room && wordsOf(error) === NACKED) return this.#again(message);
      if (error) this.#failed ??= this.#fault(`"${this.args.to}" does not take a message: ${wordsOf(error)}`);
      if (this.#failed) return;
      this.moved++;
      if (hasOther) this.withoutUser++;
      this.reader.ack(message);
    };
    // In one channel the broker keeps the order, and a return comes before its confirm.
    try {
      this.writer.publish("", this.args.to, message.content, { ...propertiesOf(message, own), mandatory: true }, confirmed);
    } catch (error) {
      // amqplib has no room for headers of more than 64 KiB; unsaid, the message would be waited for without an end.
      confirmed(error);
    }
  }

  /** Refused by a queue that somebody else has filled meanwhile: in its place among those that wait. */
  #again(message: ConsumeMessage): void {
    if (this.args.room) this.args.room.free = 0;
    this.#pending = [...this.#pending, message].sort((one, other) => one.fields.deliveryTag - other.fields.deliveryTag);
  }

  #fail(why: string): void {
    if (!this.#closing) this.#failed ??= this.#fault(why);
  }

  #fault(why: string): WarrenError {
    return new WarrenError(`Messages of "${this.args.from}" cannot be moved to "${this.args.to}" any more: ${why}.`, {
      remedy: "run the same command again: it goes on from where it is; nothing is lost",
    });
  }

  /** Messages that it has to move yet, without those that other consumers hold. Throws what went wrong with the move. */
  async left(): Promise<number> {
    const { messageCount, consumerCount } = await this.#check(this.args.from);
    this.others = consumerCount - 1;
    return messageCount + this.#inFlight + this.#pending.length;
  }

  async #check(queue: string): Promise<Replies.AssertQueue> {
    if (this.#failed) throw this.#failed;
    try {
      return await this.reader.checkQueue(queue);
    } catch (error) {
      throw (this.#failed ??= this.#fault(wordsOf(error)));
    }
  }

  /** What is under way arrives first; what is not confirmed by then goes back to where it was taken from, and may be there twice. */
  async close(): Promise<void> {
    this.#closing = true;
    if (!this.#failed) await this.reader.cancel(this.#tag).catch(() => undefined);
    for (const end = Date.now() + CLOSE_MS; this.#inFlight > 0 && !this.#failed && Date.now() < end;) await sleep(5);
    await closeChannel(this.reader);
    await closeChannel(this.writer);
    for (const connection of this.connections) await connection.close();
  }
}

/** At least what the broker counts, with room for what is added when it is moved. */
function sizeOf({ content, properties, fields: { exchange, routingKey } }: ConsumeMessage): number {
  return content.length + JSON.stringify(properties).length + exchange.length + routingKey.length + 50;
}

/** All that a publisher can say, but the user if that is somebody else. */
function propertiesOf(message: ConsumeMessage, own: string): Options.Publish {
  const { headers = {}, userId, ...rest } = message.properties as unknown as Record<string, unknown>;
  const origin = originOf(message);
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    ...(userId === own ? { userId: own } : {}),
    headers: {
      ...Object.fromEntries(
        Object.entries(typedHeaders(headers as Readonly<Record<string, unknown>>)).filter(([name]) => !NOT_AGAIN.test(name)),
      ),
      // It comes by the name of a queue now; workers, and who puts dead letters back, read these.
      ...(origin.exchange === "" ? {} : { [EXCHANGE]: origin.exchange, [KEY]: origin.key }),
    },
  };
}
