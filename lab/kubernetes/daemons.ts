/** The cluster's programs as processes that outlive the command: each with a record of its process and a log, ended only if it is still the one that was started. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WarrenError } from "../../topology/errors.js";
import { tail } from "../command.js";
import { stateFolder } from "./layout.js";

export interface Daemon {
  /** `kubelet-2`; of its record and its log. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

interface Record {
  readonly pid: number;
  /** In ticks since the machine's start: a number that is given again does not have it. */
  readonly started: string;
  readonly program: string;
}

const recordFile = (name: string): string => join(stateFolder(), "processes", `${name}.json`);
export const logFile = (name: string): string => join(stateFolder(), "log", `${name}.log`);

/** Starts it unless it runs. */
export function startDaemon({ name, program, args, env }: Daemon): void {
  if (isUp(name)) return;
  for (const file of [recordFile(name), logFile(name)]) mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  const log = openSync(logFile(name), "w");
  const child = spawn(program, args, { detached: true, cwd: "/", stdio: ["ignore", log, log], env: env ?? process.env });
  closeSync(log);
  // A program that cannot be started has no process; whoever waits for it says so.
  child.on("error", () => undefined);
  child.unref();
  const { pid } = child;
  const started = pid === undefined ? undefined : startOf(pid);
  if (pid !== undefined && started !== undefined)
    writeFileSync(recordFile(name), JSON.stringify({ pid, started, program: basename(program) } satisfies Record));
}

/** Names of those that were started and not stopped, whether they still live or not. */
export function knownDaemons(): string[] {
  const folder = join(stateFolder(), "processes");
  return existsSync(folder) ? readdirSync(folder).map((name) => name.replace(/\.json$/, "")) : [];
}

export function isUp(name: string): boolean {
  return pidOf(name) !== undefined;
}

/** Of a living one. */
export function pidOf(name: string): number | undefined {
  if (!existsSync(recordFile(name))) return undefined;
  const { pid, started } = JSON.parse(readFileSync(recordFile(name), "utf8")) as Record;
  return startOf(pid) === started ? pid : undefined;
}

/** Asks it to end, and after some seconds makes it. */
export async function stopDaemon(name: string, patience = 10): Promise<void> {
  const limit = Date.now() + patience * 1000;
  for (let signal: NodeJS.Signals = "SIGTERM"; ; signal = "SIGKILL") {
    const pid = pidOf(name);
    if (pid === undefined) break;
    process.kill(pid, signal);
    while (isUp(name) && (signal === "SIGKILL" || Date.now() < limit)) await sleep(50);
  }
  rmSync(recordFile(name), { force: true });
}

/** Waits until `ready` gives true; an error with the end of its log if the program ends before, or the time does. */
export async function waitFor(name: string, seconds: number, ready: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + seconds * 1000;
  while (!(await ready())) {
    const ended = !isUp(name);
    if (ended || Date.now() > limit) {
      const said = existsSync(logFile(name)) ? tail(readFileSync(logFile(name), "utf8").trim(), 8) : "";
      throw new WarrenError(`${name} ${ended ? "ended" : `was not ready within ${seconds} seconds`}${said && `; it said:\n${said}`}`, {
        remedy: `its log is ${logFile(name)}; \`npm run lab:kubernetes -- --down\` takes the cluster away`,
      });
    }
    await sleep(100);
  }
}

/** When a process began; undefined if there is none, or only its exit code waits for its parent. */
function startOf(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold spaces: the fields are counted from its end.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
