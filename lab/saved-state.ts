/** A copy of the last whole state: a disk that fills up, or a kill, while the engine writes can leave a file of it empty. */
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { MB, needSpace } from "./disk.js";
import type { Workspace } from "./workspace.js";

/** What a run writes: the state after each step, and the history. */
const RUN_SPACE = 100 * MB;

function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}

/**
 * Beside each file of a state the engine writes its attributes, not in one piece: killed at that moment it leaves them empty, and then reads
 * nothing ("failed to load checkpoint: EOF"). Without them it reads the file (source: `gocloud.dev/blob/fileblob`, `getAttrs`).
 */
function removeBrokenAttributes(workspace: Workspace, say: (line: string) => void): void {
  const folder = workspace.stateFolder;
  if (!existsSync(folder)) return;
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".attrs"));
  const broken = files.map((name) => join(folder, name)).filter((file) => !isWhole(file));
  for (const file of broken) rmSync(file);
  if (broken.length > 0) say("attributes of the state that a killed engine left half written are removed");
}

/**
 * Puts the copy in the place of a state that cannot be read; what was made since is adopted by the run that follows.
 * Throws before anything is begun if the disk is too full for a run, or if there is no copy.
 */
export function restoreState(workspace: Workspace, say: (line: string) => void): void {
  needSpace("The stack's state", workspace.folder, RUN_SPACE);
  removeBrokenAttributes(workspace, say);
  const state = workspace.checkpointFile;
  if (!existsSync(state) || isWhole(state)) return;
  const copy = workspace.lastStateFile;
  if (!existsSync(copy) || !isWhole(copy)) {
    throw new WarrenError(`The stack's state ${state} cannot be read, and there is no copy of it`, {
      remedy: "remove that file: the next run adopts what is on the broker; npm run down -- --discard removes everything",
    });
  }
  copyFileSync(copy, `${state}.restored`);
  renameSync(`${state}.restored`, state);
  say("the state could not be read (a full disk leaves it so): the copy from before the last run is used");
}

/** Keeps the state as it is now, before a run changes it. */
export function saveState(workspace: Workspace): void {
  if (!existsSync(workspace.checkpointFile)) return;
  const copy = workspace.lastStateFile;
  copyFileSync(workspace.checkpointFile, `${copy}.new`);
  renameSync(`${copy}.new`, copy);
}
