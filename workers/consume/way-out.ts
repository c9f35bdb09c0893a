/** Where a failed message of one queue goes: its ladder, its dead letters, or back. */
import type { ConsumeMessage } from "amqplib";
import { deadLetter } from "../../topology/compile/queue-settings.js";
import type { Queue, QueueTemplate } from "../../topology/model.js";
import { retryExchange } from "../../topology/names.js";
import type { Outgoing } from "../publish/outgoing.js";
import {
  ATTEMPT,
  EXCHANGE,
  failuresOf,
  HISTORY,
  historyOf,
  KEY,
  originOf,
  QUEUE,
  REASON,
  republished,
  withFailure,
  type DeadLetterReason,
} from "./history.js";

export interface WayOut {
  /** The queue holds back by itself what is rejected with requeue (`delayedRetry`). */
  readonly delays: boolean;
  /** To the next rung; `undefined` if there is none. */
  readonly rung: (message: ConsumeMessage, reason: string) => Outgoing | undefined;
  /** To the dead letters; `undefined` if the queue has none. */
  readonly deadLetters: (message: ConsumeMessage, why: DeadLetterReason, reason: string) => Outgoing | undefined;
}

export function wayOut(queue: string, definition: Queue | QueueTemplate | undefined, service: string): WayOut {
  const rungs = definition && "retry" in definition ? (definition.retry?.length ?? 0) : 0;
  const dead = definition && "deadLetterTo" in definition ? deadLetter(definition.deadLetterTo) : undefined;
  const delayed = definition && "delayedRetry" in definition ? definition.delayedRetry?.type : undefined;
  const outgoing = (message: ConsumeMessage, exchange: string, key: string, reason: string, more: Record<string, unknown>): Outgoing => {
    const headers = (message.properties.headers ?? {}) as Record<string, unknown>;
    const failure = { attempt: failuresOf(headers) + 1, at: new Date().toISOString(), reason, service };
    const origin = originOf(message);
    const properties = republished(message, {
      [HISTORY]: withFailure(historyOf(headers), failure),
      [EXCHANGE]: origin.exchange,
      [KEY]: origin.key,
      ...more,
    });
    const { type, messageId } = message.properties as { readonly type?: string; readonly messageId?: string };
    return { name: type ?? queue, exchange, key, content: message.content, messageId: messageId ?? "", properties };
  };
  return {
    delays: delayed === "all" || delayed === "failed",
    rung: (message, reason) => {
      const failure = failuresOf(message.properties.headers ?? {}) + 1;
      return failure > rungs
        ? undefined
        : outgoing(message, retryExchange(queue), String(failure), reason, { [ATTEMPT]: failure, [QUEUE]: queue });
    },
    deadLetters: (message, why, reason) =>
      dead && outgoing(message, dead.exchange, dead.routingKey ?? originOf(message).key, reason, { [QUEUE]: queue, [REASON]: why }),
  };
}
