/** Reads a copy of messages as they come: by a queue of its own that ends with the connection, or from a stream. */
import type { Channel, ConsumeMessage } from "amqplib";
import { Connection, wordsOf, type BrokerSettings } from "../dead-letters/connection.js";
import { fatal, refusalOf, WorkerError } from "../errors.js";
import type { Binding } from "./plan.js";

export type Offset = "first" | "last" | "next" | number;

export type TailSource =
  | { readonly bindings: readonly Binding[] }
  /** A stream is read itself: reading takes nothing out of it. */
  | { readonly stream: string; readonly offset: Offset };

export interface TailOptions {
  readonly source: TailSource;
  /** Called for each message; the next ones wait until it is done. */
  readonly onMessage: (message: ConsumeMessage) => void | Promise<void>;
  /** It listens from now on. */
  readonly onReady?: (() => void) | undefined;
  /** The copy is full: from now on the oldest messages that wait in it are dropped, for `onMessage` is too slow. */
  readonly onOverflow?: (() => void) | undefined;
  /** Ends after so many. */
  readonly count?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Tailed {
  readonly messages: number;
  /** Why it ended, if nobody asked for it. */
  readonly lost?: string;
}

/** Held by the broker for a reader that is slow; the rest is dropped, the oldest first. */
export const COPY_LIMITS = { messages: 10_000, bytes: 64 * 1024 * 1024 } as const;
const PREFETCH = 200;
const WATCH_MS = 1000;

/** A queue that ends with its connection, or with its last consumer, bound as it is said. */
export async function declareCopy(channel: Channel, bindings: readonly Binding[]): Promise<string> {
  const { queue } = await channel.assertQueue("", {
    exclusive: true,
    autoDelete: true,
    durable: false,
    arguments: {
      // Whatever the default queue type of the vhost is: only a classic queue can be exclusive.
      "x-queue-type": "classic",
      "x-max-length": COPY_LIMITS.messages,
      "x-max-length-bytes": COPY_LIMITS.bytes,
      "x-overflow": "drop-head",
    },
  });
  for (const { exchange, key, arguments: args } of bindings) await channel.bindQueue(queue, exchange, key, args);
  return queue;
}

/**
 * Until `count`, the signal, or the end of the connection. The copy is exclusive: the broker deletes it when the connection ends, however it does.
 * Throws a `WorkerError` if it cannot begin.
 */
export async function tail(broker: BrokerSettings, options: TailOptions): Promise<Tailed> {
  const { source, onMessage, onReady, onOverflow, count = Infinity, signal } = options;
  const connection = await Connection.open(broker);
  let watching: NodeJS.Timeout | undefined;
  let [messages, bytes] = [0, 0];
  try {
    const channel = await connection.channel();
    const ended = new Promise<string | undefined>((resolve) => {
      const stop = (): void => resolve(undefined);
      if (signal?.aborted) stop();
      signal?.addEventListener("abort", stop, { once: true });
      connection.watch(() => void (connection.lost !== undefined && resolve(connection.lost)));
      channel.on("error", (error: Error) => resolve(wordsOf(error)));
      channel.on("close", () => resolve(connection.lost ?? "the channel was closed"));
      channel.on("cancel", () => resolve("the broker ended the consumer: what it reads was deleted, or has moved"));
      if (count <= 0) stop();
      const take = async (message: ConsumeMessage): Promise<void> => {
        if (messages >= count || signal?.aborted) return;
        messages++;
        bytes += message.content.length;
        await onMessage(message);
        channel.ack(message);
        if (messages >= count) stop();
      };
      let turn = Promise.resolve();
      // Not consume's own callback: that is not there yet for a message that comes with the answer.
      channel.prependListener("delivery", (message: ConsumeMessage) => {
        turn = turn.then(() => take(message)).catch((error: unknown) => resolve(wordsOf(error)));
      });
    });
    const copy = await listen(channel, source);
    onReady?.();
    if (copy !== undefined && onOverflow) watching = watchFor(channel, copy, () => bytes / Math.max(1, messages), onOverflow);
    const lost = await ended;
    return { messages, ...(lost === undefined ? {} : { lost }) };
  } finally {
    clearInterval(watching);
    await connection.close();
  }
}

/** The name of the copy, if there is one. */
async function listen(channel: Channel, source: TailSource): Promise<string | undefined> {
  try {
    await channel.prefetch(PREFETCH);
    if ("stream" in source) {
      await channel.consume(source.stream, () => undefined, { arguments: { "x-stream-offset": source.offset } });
      return undefined;
    }
    const queue = await declareCopy(channel, source.bindings);
    await channel.consume(queue, () => undefined, { exclusive: true });
    return queue;
  } catch (error) {
    const refusal = refusalOf(error);
    throw (
      (refusal && fatal(refusal, "The broker refuses the copy")) ??
      new WorkerError("unreachable", `The copy could not be made: ${wordsOf(error)}.`, { cause: error })
    );
  }
}

/** Tells once when as much waits as may. */
function watchFor(channel: Channel, queue: string, meanBytes: () => number, onOverflow: () => void): NodeJS.Timeout {
  const timer = setInterval(() => {
    channel.checkQueue(queue).then(
      ({ messageCount }) => {
        if (messageCount < COPY_LIMITS.messages * 0.99 && messageCount * meanBytes() < COPY_LIMITS.bytes * 0.9) return;
        clearInterval(timer);
        onOverflow();
      },
      () => clearInterval(timer),
    );
  }, WATCH_MS);
  return timer;
}
