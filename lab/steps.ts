/**
 * Steps of a set-up: each prints one line with what it did, the way it took and how long it was; a long one shows that it lives. They go to the
 * standard error: the output is that of the command they prepare.
 */

export interface Outcome<T> {
  readonly value: T;
  /** How the thing was had: "found", "downloaded", "built from Go modules", "installed by apt-get", "started", ... */
  readonly way: string;
  /** Replaces the title in the closing line, where the step learned more than it knew at the start. */
  readonly title?: string;
}

/** Says what a running step does now: `building from Go modules`. */
export type Say = (activity: string) => void;

interface Running {
  readonly title: string;
  readonly since: number;
  activity: string;
  /** When a line was last printed about it, where there is no terminal. */
  told: number;
}

const running = new Set<Running>();
const terminal = process.stderr.isTTY && !process.env["CI"];
/** Seconds between two lines about the same step where there is no terminal. */
const QUIET = 15;
let ticker: NodeJS.Timeout | undefined;
let shown = false;

/** `7s`, `3m12s`; below ten seconds with a tenth. */
export function formatElapsed(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

/** Prints a whole line of a command's output, above the live one if there is one. */
export function print(line: string): void {
  erase();
  process.stdout.write(`${line}\n`);
}

/** The same for a remark on how it goes. */
export function tell(line: string): void {
  erase();
  process.stderr.write(`${line}\n`);
}

function erase(): void {
  if (shown) process.stderr.write("\r\x1b[2K");
  shown = false;
}

function describe(step: Running): string {
  return `${step.title}${step.activity ? `: ${step.activity}` : ""} ${formatElapsed(Date.now() - step.since)}`;
}

function tick(): void {
  const now = Date.now();
  if (terminal) {
    erase();
    const text = `… ${[...running].map(describe).join("  ·  ")}`;
    process.stderr.write(text.slice(0, Math.max(20, (process.stderr.columns || 80) - 1)));
    shown = true;
    return;
  }
  for (const step of running) {
    if (now - step.told < QUIET * 1000) continue;
    step.told = now;
    process.stderr.write(`… ${describe(step)}\n`);
  }
}

/** Runs one step, shows it while it lasts, and prints its line. A failure prints its line too and goes on to the caller. */
export async function step<T>(title: string, work: (say: Say) => Promise<Outcome<T>>): Promise<T> {
  const now = Date.now();
  const self: Running = { title, since: now, activity: "", told: now };
  running.add(self);
  ticker ??= setInterval(tick, terminal ? 250 : 1000);
  const close = (): string => {
    running.delete(self);
    if (running.size === 0) {
      clearInterval(ticker);
      ticker = undefined;
    }
    return formatElapsed(Date.now() - self.since);
  };
  try {
    const outcome = await work((activity) => {
      self.activity = activity;
    });
    tell(`✓ ${(outcome.title ?? title).padEnd(38)} ${outcome.way.padEnd(26)} ${close()}`);
    return outcome.value;
  } catch (error) {
    tell(`✗ ${title.padEnd(38)} ${"failed".padEnd(26)} ${close()}`);
    throw error;
  }
}
