/** What goes on: on a terminal one line in its place, elsewhere a line every few seconds. */
import type { Console } from "./output.js";

const EVERY_MS = { terminal: 100, lines: 5000 } as const;
const CLEAR = "\r\u001b[2K";

export interface StatusLine {
  /** `line` is asked for only when it is time for one. */
  readonly update: (line: () => string) => void;
  /** Clears the line. */
  readonly end: () => void;
}

export function statusLine({ progress, error }: Console): StatusLine {
  const stream = progress ?? { write: error };
  const terminal = stream.isTTY === true;
  let last = Date.now();
  let shown = false;
  return {
    update: (line) => {
      if (Date.now() - last < (terminal ? EVERY_MS.terminal : EVERY_MS.lines)) return;
      last = Date.now();
      stream.write(terminal ? `${CLEAR}${line().slice(0, Math.max(10, (stream.columns ?? 80) - 1))}` : `${line()}\n`);
      shown = true;
    },
    end: () => {
      if (terminal && shown) stream.write(CLEAR);
    },
  };
}
