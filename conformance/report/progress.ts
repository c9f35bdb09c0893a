/** Shows that a run lives: on a terminal one line that is drawn anew in its place, elsewhere a line at the end of each probe. */
import type { Style } from "../../cli/output.js";
import type { Progress } from "../jobs.js";
import { COLOURS, inLine, MARKS } from "./terminal.js";
import { count, elapsed, WORDS } from "./words.js";
import { probeResult } from "../result.js";
import type { CaseReport } from "../report.js";

/** What is needed of a stream: `process.stderr` is one. */
export interface ProgressStream {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ProgressPrinter {
  /** For `onProgress`. */
  readonly update: (progress: Progress) => void;
  /** Clears the line and stops its clock. To be called also after a failure. */
  readonly end: () => void;
}

const BAR = 20;
/** Milliseconds between two drawings of the clock. */
const TICK = 250;
const CLEAR = "\r\u001b[2K";

/** `now` in milliseconds. */
export function progressPrinter(stream: ProgressStream, style: Style, now: () => number = Date.now): ProgressPrinter {
  const began = now();
  return stream.isTTY ? onTerminal(stream, style, () => now() - began) : asLines(stream, style);
}

const wholeSeconds = (ms: number): string => (ms < 60_000 ? `${Math.floor(ms / 1000)} s` : elapsed(Math.floor(ms / 1000)));

function onTerminal(stream: ProgressStream, style: Style, since: () => number): ProgressPrinter {
  let last: Progress = { done: 0, total: 0 };
  let broken = 0;
  let clock: NodeJS.Timeout | undefined;
  const draw = (): void => {
    const { done, total, ended } = last;
    const filled = total === 0 ? 0 : Math.round((done / total) * BAR);
    const parts = [
      `${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${done}/${total}`,
      wholeSeconds(since()),
      ...(broken > 0 ? [`${broken} broken`] : []),
      ...(ended === undefined ? [] : [inLine(`${ended.vhost}: ${ended.probe}`)]),
    ];
    // One column stays free: a full line would wrap, and could not be cleared.
    const line = parts.join("  ").slice(0, Math.max(10, (stream.columns ?? 80) - 1));
    stream.write(`${CLEAR}${broken > 0 ? style("red", line) : line}`);
  };
  return {
    update: (progress) => {
      last = progress;
      if (progress.ended?.case.result === "failure") broken++;
      clock ??= setInterval(draw, TICK).unref();
      draw();
    },
    end: () => {
      if (clock === undefined) return;
      clearInterval(clock);
      clock = undefined;
      stream.write(CLEAR);
    },
  };
}

function asLines(stream: ProgressStream, style: Style): ProgressPrinter {
  const cases = new Map<string, CaseReport[]>();
  return {
    update: ({ done, total, ended }) => {
      if (ended === undefined) return;
      const key = JSON.stringify([ended.vhost, ended.probe]);
      const all = [...(cases.get(key) ?? []), ended.case];
      cases.set(key, all);
      if (ended.left > 0) return;
      const result = probeResult(all);
      const seconds = all.reduce((sum, one) => sum + one.seconds, 0);
      const mark = style(COLOURS[result], `${MARKS[result]} ${WORDS[result].padEnd(7)}`);
      stream.write(
        `${mark}  ${inLine(`${ended.vhost}: ${ended.probe}`)}  ${count(all.length, "case")}  ${elapsed(seconds)}  [${done}/${total}]\n`,
      );
    },
    end: () => undefined,
  };
}
