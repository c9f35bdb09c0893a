/** Publishes messages to a live broker one after the other, does with each what is asked, and tells where every copy ends. */
import { setTimeout as sleep } from "node:timers/promises";
import type amqp from "amqplib";
import type { Death } from "../../topology/explain.js";
import type { End, Outcome, Sent } from "../../topology/routing-regressions.js";
import { HORIZON_MS, type Answer } from "./answer.js";

/** Looks at queues in which something lies that may have been dead-lettered there, and stays. */
const EXPIRY_TRIES = 40;
/** What is still on its way when everything expected is there comes within this time. */
const SETTLE_MS = 60;

export interface Observed {
  readonly queues: readonly string[];
  /** Those in which a message expires at once: nobody looks into them before the end. */
  readonly fleeting: ReadonlySet<string>;
  /** What each name is on the broker. */
  readonly prefix: string;
  /** How long something is waited for that has to come. Milliseconds. */
  readonly patience: number;
}

/** Whole numbers inside of lists and tables are 64 bits wide, as in bindings. */
function encoded(value: unknown, inside = false): unknown {
  if (Array.isArray(value)) return value.map((entry) => encoded(entry, true));
  if (Number.isInteger(value) && inside) return { "!": "long", value };
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, encoded(entry, true)]));
}

/** The channel's own view of the queues of one network. */
export class Observer {
  private readonly outcomes = new Map<string, { returned: boolean; nacked: boolean; ends: End[] }>();

  constructor(
    private readonly channel: amqp.ConfirmChannel,
    private readonly of: Observed,
  ) {
    channel.on("return", (message) => (this.outcome(String(message.properties.messageId)).returned = true));
  }

  private outcome(id: string): { returned: boolean; nacked: boolean; ends: End[] } {
    const known = this.outcomes.get(id) ?? { returned: false, nacked: false, ends: [] };
    this.outcomes.set(id, known);
    return known;
  }

  /** Publishes all copies of a message, acts, and waits for what is expected. */
  async run(round: number, sent: Sent, expected: Answer): Promise<void> {
    for (let copy = 0; copy < expected.copies.length; copy++) await this.publish(`${round}.${copy}`, sent);
    for (const { queue, times } of expected.acts) await this.act(queue, `${round}.0`, expected.then, times);
    if (sent.expiration !== undefined && sent.expiration <= HORIZON_MS) await this.expire(sent.expiration);
    const wanted = expected.copies.map(({ ends }) => ends.filter(({ perhaps }) => !perhaps).length);
    const missing = (): boolean => wanted.some((count, copy) => this.outcome(`${round}.${copy}`).ends.length < count);
    for (const started = Date.now(); ; await sleep(3)) {
      await this.sweep(this.of.queues.filter((queue) => !this.of.fleeting.has(queue)));
      if (!missing() || Date.now() - started > this.of.patience) break;
    }
    if (expected.copies.some(({ ends }) => ends.some(({ perhaps }) => perhaps))) await this.settle();
    // Else the next message could find no room.
    await this.pass();
  }

  /**
   * Waits until messages with an expiration of their own have gone. To look would be to take them, even some milliseconds too late: a classic
   * queue hands out what its timer has not yet dropped [4.3.6, measured].
   */
  private async expire(expiration: number): Promise<void> {
    await sleep(expiration + 5);
    for (let tries = 0; tries < EXPIRY_TRIES; tries++) {
      let lying = 0;
      for (const queue of this.of.queues) lying += (await this.channel.checkQueue(this.of.prefix + queue)).messageCount;
      if (lying === 0) return;
      await sleep(5);
    }
  }

  /** Waits until nothing lies any more where everything expires at once. */
  private async pass(): Promise<void> {
    for (const queue of this.of.fleeting) {
      for (const started = Date.now(); Date.now() - started < this.of.patience; await sleep(3))
        if ((await this.channel.checkQueue(this.of.prefix + queue)).messageCount === 0) break;
    }
  }

  /** Takes what has come after all, from every queue. */
  async finish(): Promise<void> {
    await this.settle();
    // What left the last of these queues may have come to the first.
    await this.pass();
    await this.pass();
    await this.sweep(this.of.queues);
  }

  /** What became of the copies of a message. */
  outcomesOf(round: number, copies: number): Outcome[] {
    return Array.from({ length: copies }, (_, copy) => this.outcome(`${round}.${copy}`));
  }

  private async settle(): Promise<void> {
    await sleep(SETTLE_MS);
    await this.sweep(this.of.queues.filter((queue) => !this.of.fleeting.has(queue)));
  }

  private publish(id: string, { exchange, key, headers = {}, cc = [], bcc = [], expiration }: Sent): Promise<void> {
    const { prefix } = this.of;
    const rename = (text: string): string => text.replace(/\b[eq]\d\b/g, (name) => prefix + name);
    return new Promise((resolve) => {
      this.channel.publish(
        rename(exchange),
        rename(key),
        Buffer.from("."),
        {
          messageId: id,
          mandatory: true,
          headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, encoded(value)])),
          ...(cc.length > 0 ? { CC: cc.map(rename) } : {}),
          ...(bcc.length > 0 ? { BCC: bcc.map(rename) } : {}),
          ...(expiration === undefined ? {} : { expiration: String(expiration) }),
        },
        (error: unknown) => {
          if (error) this.outcome(id).nacked = true;
          resolve();
        },
      );
    });
  }

  private async act(queue: string, id: string, then: Sent["then"], times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      const message = await this.take(queue, id, then === "returns" ? time : 0);
      if (!message) return;
      // Negative acknowledgements do not count towards a limit, however many there are.
      if (then === "fails" && time === 0) {
        this.channel.nack(message, false, true);
        const again = await this.take(queue, id, 0);
        if (!again) return;
        this.channel.reject(again, true);
      } else this.channel.reject(message, then === "fails");
    }
  }

  /** Gets a message that was rejected in this queue so often already; dead letters that lie there too are kept as what they are. */
  private async take(queue: string, id: string, rejections: number): Promise<amqp.GetMessage | undefined> {
    for (const started = Date.now(); Date.now() - started < this.of.patience;) {
      const message = await this.channel.get(this.of.prefix + queue);
      if (!message) {
        await sleep(2);
        continue;
      }
      const deaths = this.deaths(message);
      const here = deaths.find((death) => death.queue === queue && death.reason === "rejected")?.count ?? 0;
      if (message.properties.messageId === id && here === rejections && (rejections > 0 || deaths.length === 0)) return message;
      this.record(queue, message);
      this.channel.ack(message);
    }
    return undefined;
  }

  private async sweep(queues: readonly string[]): Promise<void> {
    for (const queue of queues) {
      for (;;) {
        const message = await this.channel.get(this.of.prefix + queue, { noAck: true });
        if (!message) break;
        this.record(queue, message);
      }
    }
  }

  private record(queue: string, message: amqp.GetMessage): void {
    this.outcome(String(message.properties.messageId)).ends.push({ queue, deaths: this.deaths(message) });
  }

  private deaths({ properties }: amqp.GetMessage): Death[] {
    const own = (text: string): string => text.replaceAll(this.of.prefix, "");
    const header = (properties.headers?.["x-death"] ?? []) as unknown as (Death & { readonly time?: unknown })[];
    return header.map(({ time: _time, queue, exchange, "routing-keys": keys, ...death }) => ({
      ...death,
      queue: own(queue),
      exchange: own(exchange),
      "routing-keys": keys.map(own),
    }));
  }
}
