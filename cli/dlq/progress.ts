/** How far a pass through a queue is: on a terminal one line in its place, elsewhere a line every few seconds. */
import type { Console } from "../output.js";

const EVERY_MS = { terminal: 100, lines: 5000 } as const;
const CLEAR = "\r\u001b[2K";

export interface Counter {
  readonly update: (done: number, total: number, more?: string) => void;
  /** Clears the line. */
  readonly end: () => void;
}

/** `what` it does: "looking at". */
export function counter({ progress, error }: Console, what: string): Counter {
  const stream = progress ?? { write: error };
  const terminal = stream.isTTY === true;
  let last = Date.now();
  let shown = false;
  return {
    update: (done, total, more = "") => {
      if (Date.now() - last < (terminal ? EVERY_MS.terminal : EVERY_MS.lines)) return;
      last = Date.now();
      const line = `${what} ${done} of ${total}${more}`;
      stream.write(terminal ? `${CLEAR}${line.slice(0, Math.max(10, (stream.columns ?? 80) - 1))}` : `${line}\n`);
      shown = true;
    },
    end: () => {
      if (terminal && shown) stream.write(CLEAR);
    },
  };
}
