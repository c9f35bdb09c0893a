/** A copy of the last whole state: a disk that fills up while the engine writes its file can leave that one empty. */
import { copyFileSync, existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { MB, needSpace } from "./disk.js";
import type { Workspace } from "./workspace.js";

/** What a run writes: the state after each step, and the history. */
const RUN_SPACE = 100 * MB;

const copyOf = (workspace: Workspace): string => join(workspace.folder, "last-state.json");

function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}

/**
 * Puts the copy in the place of a state that cannot be read; what was made since is adopted by the run that follows.
 * Throws before anything is begun if the disk is too full for a run, or if there is no copy.
 */
export function restoreState(workspace: Workspace, say: (line: string) => void): void {
  needSpace("The stack's state", workspace.folder, RUN_SPACE);
  const state = workspace.checkpointFile;
  if (!existsSync(state) || isWhole(state)) return;
  const copy = copyOf(workspace);
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
  const copy = copyOf(workspace);
  copyFileSync(workspace.checkpointFile, `${copy}.new`);
  renameSync(`${copy}.new`, copy);
}
