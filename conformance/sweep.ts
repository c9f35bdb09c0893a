/** Removes what runs left on a broker that were killed before they could. */
import type { Management } from "../broker/index.js";

/** Begins the names of all vhosts and users that a run makes; the time of its start follows, in base 36. */
export const RUN_PREFIX = "warren-conformance-";

/** A run that is older than this is over. */
const OLD_MS = 6 * 60 * 60 * 1000;

function isOld(name: string): boolean {
  if (!name.startsWith(RUN_PREFIX)) return false;
  const began = Number.parseInt(name.slice(RUN_PREFIX.length).split("-")[0] ?? "", 36);
  return Number.isFinite(began) && Date.now() - began > OLD_MS;
}

export async function sweep(management: Management): Promise<void> {
  for (const { name } of await management.vhosts()) if (isOld(name)) await management.deleteVhost(name);
  for (const { name } of await management.users()) if (isOld(name)) await management.deleteUser(name);
}
