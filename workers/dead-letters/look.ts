/** Looks into dead letters and leaves all of them where they are. */
import type { ConsumeMessage } from "amqplib";
import { checkQueue, Connection, type BrokerSettings } from "./connection.js";
import { matches, wanted, type Filter } from "./filter.js";
import { headersOf, letterOf, type Letter } from "./letter.js";
import { take, type Progress, type Stopped } from "./take.js";
import { Tally } from "./tally.js";

export interface LookOptions {
  readonly queue: string;
  readonly type?: string | undefined;
  readonly filter: Filter;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Summary {
  /** Ready when it began. */
  readonly messages: number;
  readonly consumers: number;
  readonly looked: number;
  /** Of those that were looked at. */
  readonly matched: number;
  /** By what is known of them; what says nothing is `unknown`. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly from: Readonly<Record<string, number>>;
  /** The earliest death, in milliseconds since 1970. */
  readonly oldest: number | undefined;
  /** Matched, and nothing says when they died. */
  readonly undated: number;
  readonly stopped?: Stopped;
}

/** Looks at the first messages of a queue, at most so many. */
export async function summary(connection: Connection, { limit, ...options }: LookOptions & { readonly limit: number }): Promise<Summary> {
  const { queue, type, filter, signal, onProgress } = options;
  await checkQueue(connection, queue);
  const [reasons, from] = [new Tally(), new Tally()];
  let [looked, matched, undated] = [0, 0, 0];
  let oldest: number | undefined;
  const judge = (message: ConsumeMessage): "give-back" => {
    if (looked >= limit) return "give-back";
    looked++;
    const letter = letterOf(message);
    if (!matches(filter, letter, headersOf(message), Date.now())) return "give-back";
    matched++;
    reasons.add(letter.reason ?? "unknown");
    from.add(letter.from ?? "unknown");
    if (letter.diedAt === undefined) undated++;
    else oldest = Math.min(oldest ?? letter.diedAt, letter.diedAt);
    return "give-back";
  };
  const { total, consumers, stopped } = await take(connection, queue, judge, { type, more: () => limit - looked, signal, onProgress });
  const found = { messages: total, consumers, looked, matched, reasons: reasons.record, from: from.record, oldest, undated };
  return { ...found, ...(stopped ? { stopped } : {}) };
}

export interface Shown {
  readonly letter: Letter;
  readonly exchange: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly contentType: string | undefined;
  readonly bytes: number;
  /** If it was asked for. */
  readonly body?: Buffer;
}

export interface Looked {
  readonly messages: readonly Shown[];
  readonly total: number;
  readonly looked: number;
  readonly stopped?: Stopped;
}

export interface ShowOptions extends LookOptions {
  readonly limit: number;
  readonly body: boolean;
  /** Of those the last ones alone. @default all */
  readonly last?: number | undefined;
}

/** The first that match, or the last of these. They are held in memory, with their bodies if asked for; the rest is not. */
export async function show(broker: BrokerSettings, { limit, body, last = limit, ...options }: ShowOptions): Promise<Looked> {
  const { queue, type, filter, signal, onProgress } = options;
  const connection = await Connection.open(broker);
  try {
    await checkQueue(connection, queue);
    const messages: Shown[] = [];
    let [looked, matched] = [0, 0];
    const judge = (message: ConsumeMessage): "give-back" => {
      if (matched >= limit) return "give-back";
      looked++;
      const letter = letterOf(message);
      const headers = headersOf(message);
      if (!matches(filter, letter, headers, Date.now())) return "give-back";
      matched++;
      if (messages.length >= last) messages.shift();
      const { fields, properties, content } = message;
      messages.push({
        letter,
        exchange: fields.exchange,
        key: fields.routingKey,
        headers,
        contentType: properties.contentType as string | undefined,
        bytes: content.length,
        // A copy: what the socket read holds other messages too.
        ...(body ? { body: Buffer.from(content) } : {}),
      });
      return "give-back";
    };
    const { total, stopped } = await take(connection, queue, judge, {
      type,
      more: () => wanted(filter, limit, matched),
      signal,
      onProgress,
    });
    return { messages, total, looked, ...(stopped ? { stopped } : {}) };
  } finally {
    await connection.close();
  }
}
