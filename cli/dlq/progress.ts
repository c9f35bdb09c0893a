/** How far a pass through a queue is. */
import type { Console } from "../output.js";
import { statusLine } from "../status-line.js";

export interface Counter {
  readonly update: (done: number, total: number, more?: string) => void;
  /** Clears the line. */
  readonly end: () => void;
}

/** `what` it does: "looking at". */
export function counter(console: Console, what: string): Counter {
  const { update, end } = statusLine(console);
  return { update: (done, total, more = "") => update(() => `${what} ${done} of ${total}${more}`), end };
}
