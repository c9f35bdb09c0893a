/** Speaking AMQP as the suite needs it: publish and know what became of it, take out what lies in a queue, try what may be refused. */
import amqp, { type Channel, type ChannelModel, type ConfirmChannel, type ConsumeMessage, type GetMessage, type Options } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { addressOf } from "./handshake.js";
import type { Timeout } from "./timeouts.js";

export interface Sent extends Options.Publish {
  /** @default "" */
  readonly body?: string | Buffer;
}

/** What became of a published message. */
export interface Outcome {
  readonly confirmed: boolean;
  /** Of one that was published as mandatory: why it came back, `NO_ROUTE`. */
  readonly returned?: string;
}

/** What the broker said when it closed a channel or a connection: 403 ACCESS_REFUSED, 404 NOT_FOUND, 406 PRECONDITION_FAILED. */
export interface Refusal {
  readonly code: number;
  readonly text: string;
}

export interface SessionOptions {
  /** Without credentials and vhost: `amqp://host:5672`. */
  readonly url: string;
  readonly vhost: string;
  readonly username: string;
  readonly password: string;
  /** Certificate authorities, PEM. */
  readonly ca?: string;
  /** Client certificate and its key, PEM. */
  readonly cert?: string;
  readonly key?: string;
  readonly timeouts: Readonly<Record<Timeout, number>>;
}

export class Session {
  /** Whether the connection is gone, whoever ended it. */
  closed = false;
  /** What the broker said when it closed the connection. */
  fault: string | undefined;
  readonly #waiting = new Map<string, (reason: string) => void>();
  #publisher: Promise<ConfirmChannel> | undefined;
  /** By queue: the broker closes a channel that asks for what is not there, and others must not suffer it. */
  readonly #readers = new Map<string, Promise<Channel>>();
  /** Queues with a single active consumer, of which quorum queues refuse `basic.get`. */
  readonly #consumed = new Set<string>();

  private constructor(
    private readonly connection: ChannelModel,
    private readonly options: SessionOptions,
  ) {
    connection.on("close", () => (this.closed = true));
    // Faults reach who waits for an answer; without a listener they would end the process.
    connection.on("error", (error: Error) => (this.fault = error.message));
  }

  /** Throws what the broker says: 403 for wrong credentials, 530 for a vhost that is closed to the user. */
  static async open(options: SessionOptions): Promise<Session> {
    const { url, vhost, username, password, ca, cert, key, timeouts } = options;
    const connection = await amqp.connect(
      {
        protocol: new URL(url).protocol.slice(0, -1),
        ...addressOf(url),
        username,
        password,
        vhost,
        heartbeat: 30,
      },
      // With a delay, every answer to a small frame takes 40 ms.
      {
        noDelay: true,
        timeout: timeouts.connect,
        ...(ca === undefined ? {} : { ca: [ca] }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        clientProperties: { connection_name: "warren conformance" },
      },
    );
    return new Session(connection, options);
  }

  /** A further connection of the same user, for the caller to close. */
  again(): Promise<Session> {
    return Session.open(this.options);
  }

  private get timeouts(): SessionOptions["timeouts"] {
    return this.options.timeouts;
  }

  get username(): string {
    return this.options.username;
  }

  async close(): Promise<void> {
    await this.connection.close().catch(() => undefined);
  }

  /** A channel of its own, for who consumes or counts on its order. */
  async channel(): Promise<Channel> {
    const channel = await this.connection.createChannel();
    channel.on("error", () => undefined);
    return channel;
  }

  async confirmChannel(): Promise<ConfirmChannel> {
    const channel = await this.connection.createConfirmChannel();
    channel.on("error", () => undefined);
    return channel;
  }

  /** Publishes with the mandatory flag and waits for the broker's word. With it comes what was returned, which the broker sends first. */
  async publish(exchange: string, key: string, { body = "", ...properties }: Sent & { readonly messageId: string }): Promise<Outcome> {
    this.#publisher ??= this.openPublisher();
    const channel = await this.#publisher;
    let returned: string | undefined;
    this.#waiting.set(properties.messageId, (reason) => (returned = reason));
    const confirmed = await within(
      this.timeouts.confirm,
      `the broker's word on message ${properties.messageId}`,
      new Promise<boolean>((resolve, reject) => {
        channel.once("close", () => reject(new Error(`the channel closed while publishing to ${JSON.stringify(exchange)}`)));
        channel.publish(exchange, key, Buffer.from(body), { persistent: true, mandatory: true, ...properties }, (error) => resolve(!error));
      }),
    ).finally(() => this.#waiting.delete(properties.messageId));
    return { confirmed, ...(returned === undefined ? {} : { returned }) };
  }

  private async openPublisher(): Promise<ConfirmChannel> {
    const channel = await this.confirmChannel();
    channel.setMaxListeners(0);
    channel.on("return", (message) => {
      const fields = message.fields as unknown as { readonly replyText: string };
      this.#waiting.get(String(message.properties.messageId))?.(fields.replyText);
    });
    // One that the broker closed is of no more use.
    channel.on("close", () => (this.#publisher = undefined));
    return channel;
  }

  /** Takes out everything that is ready. */
  async drain(queue: string): Promise<GetMessage[]> {
    if (this.#consumed.has(queue)) return this.consumeAll(queue);
    const all: GetMessage[] = [];
    try {
      const channel = await this.reader(queue);
      for (let message = await channel.get(queue, { noAck: true }); message; message = await channel.get(queue, { noAck: true }))
        all.push(message);
      return all;
    } catch (error) {
      if (!isSingleActive(error) && !this.#consumed.has(queue)) throw error;
      this.#consumed.add(queue);
      return this.consumeAll(queue);
    }
  }

  private reader(queue: string): Promise<Channel> {
    const known = this.#readers.get(queue) ?? this.channel().then((channel) => channel.on("close", () => this.#readers.delete(queue)));
    this.#readers.set(queue, known);
    return known;
  }

  /** The same by a consumer: all is there when the queue is empty and nothing has come for a moment. */
  private async consumeAll(queue: string): Promise<GetMessage[]> {
    const channel = await this.channel();
    const all: GetMessage[] = [];
    try {
      const { consumerTag } = await channel.consume(queue, (message) => void (message && all.push(asGot(message))), { noAck: true });
      for (const deadline = Date.now() + this.timeouts.arrival; Date.now() < deadline;) {
        const before = all.length;
        const { messageCount } = await channel.checkQueue(queue);
        await sleep(this.timeouts.poll);
        if (messageCount === 0 && all.length === before) break;
      }
      await channel.cancel(consumerTag);
      return all;
    } finally {
      await channel.close().catch(() => undefined);
    }
  }

  /** Waits for so many messages, and takes them out. Gives fewer if no more come in time. */
  async await(queue: string, count: number, ms: number): Promise<GetMessage[]> {
    const all: GetMessage[] = [];
    for (const deadline = Date.now() + ms; ; await sleep(this.timeouts.poll)) {
      all.push(...(await this.drain(queue)));
      if (all.length >= count || Date.now() > deadline) return all;
    }
  }

  /** Tries something on a channel of its own; the answer is the broker's refusal, or `undefined` if it let it pass. */
  async attempt(work: (channel: ConfirmChannel) => Promise<unknown>): Promise<Refusal | undefined> {
    const channel = await this.connection.createConfirmChannel();
    const refused = new Promise<Refusal>((resolve) => {
      channel.on("error", (error: Error & { readonly code?: number }) => resolve({ code: error.code ?? 0, text: error.message }));
    });
    const done = work(channel).then(
      () => undefined,
      // What failed on a channel that the broker closed says less than the broker did.
      (error: unknown) => Promise.race([refused, sleep(this.timeouts.poll).then(() => Promise.reject(error as Error))]),
    );
    const answer = await within(this.timeouts.confirm, "the broker's answer", Promise.race([refused, done]));
    if (!answer) await channel.close().catch(() => undefined);
    return answer;
  }
}

/** Whether the broker refused `basic.get` because the queue has a single active consumer. */
export const isSingleActive = (error: unknown): boolean => error instanceof Error && /405.*single active consumer/.test(error.message);

const asGot = (message: ConsumeMessage): GetMessage => ({ ...message, fields: { ...message.fields, messageCount: 0 } });

/** Throws if it takes longer; what is waited for is named. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
