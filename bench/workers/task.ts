/** What a client is told to do, and what it says when it has done it: JSON, one line each way. */

export type Role = "publish" | "consume" | "request" | "answer" | "both";

/** The first line of a client's standard input; the end of the input is the end of a task without a time of its own. */
export interface Task {
  readonly role: Role;
  readonly url: string;
  readonly queue: string;
  readonly queueType: "classic" | "quorum";
  /** Of a body as JSON; see `bodyOf`. */
  readonly bytes: number;
  /** Unconfirmed messages at a time. */
  readonly window: number;
  /** Unacknowledged messages at a time. */
  readonly prefetch: number;
  /** Requests at a time. */
  readonly concurrency: number;
  /** Milliseconds that do not count, and those that do. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Messages a second; 0 is as fast as the window lets. */
  readonly rate: number;
  /** A consumer ends with this many, or when its time is over; 0 is by time alone. A quarter of them warms up at most. */
  readonly messages: number;
}

/** The last line of a client's output. Before it, `{"ready":true}` says that it consumes, or is about to publish. */
export interface Result {
  readonly perSecond: number;
  readonly cpuMicrosPerMessage: number;
  readonly rssMb: number;
  /** Milliseconds: from the id in a body to its consumption, or from a request to its reply. 0 where nothing is timed. */
  readonly p50: number;
  readonly p99: number;
  /** Of the whole run, with its warm-up. */
  readonly messages: number;
}

/** `id` is the time in microseconds since 1970 at which the message was made. */
export interface Body {
  readonly id: number;
  readonly text: string;
}

/** A body without its text: what JSON needs, `{"id":1700000000000000,"text":""}`. */
export const LEAST_BYTES = 33;

/** The text that makes a body as long as `bytes`, or as short as JSON can be. */
export const textOf = (bytes: number): string => "x".repeat(Math.max(0, bytes - LEAST_BYTES));

/** Microseconds since 1970; comparable between the processes of one machine. */
export const nowMicros = (): number => Math.round((performance.timeOrigin + performance.now()) * 1000);
