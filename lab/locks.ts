/** Locks of the stack: one whose process is dead is removed, one that lives is waited for. */
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WarrenError } from "../topology/errors.js";
import { isRunning, orphansWith } from "./processes.js";

export interface Lock {
  readonly pid: number;
  readonly hostname: string;
  readonly since: string;
}

/** How long a living update of the same stack is waited for. */
const WAIT_SECONDS = 60;

/** Reads a lock file of the engine's file backend; undefined if it is none (the engine was killed while writing it). */
export function parseLock(text: string): Lock | undefined {
  try {
    const { pid, hostname: host, timestamp } = JSON.parse(text) as Record<string, unknown>;
    if (typeof pid !== "number" || typeof host !== "string") return undefined;
    return { pid, hostname: host, since: typeof timestamp === "string" ? timestamp : "an unknown time" };
  } catch {
    return undefined;
  }
}

/** Whether the process that took the lock still works. A lock of another machine cannot be judged, so it counts as held. */
export function isHeld(lock: Lock, here = hostname(), running: (pid: number) => boolean = (pid) => isRunning(pid, "pulumi")): boolean {
  return lock.hostname !== here || running(lock.pid);
}

/** Removes the locks of dead processes and says so; throws if a living one keeps the stack. */
export async function clearLocks(folder: string, say: (line: string) => void): Promise<void> {
  const limit = Date.now() + WAIT_SECONDS * 1000;
  let told = false;
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    // Beside each lock stands a file with its attributes.
    if (!name.endsWith(".json")) continue;
    const file = join(folder, name);
    for (;;) {
      const text = existsSync(file) ? readFileSync(file, "utf8") : undefined;
      if (text === undefined) break;
      const lock = parseLock(text);
      if (!lock || !isHeld(lock)) {
        for (const part of [file, `${file}.attrs`]) rmSync(part, { force: true });
        say(lock ? `removed the stack lock of process ${lock.pid}, which is gone (taken at ${lock.since})` : "removed a broken stack lock");
        break;
      }
      if (Date.now() > limit || lock.hostname !== hostname()) {
        throw new WarrenError(`The stack is locked by process ${lock.pid} on ${lock.hostname} since ${lock.since}`, {
          remedy: `wait for that update or end it; if it is gone, delete ${file}`,
        });
      }
      if (!told) say(`process ${lock.pid} is updating the stack since ${lock.since}: waiting up to ${WAIT_SECONDS} seconds`);
      told = true;
      await sleep(500);
    }
  }
}

/** Ends what a killed engine left running (its plugins), which could still be making things. */
export async function endOrphans(program: string, say: (line: string) => void): Promise<void> {
  const orphans = orphansWith("WARREN_CHECKOUT", program);
  if (orphans.length === 0) return;
  for (const pid of orphans) signal(pid, "SIGTERM");
  await sleep(1_000);
  for (const pid of orphansWith("WARREN_CHECKOUT", program)) signal(pid, "SIGKILL");
  say(`ended ${orphans.length} processes that a killed engine had left`);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended by itself.
  }
}
