/** What an update would write over that others made: found before anything is touched, and refused. */
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { mismatches, type Mismatch } from "./drift.js";
import { liveItems, plannedItems, type Item } from "./items.js";
import type { LiveInstallation } from "./live.js";
import { plural } from "../topology/plural.js";
import { fieldLine, type Managed } from "./losses.js";

/** Every broker has this vhost, with a description of its own. Of queues the guard against loss tells more. */
const isExempt = ({ kind, name }: Item): boolean => kind === "queue" || (kind === "vhost" && name === "/");

/** The fields of objects that are there, are not the stack's, and differ from the plan. Pure. */
export function conflicts(plan: InstallationPlan, live: LiveInstallation, managed: Managed): Mismatch[] {
  const found = new Map(liveItems(live).map((item) => [item.id, item]));
  return plannedItems(plan).flatMap((item) => {
    const actual = found.get(item.id);
    return actual && !isExempt(item) && !managed.objects.has(item.id) ? mismatches(item, actual) : [];
  });
}

/** Throws a WarrenError that lists them all. */
export function refuseConflicts(found: readonly Mismatch[]): void {
  if (found.length === 0) return;
  const objects = new Map<string, Mismatch[]>();
  for (const mismatch of found) {
    const { kind, vhost, name, path } = mismatch;
    const label = `${kind} ${JSON.stringify(name)}${vhost === null ? "" : ` in vhost ${JSON.stringify(vhost)}`} (${path})`;
    objects.set(label, [...(objects.get(label) ?? []), mismatch]);
  }
  const lines = [...objects].flatMap(([label, fields]) => [
    `  ${label}`,
    ...fields.map(({ field, expected, actual }) => fieldLine(field, expected ?? undefined, actual ?? undefined)),
  ]);
  const count = `${plural(objects.size, "object")} that this stack did not make ${objects.size === 1 ? "is" : "are"}`;
  throw new WarrenError(
    [`${count} on the broker already, and otherwise than the topology says; nothing was changed.`, ...lines].join("\n"),
    {
      remedy:
        "write into the topology what is there: equal objects are taken over; or give yours another name; or delete what is there if nobody needs it",
    },
  );
}
