/** Runs other programs: quietly, with what they said at hand when they fail, or with their output passed through. */
import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { constants as constantsOfSystem } from "node:os";
import { delimiter, join } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { endWithUs } from "./signals.js";

export interface Result {
  /** Undefined if the program could not be started, was ended by a signal, or ran into its time limit. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which the program is ended. @default none */
  readonly limit?: number;
  /** Milliseconds without a word from the program after which it is ended. @default none */
  readonly silence?: number;
  readonly input?: string;
}

/** Runs a program and gives back how it ended; never throws for a failure of the program. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return await new Promise((resolve) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: ["pipe", "pipe", "pipe"] });
    const forget = endWithUs(child);
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    const stop = (): void => {
      timedOut = true;
      child.kill("SIGKILL");
    };
    const limit = options.limit === undefined ? undefined : setTimeout(stop, options.limit);
    const silence = options.silence === undefined ? undefined : setTimeout(stop, options.silence);
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      silence?.refresh();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      silence?.refresh();
    });
    const end = (code: number | undefined): void => {
      clearTimeout(limit);
      clearTimeout(silence);
      forget();
      resolve({ code, stdout, stderr, timedOut });
    };
    child.on("error", (error) => {
      stderr += error.message;
      end(undefined);
    });
    child.on("close", (code) => end(code ?? undefined));
  });
}

/** As `run`, but a failure is an error that shows the end of what the program said. */
export async function need(
  what: string,
  command: string,
  args: readonly string[],
  options: RunOptions & { readonly remedy?: string } = {},
): Promise<Result> {
  const result = await run(command, args, options);
  if (result.code === 0) return result;
  const said = tail(result.stderr.trim() || result.stdout.trim(), 12);
  const how = result.timedOut ? "did not end in time" : `failed${result.code === undefined ? "" : ` with exit code ${result.code}`}`;
  throw new WarrenError(`${what} ${how}${said ? `:\n${said}` : ""}`, options.remedy ? { remedy: options.remedy } : {});
}

/** Runs a program on this terminal, its output passed through as it comes. Gives its exit code; for one that a signal ended, 128 and more, as a shell does. */
export async function attach(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "inherit", "inherit"] });
    const forget = endWithUs(child, { patient: true });
    child.on("error", (error) => {
      forget();
      reject(new WarrenError(`${command} cannot be started: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      forget();
      resolve(code ?? 128 + (signal ? constantsOfSystem.signals[signal] : 0));
    });
  });
}

export function tail(text: string, lines: number): string {
  return text.split("\n").slice(-lines).join("\n");
}

/** The path of a program, looked up as a shell does; undefined if it is nowhere. */
export function which(program: string, path = process.env["PATH"] ?? ""): string | undefined {
  // A plain account's PATH often lacks the folders where system programs stand.
  for (const folder of [...path.split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"]) {
    if (!folder) continue;
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here: the next folder.
    }
  }
  return undefined;
}
