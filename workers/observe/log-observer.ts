/** What of a worker's events is worth a line, and at which level. */
import type { Logger } from "pino";
import type { ConnectionEvent, MessageFacts, Observer, OutcomeName } from "./observer.js";
import { Throttle } from "./throttle.js";

export interface LoggedOptions {
  /** Lines per second of one class: the same event, queue and message. @default 5 */
  readonly perSecond?: number;
}

type LogLevel = "debug" | "info" | "warn" | "error";

const CONNECTION: Record<ConnectionEvent, { level: LogLevel; text: string }> = {
  connecting: { level: "debug", text: "connecting" },
  open: { level: "info", text: "connected" },
  blocked: { level: "warn", text: "the broker blocks this connection (an alarm for memory or disk)" },
  unblocked: { level: "info", text: "the broker no longer blocks this connection" },
  lost: { level: "warn", text: "connection lost" },
  closed: { level: "info", text: "connection closed" },
  failed: { level: "error", text: "connection given up" },
};

const OUTCOME: Partial<Record<OutcomeName, { level: LogLevel; text: string }>> = {
  retry: { level: "info", text: "to be tried again" },
  requeue: { level: "debug", text: "given back to its queue" },
  duplicate: { level: "debug", text: "a duplicate, its effect has happened before" },
  stale: { level: "debug", text: "its channel was gone before the ack; the broker delivers it again" },
};

/** Fields that say which message it was; nothing of its body. */
const facts = (of: MessageFacts | undefined): object =>
  of === undefined ? {} : { messageId: of.messageId, correlationId: of.correlationId, attempt: of.attempt, headers: of.headers };

/**
 * An observer that logs: connections (info, warn), dead letters (warn), retries (info), stale acks and duplicates (debug), consumers
 * that fail (error), publishes that fail (warn). Lines have `event`, and `queue`, `message`, `messageId`, `attempt`, `reason` where they
 * are known. In a storm, a class is said `perSecond` times a second, and then once how many were left out (`leftOut`).
 * Give it a logger made by `logger`, which cuts bodies and credentials.
 */
export function logged(
  log: Logger,
  options: LoggedOptions = {},
): Pick<Observer, "connection" | "published" | "processed" | "deadLettered" | "consumer"> {
  const classes = new Map<string, { level: LogLevel; fields: object; text: string }>();
  const throttle = new Throttle(options.perSecond ?? 5, (kind, leftOut) => {
    const { level, fields, text } = classes.get(kind) ?? { level: "warn" as const, fields: {}, text: "events of other kinds" };
    log[level]({ ...fields, leftOut }, `${leftOut} more within a second: ${text}`);
  });

  /** `fields` name the class, `more` is of this one alone. */
  function say(level: LogLevel, fields: Record<string, string | undefined>, text: string, more?: () => object): void {
    if (!log.isLevelEnabled(level)) return;
    const kind = Object.values(fields).join("\n");
    if (!classes.has(kind) && classes.size < 1_000) classes.set(kind, { level, fields, text });
    if (throttle.allow(kind)) log[level]({ ...fields, ...more?.() }, text);
  }

  return {
    connection(purpose, state, detail) {
      const { level, text } = CONNECTION[state];
      say(level, { event: `connection.${state}`, purpose }, `${purpose}: ${text}`, () => ({ ...detail }));
      if (state === "closed") throttle.flush();
    },
    published(message, exchange, seconds, bytes, error) {
      if (error === undefined) return;
      say("warn", { event: "publish.failed", message, exchange, code: error }, `publishing ${message} failed: ${error}`, () => ({
        seconds,
        bytes,
      }));
    },
    processed(queue, message, outcome, seconds, reason, of) {
      const line = OUTCOME[outcome];
      if (line === undefined) return;
      say(line.level, { event: `message.${outcome}`, queue, message }, `${message} of ${queue}: ${line.text}`, () => ({
        ...facts(of),
        seconds,
        reason,
      }));
    },
    deadLettered(queue, reason, of) {
      say("warn", { event: "message.dead-lettered", queue, reason }, `a message of ${queue} went to the dead letters: ${reason}`, () =>
        facts(of),
      );
    },
    consumer(queue, state, reason) {
      // A reason while it consumes is trouble that it lives with.
      const trouble = state === "cancelled" || (state === "consuming" && reason !== undefined);
      const level = state === "failed" ? "error" : trouble ? "warn" : "info";
      say(level, { event: `consumer.${state}`, queue }, `consumer of ${queue}: ${state}`, () => ({ reason }));
    },
  };
}
