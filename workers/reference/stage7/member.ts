/** A member of Stage7: it writes to one instance, to a type or to all, and asks; over the broker, and over HTTP when there is none. */
import { randomUUID } from "node:crypto";
import { fetch } from "undici";
import type { z } from "zod";
import { type stage7 } from "../../../topology/systems/stage7.js";
import type { Bus } from "../../bus.js";
import { PublishError, RequestError } from "../../errors.js";
import { memoryOnce } from "../../once/index.js";
import { ApiError } from "../http.js";
import type { Instance, Registry } from "./registry.js";

export type Stage7 = typeof stage7;
/** Those that have an inbox. All of them may do the same. */
export type MemberService = Exclude<keyof Stage7["services"], "dlq-handler">;
export type Letter = z.infer<typeof stage7.messages.message.schema>;

export interface Self {
  readonly serviceType: string;
  readonly serviceId: string;
}

/** What a member does with what it gets; to a request it gives back the reply. */
export type OnLetter = (letter: Letter, member: Member, asked: boolean) => Letter | undefined | Promise<Letter | undefined>;

export interface Sent {
  readonly messageId: string;
  readonly by: "broker" | "http";
}

/** The bus as any member has it. */
export type MemberBus = Bus<Stage7, "brain">;

interface Options extends Self {
  /** Connected now, or nothing. */
  readonly bus: () => MemberBus | undefined;
  readonly registry: Registry;
  readonly onLetter: OnLetter;
  /** What members show to each other over HTTP. */
  readonly token?: string | undefined;
  /** Milliseconds for the broker's confirm before HTTP is tried. @default 2000 */
  readonly confirmWithin?: number;
}

/** Milliseconds for a reply. */
const REPLY_WITHIN = 30_000;
/** The broker is away, or was lost on the way. What may have arrived is sent with the same id, and taken once. */
const AWAY = new Set(["buffer-full", "timeout", "closed", "breaker-open", "lost"]);

const isAway = (error: unknown): boolean => (error instanceof PublishError || error instanceof RequestError) && AWAY.has(error.code);

export class Member implements Self {
  readonly serviceType: string;
  readonly serviceId: string;
  readonly #taken = memoryOnce({ max: 10_000, ttl: "10 minutes" });

  constructor(private readonly options: Options) {
    this.serviceType = options.serviceType;
    this.serviceId = options.serviceId;
  }

  /** Throws a `PublishError` ("unroutable": nobody of that name) or an `ApiError`. */
  async send(recipient: string, letter: Omit<Letter, "sender">, timeout = this.options.confirmWithin ?? 2000): Promise<Sent> {
    const messageId = randomUUID();
    const whole: Letter = { sender: this.serviceId, ...letter };
    const bus = this.options.bus();
    if (bus)
      try {
        await (recipient === "all"
          ? bus.publish("broadcast", whole, { messageId, timeout })
          : bus.publish("message", whole, { key: { recipient }, messageId, timeout }));
        return { messageId, by: "broker" };
      } catch (error) {
        if (!isAway(error)) throw error;
      }
    const instances = await this.#find(recipient);
    const results = await Promise.allSettled(instances.map((instance) => this.#call(instance, "message", whole, messageId, timeout)));
    if (results.every(({ status }) => status === "rejected")) throw unreached(recipient, (results[0] as PromiseRejectedResult).reason);
    return { messageId, by: "http" };
  }

  /** Throws a `RequestError` or an `ApiError`. */
  async request(
    recipient: string,
    letter: Omit<Letter, "sender">,
    timeout = REPLY_WITHIN,
  ): Promise<{ readonly reply: Letter; readonly by: Sent["by"] }> {
    const messageId = randomUUID();
    const whole: Letter = { sender: this.serviceId, ...letter };
    const bus = this.options.bus();
    if (bus)
      try {
        return { reply: await bus.request("request", whole, { key: { recipient }, messageId, timeout }), by: "broker" };
      } catch (error) {
        // A time-out of its own is an answer; only a lost broker is asked past.
        if (error instanceof RequestError && error.code === "timeout" && this.options.bus()) throw error;
        if (!isAway(error)) throw error;
      }
    let fault: unknown;
    for (const instance of await this.#find(recipient))
      try {
        return { reply: (await this.#call(instance, "request", whole, messageId, timeout)) as Letter, by: "http" };
      } catch (error) {
        fault = error;
      }
    throw unreached(recipient, fault);
  }

  /** What came, by whichever way. A message is taken once; a request is answered as often as it is asked. */
  async take(letter: Letter, messageId: string | undefined, asked: boolean): Promise<Letter | undefined> {
    if (!asked && messageId !== undefined && this.#taken.seen(messageId)) return undefined;
    const reply = await this.options.onLetter(letter, this, asked);
    if (!asked && messageId !== undefined) this.#taken.commit(messageId, []);
    return reply;
  }

  async #find(recipient: string): Promise<readonly Instance[]> {
    const found = await this.options.registry.find(recipient);
    if (found.length > 0) return found;
    throw new ApiError(
      404,
      "absent",
      `There is no broker now, and no instance of "${recipient}" is known.`,
      "start one, or wait for the broker",
    );
  }

  async #call({ url }: Instance, kind: "message" | "request", letter: Letter, messageId: string, timeout: number): Promise<unknown> {
    const { token } = this.options;
    const answer = await fetch(`${url}/${kind}s`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "message-id": messageId,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(letter),
      signal: AbortSignal.timeout(timeout),
    });
    const body: unknown = await answer.json();
    if (answer.ok) return body;
    throw new Error(`it answered ${answer.status}`);
  }
}

const unreached = (recipient: string, cause: unknown): ApiError => {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ApiError(
    503,
    "unreached",
    `There is no broker now, and "${recipient}" is not reached over HTTP: ${why}.`,
    "try again later",
    cause,
  );
};
