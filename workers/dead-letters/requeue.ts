/** Puts dead letters back to where they came from: published and confirmed first, removed from the dead letters then. */
import type { ConsumeMessage, Options } from "amqplib";
import { randomUUID } from "node:crypto";
import { typedHeaders } from "../connection/typed-headers.js";
import { EXCHANGE, KEY } from "../consume/history.js";
import { checkQueue, Connection, type BrokerSettings } from "./connection.js";
import { matches, wanted, type Filter } from "./filter.js";
import { headersOf, letterOf, ownHeaders, REQUEUE, REQUEUED, REQUEUED_AT, type Headers, type Letter } from "./letter.js";
import { Publisher, type Fate } from "./publisher.js";
import { take, type Progress, type Stopped, type Taken } from "./take.js";
import { Tally } from "./tally.js";

/** source: the queue it died in, through the default exchange. origin: where it was published first, so all queues that are bound there get it. */
export type Destination =
  { readonly to: "source" } | { readonly to: "origin" } | { readonly to: "exchange"; readonly exchange: string; readonly key: string };

export interface RequeueOptions {
  readonly queue: string;
  readonly type?: string | undefined;
  readonly filter: Filter;
  readonly destination: Destination;
  /** Nothing is published and nothing removed. */
  readonly dryRun: boolean;
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress & { readonly requeued: number }) => void) | undefined;
  /** The broker takes no messages, for this reason; `undefined`: it takes them again. */
  readonly onBlocked?: ((reason: string | undefined) => void) | undefined;
}

export interface Requeued extends Taken {
  readonly run: string;
  readonly matched: number;
  /** Confirmed where they were put; in a dry run none. */
  readonly requeued: number;
  /** By place: where they went, or would go. */
  readonly places: readonly Place[];
  /** Matched, and still there, and why. */
  readonly stayed: Readonly<Record<"returned" | "refused" | "unknown" | "nowhere", number>>;
  /** Put back by this run, and dead again before its end: not taken again. */
  readonly cameBack: number;
  /** Without a message id: a duplicate of these cannot be told. */
  readonly withoutId: number;
  /** Said to be of a user whose messages only that user may publish: put back without that. */
  readonly withoutUser: number;
}

export interface Place {
  readonly exchange: string;
  readonly key: string;
  readonly messages: number;
  /** A queue that is not there: what goes to it is returned. Of the default exchange, in a dry run. */
  readonly missing?: boolean;
}

/** `undefined` if nothing on it says where. */
export function placeOf(letter: Letter, destination: Destination): { readonly exchange: string; readonly key: string } | undefined {
  if (destination.to === "exchange") return destination;
  if (destination.to === "origin") return letter.origin;
  return letter.from === undefined ? undefined : { exchange: "", key: letter.from };
}

/**
 * What is published in its place. Without an expiration, as the broker dead-letters it; `user` is who publishes: the broker refuses any other.
 * Copies (`CC`) only go along to the exchange that they were meant for.
 */
export function revived(
  { properties }: Pick<ConsumeMessage, "properties">,
  letter: Letter,
  destination: Destination,
  mark: string,
  user: string,
  now = Date.now(),
): Options.Publish {
  const { CC, ...headers } = ownHeaders(typedHeaders(headersOf({ properties })));
  const { contentType, contentEncoding, deliveryMode, priority, correlationId, replyTo, messageId, timestamp, type, userId, appId } =
    properties as Options.Publish & { readonly timestamp?: number };
  const given = { contentType, contentEncoding, deliveryMode, priority, correlationId, replyTo, messageId, timestamp, type, appId };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(userId === user ? { userId: user } : {}),
    headers: {
      ...headers,
      ...(CC !== undefined && destination.to === "origin" ? { CC } : {}),
      // Its next death would not know any more.
      ...(letter.origin === undefined ? {} : { [EXCHANGE]: letter.origin.exchange, [KEY]: letter.origin.key }),
      [REQUEUED]: letter.requeued + 1,
      [REQUEUE]: mark,
      [REQUEUED_AT]: now,
    },
  };
}

/**
 * Reads and publishes over connections of its own: an alarm stops publishers only. Throws a `WorkerError` if it cannot begin; afterwards `stopped`
 * says what went wrong. A message that was published and could not be removed any more is there twice, with the same id.
 */
export async function requeue(broker: BrokerSettings, options: RequeueOptions): Promise<Requeued> {
  const reader = await Connection.open(broker);
  try {
    await checkQueue(reader, options.queue);
    if (options.dryRun) return await pass(reader, undefined, broker.credentials.username, options);
    const writer = await Connection.open(broker);
    const failed = new AbortController();
    const unwatch = writer.watch(() => options.onBlocked?.(writer.blocked));
    const publisher = await Publisher.open(writer, (why) => failed.abort(new Error(why)));
    try {
      const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
      const done = await pass(reader, publisher, broker.credentials.username, { ...options, signal });
      if (publisher.fault === undefined || done.stopped?.kind === "lost") return done;
      return { ...done, stopped: { kind: writer.lost === undefined ? "failed" : "lost", why: publisher.fault } satisfies Stopped };
    } finally {
      unwatch();
      await publisher.close();
      await writer.close();
    }
  } finally {
    await reader.close();
  }
}

async function pass(reader: Connection, publisher: Publisher | undefined, user: string, options: RequeueOptions): Promise<Requeued> {
  const { queue, type, filter, destination, limit = Infinity, signal, onProgress } = options;
  const run = randomUUID();
  const places = new Tally();
  const stayed = { returned: 0, refused: 0, unknown: 0, nowhere: 0 };
  let [matched, requeued, cameBack, withoutId, withoutUser] = [0, 0, 0, 0, 0];
  const count = (fate: Fate, place: string): "remove" | "give-back" => {
    if (fate !== "confirmed") {
      stayed[fate]++;
      return "give-back";
    }
    requeued++;
    places.add(place);
    return "remove";
  };
  const judge = (message: ConsumeMessage): "give-back" | Promise<"remove" | "give-back"> => {
    if (matched >= limit || signal?.aborted) return "give-back";
    const letter = letterOf(message);
    const headers: Headers = headersOf(message);
    if (letter.mark?.startsWith(`${run}/`)) {
      cameBack++;
      return "give-back";
    }
    if (!matches(filter, letter, headers, Date.now())) return "give-back";
    matched++;
    const place = placeOf(letter, destination);
    if (!place) {
      stayed.nowhere++;
      return "give-back";
    }
    if (letter.id === undefined) withoutId++;
    if (message.properties.userId !== undefined && message.properties.userId !== user) withoutUser++;
    const named = JSON.stringify([place.exchange, place.key]);
    if (!publisher) {
      places.add(named);
      return "give-back";
    }
    const mark = `${run}/${matched}`;
    const properties = revived(message, letter, destination, mark, user);
    return publisher.publish(place.exchange, place.key, message.content, properties, mark).then((fate) => count(fate, named));
  };
  const taken = await take(reader, queue, judge, {
    type,
    more: () => wanted(filter, limit, matched),
    signal,
    onProgress: (progress) => onProgress?.({ ...progress, requeued }),
  });
  const found: Place[] = [];
  for (const [named, messages] of places.entries()) {
    const [exchange = "", key = ""] = JSON.parse(named) as string[];
    const missing = !publisher && exchange === "" && !taken.stopped && (await isMissing(reader, key));
    found.push({ exchange, key, messages, ...(missing ? { missing } : {}) });
  }
  return { ...taken, run, matched, requeued, places: found, stayed, cameBack, withoutId, withoutUser };
}

const isMissing = (connection: Connection, queue: string): Promise<boolean> =>
  checkQueue(connection, queue).then(
    () => false,
    (error: unknown) => (error as { readonly code?: unknown }).code === "missing",
  );
