/** What may hold a publisher back: a rate, and a circuit breaker. */
import { BrokenCircuitError, circuitBreaker, ConsecutiveBreaker, handleWhen } from "cockatiel";
import { RateLimiterMemory, RateLimiterQueue } from "rate-limiter-flexible";
import { PublishError, type PublishCode } from "../errors.js";

export interface GuardOptions {
  /** Messages in a second; more wait their turn, as many as the buffer holds. @default no limit */
  readonly rateLimit?: number;
  /** After so many failures one after the other publishing fails at once, for `halfOpenAfter` milliseconds; then one is tried. @default none */
  readonly breaker?: { readonly failures: number; readonly halfOpenAfter: number };
}

export type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/** The broker's or the network's fault; a message that does not fit says nothing about them. */
const COUNTS: ReadonlySet<PublishCode> = new Set<PublishCode>(["timeout", "nacked", "buffer-full"]);

/** `undefined` if nothing is asked for. */
export function guard({ rateLimit, breaker }: GuardOptions, most: number): Guard | undefined {
  const guards: Guard[] = [];
  if (breaker) {
    const policy = circuitBreaker(
      handleWhen((error) => error instanceof PublishError && COUNTS.has(error.code)),
      { halfOpenAfter: breaker.halfOpenAfter, breaker: new ConsecutiveBreaker(breaker.failures) },
    );
    guards.push(async (work) => {
      try {
        return await policy.execute(work);
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error;
        throw new PublishError("breaker-open", `${breaker.failures} messages failed one after the other; this one was not sent.`, {
          remedy: `it is tried again ${breaker.halfOpenAfter} ms after the last failure`,
        });
      }
    });
  }
  if (rateLimit !== undefined) {
    const limiter = new RateLimiterMemory({ points: rateLimit, duration: 1 });
    const queue = new RateLimiterQueue(limiter, { maxQueueSize: most });
    guards.push(async (work) => {
      try {
        await queue.removeTokens(1);
      } catch (error) {
        throw new PublishError(
          "rate-limited",
          `More than ${rateLimit} messages a second, and ${most} wait already; this one was not sent.`,
          {
            remedy: "publish slower, or let WARREN_RATE_LIMIT be higher",
            cause: error,
          },
        );
      }
      return work();
    });
  }
  if (guards.length === 0) return undefined;
  return <T>(work: () => Promise<T>) => guards.reduce<() => Promise<T>>((inner, each) => () => each(inner), work)();
}
