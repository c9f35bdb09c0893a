/** Requests over direct reply-to: one channel publishes them and gets the replies. */
import type { Channel, ChannelModel, ConsumeMessage, Message, Options } from "amqplib";
import { REPLY_TO } from "../../topology/names.js";
import type { Link, Tenant } from "../connection/link.js";
import { RequestError, type RequestCode, type WorkerError } from "../errors.js";
import type { Outgoing } from "../publish/outgoing.js";

/** On a reply: the other side failed, and says this. */
export const ERROR_HEADER = "warren-error";

interface Waiting {
  readonly name: string;
  readonly resolve: (reply: ConsumeMessage) => void;
  readonly reject: (error: RequestError) => void;
}

export class Requester implements Tenant {
  #channel: Channel | undefined;
  #connection: ChannelModel | undefined;
  readonly #waiting = new Map<string, Waiting>();
  #counter = 0;

  constructor(private readonly link: Link) {}

  async start(): Promise<void> {
    await this.link.add(this);
  }

  /** Throws a `RequestError`. Nothing is sent a second time: whether it was handled is the caller's question. */
  async request(outgoing: Outgoing, timeout: number, signal?: AbortSignal): Promise<ConsumeMessage> {
    const { name } = outgoing;
    if (signal?.aborted) throw new RequestError("cancelled", `Request "${name}" was cancelled before it was sent.`);
    const channel = this.#channel;
    if (!channel) throw new RequestError("lost", `Request "${name}" was not sent: there is no connection now.`);
    const correlationId = `${++this.#counter}`;
    let timer: NodeJS.Timeout | undefined;
    let cancel: (() => void) | undefined;
    try {
      return await new Promise<ConsumeMessage>((resolve, reject) => {
        const fail = (code: RequestCode, fault: string): void => reject(new RequestError(code, fault));
        timer = setTimeout(
          () => fail("timeout", `Request "${name}" got no reply within ${timeout} ms; whether it was handled is unknown.`),
          timeout,
        );
        cancel = () => fail("cancelled", `Request "${name}" was cancelled; whether it was handled is unknown.`);
        signal?.addEventListener("abort", cancel, { once: true });
        this.#waiting.set(correlationId, { name, resolve, reject });
        // Written into what is there: a copy would be of a shape that amqplib reads slowly.
        const properties = outgoing.properties as Options.Publish;
        properties.correlationId = correlationId;
        properties.replyTo = REPLY_TO;
        // Nobody wants the answer of a request that has timed out.
        properties.expiration ??= String(timeout);
        try {
          channel.publish(outgoing.exchange, outgoing.key, outgoing.content, properties);
        } catch (error) {
          fail("lost", `Request "${name}" was not sent: ${(error as Error).message}.`);
        }
      });
    } finally {
      clearTimeout(timer);
      if (cancel) signal?.removeEventListener("abort", cancel);
      this.#waiting.delete(correlationId);
    }
  }

  close(): void {
    this.link.remove(this);
    this.#failAll("closed", "the bus was closed");
  }

  async open(connection: ChannelModel): Promise<void> {
    this.#connection = connection;
    const channel = await connection.createChannel();
    let fault: Error | undefined;
    channel.on("error", (error: Error) => (fault = error));
    channel.on("close", () => {
      if (this.#channel !== channel) return;
      this.#channel = undefined;
      this.#failAll("lost", fault?.message ?? "the channel was closed");
      if (this.#connection) void this.open(this.#connection).catch(() => undefined);
    });
    channel.on("return", ({ properties, fields }: Message) => {
      const { replyText } = fields as unknown as { readonly replyText: string };
      const waiting = this.#waiting.get(String(properties.correlationId));
      waiting?.reject(
        new RequestError("absent", `Request "${waiting.name}" was returned: ${replyText}.`, {
          remedy: "start the service that answers it",
        }),
      );
    });
    await channel.consume(REPLY_TO, (reply) => reply && this.#waiting.get(String(reply.properties.correlationId))?.resolve(reply), {
      noAck: true,
    });
    this.#channel = channel;
  }

  lost(reason: string): void {
    this.#connection = undefined;
    this.#channel = undefined;
    this.#failAll("lost", reason);
  }

  failed(fault: WorkerError): void {
    this.#failAll("closed", fault.message);
  }

  #failAll(code: RequestCode, why: string): void {
    for (const { name, reject } of this.#waiting.values())
      reject(new RequestError(code, `Request "${name}" has no reply: ${why}. Whether it was handled is unknown.`));
  }
}
