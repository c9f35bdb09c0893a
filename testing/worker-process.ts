/** `warren work` and its like as a process of its own, whose log a test reads; killed after the test. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { until } from "./until.js";

const BIN = join(__dirname, "../bin/warren.cjs");

export interface Line {
  readonly event?: string;
  readonly level: string;
  readonly health?: string;
  readonly api?: string;
  readonly msg: string;
}

/** A process that logs, and how it ended. `bin` is the command of another checkout. */
export function workerProcess(words: readonly string[], environment: Record<string, string>, cwd = tmpdir(), bin = BIN) {
  const child = spawn(process.execPath, [bin, ...words], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], WARREN_HTTP_PORT: "0", WARREN_API_PORT: "0", ...environment },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: Line[] = [];
  let error = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (error += text));
  createInterface(child.stdout).on("line", (text) => void lines.push(JSON.parse(text) as Line));
  const ended = once(child, "exit").then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null, error }));
  const line = async (event: string): Promise<Line> => {
    await until(() => lines.some((each) => each.event === event) || child.exitCode !== null, 60_000);
    const found = lines.find((each) => each.event === event);
    if (!found) throw new Error(`it ended without "${event}": ${error}${JSON.stringify(lines.at(-1))}`);
    return found;
  };
  return { child, lines, line, ended };
}
