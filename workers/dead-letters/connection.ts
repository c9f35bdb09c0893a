/** A connection for one piece of work: it does not come back, but says why it went. */
import type { Channel, ChannelModel, ConfirmChannel } from "amqplib";
import { once, type EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { socketOf } from "../connection/cork.js";
import { shown, type Address, type Credentials, type Tls } from "../connection/address.js";
import { isTlsFault, openConnection } from "../connection/open.js";
import { keepTypes } from "../connection/typed-headers.js";
import { fatal, faultOf, refusalOf, said, WorkerError } from "../errors.js";

export interface BrokerSettings {
  readonly address: Address;
  readonly vhost: string;
  readonly credentials: Credentials;
  readonly tls?: Tls;
  /** Shown in the broker's list of connections. */
  readonly name: string;
  /** Milliseconds. @default 10000 */
  readonly connectTimeout?: number;
}

/** Seconds; a peer that is gone without a word is noticed after two. */
const HEARTBEAT = 10;

/** The broker's or the network's words. */
export function wordsOf(error: unknown): string {
  const refusal = refusalOf(error);
  if (refusal) return said(refusal);
  const { code, message } = error as NodeJS.ErrnoException;
  return message || String(code);
}

export class Connection {
  /** Why it is gone. */
  lost: string | undefined;
  /** Why the broker takes no messages for the time being: memory, disk. */
  blocked: string | undefined;
  /** Called when it is gone, and when it is blocked or no longer so. */
  readonly #listeners = new Set<() => void>();
  #closing = false;

  private constructor(private readonly model: ChannelModel) {
    keepTypes(model);
    const gone = (why: string): void => {
      if (this.#closing || this.lost !== undefined) return;
      this.lost = why;
      this.#tell();
    };
    model.on("error", (error: Error) => gone(wordsOf(error)));
    model.on("close", (error?: Error) => gone(error ? wordsOf(error) : "the broker closed it"));
    model.on("blocked", (reason: string) => {
      this.blocked = reason;
      this.#tell();
    });
    model.on("unblocked", () => {
      this.blocked = undefined;
      this.#tell();
    });
  }

  /** Throws a `WorkerError`: unreachable, unauthorized, tls. */
  static async open({ address, vhost, credentials, tls, name, connectTimeout = 10_000 }: BrokerSettings): Promise<Connection> {
    try {
      return new Connection(
        await openConnection({ address, vhost, credentials, tls, name, heartbeat: HEARTBEAT, timeout: connectTimeout }),
      );
    } catch (error) {
      const refusal = refusalOf(error);
      const what = `The broker at ${shown(address)} does not let "${credentials.username}" into vhost "${vhost}"`;
      const fault = refusal && fatal(refusal, what);
      if (fault) throw fault;
      const { code } = error as NodeJS.ErrnoException;
      const certificate = isTlsFault(error);
      throw new WorkerError(
        certificate ? "tls" : "unreachable",
        `No AMQP connection to ${shown(address)}: ${code ?? (error as Error).message}.`,
        {
          remedy: certificate ? "give the authority that signed the broker's certificate" : "check the address and that the broker runs",
          cause: error,
        },
      );
    }
  }

  /** Calls back when it is gone, blocked or unblocked; the answer ends that. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  async channel(): Promise<Channel> {
    return quiet(await this.model.createChannel());
  }

  async confirmChannel(): Promise<ConfirmChannel> {
    return quiet(await this.model.createConfirmChannel());
  }

  /**
   * Ends it. Its channels have to be closed first: the end of a connection overtakes what its channels sent before, and the broker would give
   * acked messages back (seen on 4.3.6).
   */
  async close(): Promise<void> {
    this.#closing = true;
    await ended(this.model, () => this.model.close());
    socketOf(this.model).destroy();
  }
}

/** Milliseconds that a peer has to answer a close. */
const CLOSE_MS = 5000;

/** amqplib's own promise never ends if the connection goes meanwhile. */
async function ended(what: EventEmitter, close: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const over = { signal: stop.signal };
  await Promise.race([close(), once(what, "close", over), sleep(CLOSE_MS, undefined, over)]).catch(() => undefined);
  stop.abort();
}

export const closeChannel = (channel: Channel): Promise<void> => ended(channel, () => channel.close());

/** Without listeners its faults would end the process; who waits on it hears of them. */
function quiet<C extends Channel>(channel: C): C {
  channel.on("error", () => undefined);
  channel.on("handler-error", () => undefined);
  return channel;
}

/** Whether a queue is there, its ready messages and its consumers. Throws a `WorkerError` "missing" if it is not. */
export async function checkQueue(connection: Connection, queue: string): Promise<{ readonly ready: number; readonly consumers: number }> {
  // Of its own: the broker closes a channel that asks for what is not there.
  const channel = await connection.channel();
  try {
    const { messageCount, consumerCount } = await channel.checkQueue(queue);
    return { ready: messageCount, consumers: consumerCount };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal?.code === 404)
      throw new WorkerError("missing", `There is no queue "${queue}" in this vhost.`, { remedy: "name one that is there" });
    throw faultOf(error, `Queue "${queue}" cannot be looked at`);
  } finally {
    await closeChannel(channel);
  }
}
