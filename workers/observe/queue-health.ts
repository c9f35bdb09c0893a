/** Whether the queues of a worker are well: by what they hold, who consumes them, and when the last message came. */
import type { Health } from "./health-state.js";

export interface QueueCount {
  /** Ready, or ready and unacknowledged: what the caller counts. */
  readonly messages: number;
  /** Leave it out for queues that nobody is meant to consume, as dead letters. */
  readonly consumers?: number;
}

export type QueueCounts = Readonly<Record<string, QueueCount>>;

/** Milliseconds without a message after which a consumer counts as stuck, while its queue holds some. One for all, or by queue (`*` for the others). */
export type MaxAge = number | Readonly<Record<string, number>>;

const limitOf = (maxAge: MaxAge | undefined, queue: string): number | undefined => {
  if (typeof maxAge !== "object") return maxAge;
  return Object.hasOwn(maxAge, queue) ? maxAge[queue] : maxAge["*"];
};

/** Consumers whose last message (or `since`, if they had none) is too long ago, whatever their queue holds. */
export function overdue(health: Health, maxAge: MaxAge | undefined, since: number, now: number): { queue: string; age: number }[] {
  return health.consumers.flatMap(({ queue, state, lastMessageAt }) => {
    const limit = limitOf(maxAge, queue);
    const age = now - (lastMessageAt ?? since);
    return limit === undefined || state !== "consuming" || age <= limit ? [] : [{ queue, age }];
  });
}

/** Of those, the ones whose queue holds messages: an empty queue is no fault of its consumer. */
export function stuck(late: readonly { queue: string; age: number }[], counts: QueueCounts): string[] {
  return late.flatMap(({ queue, age }) => {
    const messages = Object.hasOwn(counts, queue) ? (counts[queue]?.messages ?? 0) : 0;
    return messages === 0 ? [] : [`${queue} holds ${messages} messages, and the last one came ${Math.round(age / 1_000)} s ago`];
  });
}

/** Queues with messages and nobody to take them. */
export function abandoned(counts: QueueCounts): string[] {
  return Object.entries(counts).flatMap(([queue, { messages, consumers }]) =>
    messages > 0 && consumers === 0 ? [`${queue} holds ${messages} messages and has no consumer`] : [],
  );
}
