/** What a dead letter says of itself: why it died, in which queue, how often it failed, where it was published first. */
import type { MessageFields, MessageProperties } from "amqplib";
import { ATTEMPT, EXCHANGE, failuresOf, HISTORY, historyOf, KEY, QUEUE, REASON, type Failure } from "../consume/history.js";

/** Headers that this folder writes. */
export const REQUEUED = "warren-requeued";
export const REQUEUE = "warren-requeue";
/** Milliseconds since 1970: when it was put back, and its time in that queue began anew. */
export const REQUEUED_AT = "warren-requeued-at";

/** The retry protocol's: taken off, so that the ladder begins anew. */
const PROTOCOL: readonly string[] = [ATTEMPT, HISTORY, QUEUE, REASON];

/** The broker's own: it writes them when a message dies or is delivered, and takes no notice of those that a client sends. */
const BROKERS = /^x-(death|(first|last)-death-(queue|reason|exchange)|delivery-count|acquired-count|stream-offset)$/;

export type Headers = Readonly<Record<string, unknown>>;

/** An entry of `x-death`: in the broker's order the latest is the first. */
export interface Death {
  readonly queue: string;
  readonly reason: string;
  readonly count: number;
  readonly exchange: string;
  readonly keys: readonly string[];
  /** Milliseconds since 1970; the broker gives whole seconds. */
  readonly at: number | undefined;
}

export interface Letter {
  readonly id: string | undefined;
  /** Which message of a topology it is, by its property `type`. */
  readonly name: string | undefined;
  /** By the worker (`exhausted`, `malformed`, `invalid`, `parked`), else by the broker (`rejected`, `expired`, `maxlen`, `delivery_limit`). */
  readonly reason: string | undefined;
  /** The queue it died in. */
  readonly from: string | undefined;
  /** How often its handler failed, as far as the worker counted. */
  readonly attempt: number | undefined;
  readonly history: readonly Failure[];
  readonly deaths: readonly Death[];
  /** Where it was published first. */
  readonly origin: { readonly exchange: string; readonly key: string } | undefined;
  /** When it died, in milliseconds since 1970; `undefined` if nothing on it says so. */
  readonly diedAt: number | undefined;
  /** How often it was put back by `requeue`. */
  readonly requeued: number;
  /** Of this message in the run that put it back: `<run>/<number>`. */
  readonly mark: string | undefined;
}

export interface Received {
  readonly fields: Pick<MessageFields, "exchange" | "routingKey">;
  readonly properties: Pick<MessageProperties, "headers" | "messageId" | "type">;
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

export const headersOf = ({ properties }: Pick<Received, "properties">): Headers => properties.headers ?? {};

function deathsOf(headers: Headers): Death[] {
  const entries: readonly unknown[] = Array.isArray(headers["x-death"]) ? headers["x-death"] : [];
  return entries.flatMap((entry) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { queue, reason, count, exchange, "routing-keys": keys, time } = entry as Record<string, unknown>;
    if (typeof queue !== "string") return [];
    const seconds = (time as { readonly value?: unknown } | undefined)?.value;
    return [
      {
        queue,
        reason: text(reason) ?? "unknown",
        count: typeof count === "number" ? count : 1,
        exchange: text(exchange) ?? "",
        keys: Array.isArray(keys) ? keys.filter((key): key is string => typeof key === "string") : [],
        at: typeof seconds === "number" ? seconds * 1000 : undefined,
      },
    ];
  });
}

/** The worker's word; else the oldest death that was no rung of a ladder: a rung's exchange says nothing of where it came from. */
function originOf(headers: Headers, deaths: readonly Death[]): Letter["origin"] {
  const [exchange, key] = [text(headers[EXCHANGE]), text(headers[KEY])];
  if (exchange !== undefined && key !== undefined) return { exchange, key };
  const first = deaths.filter(({ queue, exchange: at }) => !(at.endsWith(".retry") && queue.startsWith(`${at}.`))).at(-1);
  return first?.keys[0] === undefined ? undefined : { exchange: first.exchange, key: first.keys[0] };
}

export function letterOf(message: Received): Letter {
  const headers = headersOf(message);
  const deaths = deathsOf(headers);
  const history = historyOf(headers);
  const times = [deaths[0]?.at, Date.parse(history.at(-1)?.at ?? "")].filter((at): at is number => at !== undefined && !Number.isNaN(at));
  const requeued = headers[REQUEUED];
  return {
    id: text(message.properties.messageId),
    name: text(message.properties.type),
    reason: text(headers[REASON]) ?? deaths[0]?.reason ?? text(headers["x-first-death-reason"]),
    from: text(headers[QUEUE]) ?? deaths[0]?.queue ?? text(headers["x-first-death-queue"]),
    attempt: Math.max(failuresOf(headers), Number(history.at(-1)?.attempt) || 0) || undefined,
    history,
    deaths,
    origin: originOf(headers, deaths),
    diedAt: times.length === 0 ? undefined : Math.max(...times),
    requeued: typeof requeued === "number" && requeued > 0 ? requeued : 0,
    mark: text(headers[REQUEUE]),
  };
}

/** Its headers without the retry protocol's and the broker's. */
export const ownHeaders = (headers: Headers): Record<string, unknown> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !PROTOCOL.includes(name) && !BROKERS.test(name)));
