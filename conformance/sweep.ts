/** Removes what runs left on a broker that were killed before they could. */
import type { Management } from "../broker/index.js";

/** Begins the names of all that a run makes; the time of its start follows in base 36, and a random part. */
export const RUN_PREFIX = "warren-conformance-";

/** A run that is older than this is over. */
const OLD_MS = 6 * 60 * 60 * 1000;
/** No run is older than the suite. */
const FIRST = Date.UTC(2026, 0);

/** `warren-conformance-TIME-RANDOM-` and what it is for. */
const NAME = /^warren-conformance-([0-9a-z]{8})-[0-9a-f]{6}-\d+/;

/** When the run began that made something of this name; `undefined` if none did. */
export function startOf(name: string, now = Date.now()): number | undefined {
  const began = Number.parseInt(NAME.exec(name)?.[1] ?? "", 36);
  return began >= FIRST && began <= now ? began : undefined;
}

function isOld({ name }: { readonly name: string }): boolean {
  const began = startOf(name);
  return began !== undefined && Date.now() - began > OLD_MS;
}

/** Vhosts and users. */
export async function sweep(management: Management): Promise<void> {
  for (const { name } of (await management.vhosts()).filter(isOld)) await management.deleteVhost(name);
  for (const { name } of (await management.users()).filter(isOld)) await management.deleteUser(name);
}

/**
 * Policies, permissions and queues inside the vhosts of a run of profile full, however young: it is alone there, and a policy that was left
 * would drop messages.
 */
export async function sweepInside(management: Management, vhosts: readonly string[]): Promise<void> {
  for (const vhost of vhosts) {
    const found = await management.vhostDefinitions(vhost);
    const ofRun = ({ name }: { readonly name: string }): boolean => startOf(name) !== undefined;
    for (const { name } of (found?.policies ?? []).filter(ofRun)) await management.deletePolicy(vhost, name);
    for (const { name } of (found?.queues ?? []).filter(ofRun)) await management.deleteQueue(vhost, name);
  }
}
