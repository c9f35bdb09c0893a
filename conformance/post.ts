/** Sends messages through a few queues and follows them: to where they end, with what is written on them, and not too early. */
import type { Channel, ConfirmChannel, Message } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import type { Departure } from "../topology/explain.js";
import type { Sent, Session } from "./amqp.js";
import { judge, told, type Arrival, type Letter } from "./arrival.js";
import { ends, list, passes, type End, type Subject } from "./ends.js";
import type { Ground } from "./ground.js";
import { Ledger } from "./ledger.js";
import { Broken, Untried, type Case, type Note } from "./probe.js";
import { whereIs } from "./seen.js";

export class Post {
  readonly #arrived = new Map<string, Arrival[]>();
  readonly #channels: Channel[] = [];
  readonly #consumed = new Map<Channel, Message[]>();
  readonly #streams: ReadonlySet<string>;

  private constructor(
    readonly ground: Ground,
    readonly note: Note,
    readonly session: Session,
    private readonly probe: string,
    private readonly subject: Subject,
  ) {
    this.#streams = new Set([...ground.plan.queues, subject].filter(({ type }) => type === "stream").map(({ name }) => name));
  }

  /** With queues that are empty when it begins and when it ends. An instance's queue is there for the while. */
  static async use(
    [ground, note]: readonly [Ground, Note],
    probe: string,
    subject: Subject,
    touches: readonly string[],
    work: (post: Post) => Promise<void>,
  ): Promise<void> {
    const post = new Post(ground, note, await ground.session(), probe, subject);
    const instance = subject.role === undefined;
    if (instance) await ground.management.putQueue(ground.vhost, subject.name, subject);
    try {
      const there = new Set([...ground.plan.queues.map(({ name }) => name), subject.name]);
      const streams = touches.filter((name) => post.#streams.has(name));
      const queues = touches.filter((name) => there.has(name) && !post.#streams.has(name));
      await post.#empty(queues);
      if (streams.length > 0) await post.#listen(streams);
      try {
        await work(post);
      } finally {
        for (const channel of post.#channels) await channel.close().catch(() => undefined);
        await post.#empty(queues);
      }
    } finally {
      if (instance) await ground.management.deleteQueue(ground.vhost, subject.name);
    }
  }

  get name(): string {
    return this.subject.label ?? `queue ${JSON.stringify(this.subject.name)}`;
  }

  /** A channel that is closed with the case, whatever it holds. */
  async channel(): Promise<Channel> {
    const channel = await this.session.channel();
    this.#channels.push(channel);
    return channel;
  }

  async confirmChannel(): Promise<ConfirmChannel> {
    const channel = await this.session.confirmChannel();
    this.#channels.push(channel);
    return channel;
  }

  /** A new message's id; it may be found in these queues. */
  register(what: string, queues: readonly string[]): string {
    const id = this.ground.messageId();
    Ledger.of(this.ground).allow(id, this.probe, `${this.name}: ${what}`, queues);
    return id;
  }

  /** Publishes a message that has to be taken. `what` it is, for what is said of it later. */
  async send(exchange: string, key: string, what: string, properties: Sent = {}): Promise<Letter> {
    const id = this.register(what, [this.subject.name]);
    const at = Date.now();
    const outcome = await this.session.publish(exchange, key, { ...properties, messageId: id });
    const to = exchange === "" ? `queue ${JSON.stringify(key)}` : `exchange ${JSON.stringify(exchange)} with key ${JSON.stringify(key)}`;
    this.note("sent", `${what} to ${to}`);
    if (outcome.returned !== undefined) throw new Broken(`${this.name}: ${what} to ${to} was returned: ${outcome.returned}`);
    if (!outcome.confirmed) throw new Broken(`${this.name}: ${what} to ${to} was refused`);
    return { ...outcome, id, at, confirmedAt: Date.now(), headers: (properties.headers ?? {}) as Record<string, unknown> };
  }

  /** To the case's own queue. */
  put(what: string, properties?: Sent): Promise<Letter> {
    return this.send("", this.subject.name, what, properties);
  }

  /** Gets the message that is first in the case's queue, without an answer yet; from a single active consumer's queue by consuming. */
  async get(channel: Channel, what: string, ms = this.ground.timeouts.arrival): Promise<Message> {
    const { name } = this.subject;
    const consumed = this.subject.arguments["x-single-active-consumer"] === true ? await this.#consume(channel) : undefined;
    const look = async (): Promise<Message | undefined> =>
      consumed ? consumed.shift() : (await channel.get(name, { noAck: false })) || undefined;
    return this.ground.eventually(`${this.name}: ${what} to be got from it`, look, ms);
  }

  async #consume(channel: Channel): Promise<Message[]> {
    const known = this.#consumed.get(channel);
    if (known) return known;
    const messages: Message[] = [];
    this.#consumed.set(channel, messages);
    await channel.prefetch(1);
    await channel.consume(this.subject.name, (message) => void (message && messages.push(message)));
    return messages;
  }

  /** Waits until a message is where its departure leads, after `wait` milliseconds or more, and looks at what is written on it. */
  async follow(letter: Letter, what: string, departure: Departure, wait = 0): Promise<void> {
    if (departure.effect === "kept") throw new Untried("a dead letter that nobody takes would stay in the queue for ever");
    const expected = ends(departure);
    Ledger.of(this.ground).allow(letter.id, this.probe, `${this.name}: ${what}`, passes(departure));
    if (expected.length === 0) return this.#gone(letter, what, wait);
    const { timeouts } = this.ground;
    const longest = wait + Math.max(...expected.map(({ after }) => after)) + timeouts.arrival;
    const queues = [...new Set(expected.map(({ queue }) => queue))];
    for (const deadline = letter.at + longest; ; await sleep(timeouts.poll)) {
      for (const queue of queues) await this.#fetch(queue);
      if (this.#complete(letter, expected, departure) || Date.now() > deadline) break;
    }
    for (const queue of queues) this.note("arrived", told(letter, queue, this.#of(letter, queue)));
    if (!this.#complete(letter, expected, departure)) {
      const missing = expected.filter(({ queue, certain }) => certain && this.#of(letter, queue).length === 0).map(({ queue }) => queue);
      const to = missing.length > 0 ? list(missing) : `any of ${list(queues)}`;
      // Somebody else may have taken it out.
      const where = [...(await whereIs(this.ground, letter.id)), ...Ledger.of(this.ground).where(letter.id)];
      throw new Broken(`${this.name}: ${what} did not reach ${to} within ${longest / 1000} s; it is in ${list(where)}`);
    }
    for (const queue of queues) {
      const copies = this.#of(letter, queue).length;
      if (copies > expected.filter((end) => end.queue === queue).length)
        throw new Broken(`${this.name}: ${what} reached ${JSON.stringify(queue)} ${copies} times`);
    }
    for (const { queue } of expected)
      for (const arrival of this.#of(letter, queue))
        judge(
          arrival,
          `${this.name}: ${what}`,
          letter,
          expected.filter((end) => end.queue === queue),
          wait,
        );
  }

  /** Everything that lies in a queue, in its order: their ids. */
  async ids(queue: string): Promise<string[]> {
    await this.#fetch(queue);
    const arrived = this.#arrived.get(queue) ?? [];
    this.#arrived.delete(queue);
    return arrived.map(({ message }) => String(message.properties.messageId));
  }

  async #gone(letter: Letter, what: string, wait: number): Promise<void> {
    if (wait > 0) await sleep(letter.confirmedAt + wait + this.ground.timeouts.silence - Date.now());
    await this.#fetch(this.subject.name);
    if (this.#of(letter, this.subject.name).length > 0) throw new Broken(`${this.name}: ${what} is still in it`);
    this.note("read", `${what} is gone`);
  }

  #of({ id }: Letter, queue: string): Arrival[] {
    return (this.#arrived.get(queue) ?? []).filter(({ message }) => message.properties.messageId === id);
  }

  #complete(letter: Letter, expected: readonly End[], { mayBeLost }: Departure): boolean {
    const got = (queue: string): boolean => this.#of(letter, queue).length > 0;
    const uncertain = expected.filter(({ certain }) => !certain);
    const surely = expected.every(({ certain, queue }) => !certain || got(queue));
    return surely && (uncertain.length < expected.length || mayBeLost === true || uncertain.some(({ queue }) => got(queue)));
  }

  /** Takes out what lies there; streams deliver by themselves. */
  async #fetch(queue: string): Promise<void> {
    if (!this.#streams.has(queue)) for (const message of await this.session.drain(queue)) this.#arrive(queue, message);
  }

  #arrive(queue: string, message: Arrival["message"]): void {
    this.#arrived.set(queue, [...(this.#arrived.get(queue) ?? []), { message, at: Date.now() }]);
    Ledger.of(this.ground).found(String(message.properties.messageId), queue);
  }

  async #empty(queues: readonly string[]): Promise<void> {
    const ledger = Ledger.of(this.ground);
    for (const name of queues)
      for (const { properties } of await this.session.drain(name)) ledger.found(String(properties.messageId), name);
  }

  async #listen(streams: readonly string[]): Promise<void> {
    const channel = await this.channel();
    await channel.prefetch(1000);
    for (const name of streams) {
      const options = { noAck: false, arguments: { "x-stream-offset": "next" } };
      const reader = channel.consume(name, (message) => message && this.#arrive(name, message), options);
      await reader.catch((error: unknown) => {
        throw new Broken(`queue ${JSON.stringify(name)} lets no reader in at an offset: ${(error as Error).message}`);
      });
    }
  }
}

/** A case of one queue and of those that its messages reach. */
export function queueCase(
  probe: string,
  subject: Subject,
  { name, also = [], ms }: { readonly name?: string; readonly also?: readonly string[]; readonly ms?: number },
  work: (post: Post) => Promise<void>,
): Case {
  const touches = [...new Set([subject.name, ...also])];
  return {
    name: `queue ${JSON.stringify(subject.name)}${name === undefined ? "" : `, ${name}`}`,
    touches,
    ...(ms === undefined ? {} : { ms }),
    run: (ground, note) => Post.use([ground, note], probe, subject, touches, work),
  };
}
