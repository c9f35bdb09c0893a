/** Where things are kept: the cache of tools (shared by all checkouts) and the ignored folder of this checkout. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export const checkout = resolve(__dirname, "..");

/** Tools that were downloaded or built; may be deleted at any time, and is then filled again. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env["WARREN_CACHE"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "warren");
}

/** `<cache>/<tool>-<version>`. */
export function toolFolder(tool: string, version: string): string {
  return join(cacheFolder(), `${tool}-${version}`);
}

/** What this checkout remembers and never commits: state, passphrase, choices. */
export function ownFolder(): string {
  return join(checkout, ".warren");
}
