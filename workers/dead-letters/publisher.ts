/** Puts messages somewhere and says of each what became of it: confirmed, returned, refused, or not known. */
import type { ConfirmChannel, Message, Options } from "amqplib";
import { REQUEUE } from "./letter.js";
import { closeChannel, wordsOf, type Connection } from "./connection.js";

/** unknown: no word of the broker; it may have arrived. */
export type Fate = "confirmed" | "returned" | "refused" | "unknown";

/** Milliseconds without a word of the broker, while it is not blocked, after which none is expected. */
const SILENCE_MS = 30_000;

export class Publisher {
  /** Why nothing more can be put anywhere. */
  fault: string | undefined;
  readonly #pending = new Map<string, { returned: boolean; readonly end: (fate: Fate) => void }>();
  #timer: NodeJS.Timeout | undefined;
  readonly #unwatch: () => void;

  private constructor(
    private readonly connection: Connection,
    private readonly channel: ConfirmChannel,
    private readonly onFault: (why: string) => void,
  ) {
    channel.on("return", (message: Message) => {
      const mark: unknown = message.properties.headers?.[REQUEUE];
      const pending = typeof mark === "string" ? this.#pending.get(mark) : undefined;
      if (pending) pending.returned = true;
    });
    channel.on("error", (error: Error) => this.#fail(wordsOf(error)));
    channel.on("close", () => this.#fail(connection.lost ?? "the channel was closed"));
    // While an alarm holds publishers back, silence says nothing.
    this.#unwatch = connection.watch(() => this.#expect());
  }

  /** `onFault`: nothing more can be published; what was is not known. */
  static async open(connection: Connection, onFault: (why: string) => void): Promise<Publisher> {
    return new Publisher(connection, await connection.confirmChannel(), onFault);
  }

  /** Mandatory, with a mark that tells it from all others (`<run>/<number>`) in its headers. Never rejects. */
  publish(exchange: string, key: string, content: Buffer, properties: Options.Publish, mark: string): Promise<Fate> {
    if (this.fault !== undefined) return Promise.resolve("unknown");
    return new Promise((resolve) => {
      const pending = {
        returned: false,
        end: (fate: Fate) => {
          this.#pending.delete(mark);
          this.#expect();
          resolve(fate);
        },
      };
      this.#pending.set(mark, pending);
      this.#expect();
      try {
        this.channel.publish(exchange, key, content, { ...properties, mandatory: true }, (error: unknown) => {
          // On a channel that ended the error says nothing of the message.
          if (error && this.fault === undefined && !this.connection.lost) pending.end("refused");
          else if (!error) pending.end(pending.returned ? "returned" : "confirmed");
        });
      } catch (error) {
        this.#fail(wordsOf(error));
      }
    });
  }

  #expect(): void {
    clearTimeout(this.#timer);
    if (this.#pending.size > 0 && this.connection.blocked === undefined && this.fault === undefined)
      this.#timer = setTimeout(() => this.#fail(`the broker has not confirmed for ${SILENCE_MS / 1000} seconds`), SILENCE_MS);
  }

  #fail(why: string): void {
    if (this.fault !== undefined) return;
    this.fault = why;
    clearTimeout(this.#timer);
    for (const { end } of [...this.#pending.values()]) end("unknown");
    this.onFault(why);
  }

  async close(): Promise<void> {
    this.fault ??= "closed";
    clearTimeout(this.#timer);
    this.#unwatch();
    await closeChannel(this.channel);
  }
}
