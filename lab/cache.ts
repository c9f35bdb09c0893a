/** Fills a folder of the cache exactly once: beside its place, then renamed, so that a killed run leaves nothing half and two runs do not meet. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "./processes.js";
import { type Say } from "./steps.js";

/** The owner of a lock touches it so often, and is taken for dead when it has not for so long. */
const BEAT_MS = 5_000;
const SILENT_MS = 60_000;

/**
 * Makes sure that `folder` is there. `fill` gets an empty folder to work in, which takes the place of `folder` when `fill` is done.
 * Another process that is filling the same folder is waited for. A folder that is there and not whole is replaced.
 */
export async function fillOnce(
  folder: string,
  say: Say,
  fill: (temporary: string) => Promise<void>,
  isWhole: (folder: string) => boolean = existsSync,
): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const lock = `${folder}.lock`;
  while (!isWhole(folder)) {
    const owner = takeLock(lock);
    if (owner !== undefined) {
      say(`waiting for another set-up (process ${owner}) that makes the same`);
      await sleep(500);
      continue;
    }
    const beat = setInterval(() => utimesSync(lock, new Date(), new Date()), BEAT_MS);
    try {
      if (!isWhole(folder)) await fillHere(folder, fill);
    } finally {
      clearInterval(beat);
      rmSync(lock, { force: true });
    }
  }
}

async function fillHere(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  sweep(folder);
  const temporary = `${folder}.partial-${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  try {
    await fill(temporary);
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Removes what killed runs left of the same folder. */
function sweep(folder: string): void {
  const prefix = `${basename(folder)}.partial-`;
  for (const name of readdirSync(dirname(folder))) {
    if (name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length))))
      rmSync(join(dirname(folder), name), { recursive: true, force: true });
  }
}

/** Undefined if the lock is ours now; otherwise the process that holds it. */
function takeLock(lock: string): number | undefined {
  // Written first and linked into place: a lock that can be seen always names its owner.
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    for (;;) {
      try {
        linkSync(own, lock);
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const owner = readOwner(lock);
      if (owner !== undefined && owner !== process.pid && isAlive(owner)) return owner;
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Undefined for a lock whose owner gives no more signs of life: its number may belong to another process by now. */
function readOwner(lock: string): number | undefined {
  try {
    return Date.now() - statSync(lock).mtimeMs < SILENT_MS ? Number(readFileSync(lock, "utf8")) : undefined;
  } catch {
    return undefined;
  }
}
