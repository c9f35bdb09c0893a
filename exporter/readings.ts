/** What one look at the broker comes to: consumers of services, ages of heads, objects that drifted. Pure. */
import type { Drift, DriftEntry } from "../broker/drift.js";
import type { WireConsumer, WireHead } from "../broker/wire.js";
import type { Expectation, Subject } from "./subjects.js";

/** Live consumers for each expectation; while a password is changed, of both users. */
export function liveConsumers(
  { expected }: Pick<Subject, "expected">,
  consumers: readonly WireConsumer[],
): (Expectation & { readonly count: number })[] {
  const counts = new Map<string, number>();
  const key = (queue: string, user: string | undefined): string => JSON.stringify([queue, user]);
  for (const { queue, channel_details: channel } of consumers) {
    const at = key(queue.name, channel?.user);
    counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  return expected.map((each) => ({
    ...each,
    count: each.users.reduce((sum, user) => sum + (counts.get(key(each.queue, user)) ?? 0), 0),
  }));
}

/** Seconds, by queue, of those whose head's timestamp says it. A clock that is ahead makes no age below 0. */
export function headAges({ stamped }: Pick<Subject, "stamped">, heads: readonly WireHead[], now: number): Map<string, number> {
  const ages = new Map<string, number>();
  for (const { name, head_message_timestamp: stamp } of heads) {
    if (typeof stamp === "number" && stamped.has(name)) ages.set(name, Math.max(0, now / 1000 - stamp));
  }
  return ages;
}

export const DRIFT_KINDS = ["missing", "mismatched", "extra"] as const;

/** What belongs to no vhost stands under `""`; a vhost itself under its name. An object counts once, however many of its fields differ. */
export function driftCounts(
  found: Drift,
  vhosts: readonly string[],
): { readonly vhost: string; readonly kind: string; readonly count: number }[] {
  const placeOf = ({ kind, vhost, name }: DriftEntry): string => (kind === "vhost" ? name : (vhost ?? ""));
  return DRIFT_KINDS.flatMap((kind) => {
    const objects = new Map(found[kind].map((entry) => [JSON.stringify([entry.kind, entry.vhost, entry.name]), placeOf(entry)]));
    const places = [...objects.values()];
    return ["", ...vhosts].map((vhost) => ({ vhost, kind, count: places.filter((place) => place === vhost).length }));
  });
}
