/** The retry protocol's headers: how often a message failed, why, and where it came from. */
import type { ConsumeMessage, Options } from "amqplib";

export const ATTEMPT = "warren-attempt";
export const HISTORY = "warren-history";
export const REASON = "warren-reason";
export const QUEUE = "warren-queue";
export const EXCHANGE = "warren-exchange";
export const KEY = "warren-key";

export type DeadLetterReason = "exhausted" | "malformed" | "invalid" | "parked";

/** One failure. */
export interface Failure {
  /** From 1. */
  readonly attempt: number;
  /** ISO 8601. */
  readonly at: string;
  readonly reason: string;
  readonly service: string;
}

/** Failures beyond these are left out, the oldest after the first: headers are read into memory with every delivery. */
const MAX_FAILURES = 20;
const MAX_REASON = 500;

/** Failures so far: 0 for a message that comes for the first time. */
export function failuresOf(headers: Readonly<Record<string, unknown>>): number {
  const value = headers[ATTEMPT];
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : 0;
}

export function historyOf(headers: Readonly<Record<string, unknown>>): Failure[] {
  const value = headers[HISTORY];
  return Array.isArray(value) ? (value as Failure[]).filter((failure) => typeof failure === "object" && failure !== null) : [];
}

export function withFailure(history: readonly Failure[], failure: Failure): Failure[] {
  const all = [...history, { ...failure, reason: failure.reason.slice(0, MAX_REASON) }];
  const [first] = all;
  return all.length <= MAX_FAILURES || !first ? all : [first, ...all.slice(1 - MAX_FAILURES)];
}

/** Where it was published first: the ladder's own exchanges say nothing about that. */
export function originOf({ fields, properties }: ConsumeMessage): { readonly exchange: string; readonly key: string } {
  const headers = (properties.headers ?? {}) as Record<string, unknown>;
  const [exchange, key] = [headers[EXCHANGE], headers[KEY]];
  return typeof exchange === "string" && typeof key === "string"
    ? { exchange, key }
    : { exchange: fields.exchange, key: fields.routingKey };
}

/** What the broker writes into headers: it would be a lie on a new message. */
const BROKERS = /^(x-(death|delivery-count|acquired-count|stream-offset|first-death-.*|last-death-.*|opt-.*)|CC|BCC)$/;

/** The same message, to be published by its worker: what the broker wrote on it, and what it would refuse or act upon (further keys), is left out. */
export function republished({ properties }: ConsumeMessage, headers: Readonly<Record<string, unknown>>): Options.Publish {
  const { contentType, contentEncoding, priority, correlationId, replyTo, messageId, timestamp, type, appId } =
    properties as Options.Publish & { readonly timestamp?: number };
  const own = Object.entries((properties.headers ?? {}) as Record<string, unknown>).filter(([name]) => !BROKERS.test(name));
  const given = { contentType, contentEncoding, priority, correlationId, replyTo, messageId, timestamp, type, appId };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    headers: { ...Object.fromEntries(own), ...headers },
    deliveryMode: 2,
    mandatory: true,
  };
}
