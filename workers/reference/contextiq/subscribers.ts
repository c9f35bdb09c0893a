/** Those who hear of ContextIQ's results and events, each from a queue of its own. */
import { BrokenCircuitError, circuitBreaker, ConsecutiveBreaker, handleAll } from "cockatiel";
import type { Logger } from "pino";
import { fetch } from "undici";
import type { DeliveryOf } from "../../bus.js";
import { park, retry, type Outcome } from "../../consume/outcomes.js";
import type { StoreClient } from "../stores/index.js";
import type { Contextiq } from "./apis.js";

type Result = DeliveryOf<Contextiq, "extraction.results"> | DeliveryOf<Contextiq, "consolidation.results">;
type SessionOrMemory = DeliveryOf<Contextiq, "events.analytics">;

/** Keeps the last result of each piece of work. */
export const keepResult =
  (store: StoreClient) =>
  async ({ name, body, messageId, correlationId, signal }: Result): Promise<void> => {
    await store.put("results", messageId ?? `${name}-${correlationId ?? ""}`, { name, correlationId, ...body }, { signal });
  };

/** Whom an event is about. */
const subject = (event: SessionOrMemory): string => (event.name === "session.event" ? event.body.session_id : event.body.memory_id);

/** What happened last to a session or a memory. */
export const follow =
  (store: StoreClient) =>
  async (event: DeliveryOf<Contextiq, "session.events"> | DeliveryOf<Contextiq, "memory.events">): Promise<void> => {
    await store.put("timeline", subject(event), { event: event.body.event, at: event.body.timestamp }, { signal: event.signal });
  };

/** Many events with one call; to be consumed in batches. Each counts once, by its message. */
export const count =
  (store: StoreClient) =>
  async (events: readonly SessionOrMemory[]): Promise<void> => {
    const records = events.map((event, at) => ({
      id: event.messageId ?? `${subject(event)}-${event.body.timestamp}-${at}`,
      value: { message: event.name, event: event.body.event, at: event.body.timestamp },
    }));
    await store.putAll("events", records);
  };

/** One line for each event, without what it says. */
export const write =
  (log: Logger) =>
  (event: SessionOrMemory): void => {
    log.info(
      { event: `${event.name}.${event.body.event}`, of: subject(event), messageId: event.messageId },
      `${event.name} ${event.body.event}`,
    );
  };

export interface WebhookOptions {
  readonly url: string;
  /** Milliseconds for one call. @default 5000 */
  readonly timeout?: number;
  /** So many failures one after the other open the circuit. @default 5 */
  readonly failures?: number;
  /** Milliseconds until one is tried again. @default 60000 */
  readonly halfOpenAfter?: number;
}

/**
 * Tells another system of a new session. While that system fails, calls to it are not even tried (a circuit breaker): events wait on
 * their ladder. What it refuses for good (400 to 499) goes to the dead letters without a retry.
 */
export function webhook({ url, timeout = 5000, failures = 5, halfOpenAfter = 60_000 }: WebhookOptions) {
  const breaker = circuitBreaker(handleAll, { halfOpenAfter, breaker: new ConsecutiveBreaker(failures) });
  const call = async (event: DeliveryOf<Contextiq, "events.webhook">): Promise<number> => {
    const { status, body } = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": event.messageId ?? "" },
      body: JSON.stringify(event.body),
      signal: AbortSignal.any([AbortSignal.timeout(timeout), event.signal]),
    });
    await body?.cancel();
    if (status >= 500 || status === 429 || status === 408) throw new Error(`the webhook answered ${status}`);
    return status;
  };
  return async (event: DeliveryOf<Contextiq, "events.webhook">): Promise<Outcome | undefined> => {
    try {
      const status = await breaker.execute(() => call(event));
      return status >= 400 ? park(`the webhook refuses it: ${status}`) : undefined;
    } catch (error) {
      if (error instanceof BrokenCircuitError) return retry(`the webhook failed ${failures} times one after the other and was not called`);
      return retry((error as Error).message);
    }
  };
}
