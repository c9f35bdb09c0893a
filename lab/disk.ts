/** Says before a long job, not in its middle, that a disk is too full for it. */
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { WarrenError } from "../topology/errors.js";

export const MB = 1_000_000;
export const GB = 1_000_000_000;

/** Throws if the disk of `folder` (which need not exist yet) has less than `bytes` free. */
export function needSpace(what: string, folder: string, bytes: number, free = freeSpace(folder)): void {
  if (free >= bytes) return;
  throw new WarrenError(`${what} needs ${formatBytes(bytes)} of free space at ${folder}, and there are ${formatBytes(free)}`, {
    remedy: "free some space, or set WARREN_CACHE to a folder on another disk; nothing was begun",
  });
}

export function freeSpace(folder: string): number {
  let place = folder;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const disk = statfsSync(place);
  return disk.bavail * disk.bsize;
}

export function formatBytes(bytes: number): string {
  return bytes >= GB ? `${(bytes / GB).toFixed(1)} GB` : `${Math.round(bytes / MB)} MB`;
}
