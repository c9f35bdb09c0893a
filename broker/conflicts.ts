/** What an update would write over that others made: found before anything is touched, and refused. */
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { conflictText } from "./conflict-text.js";
import { mismatches, type Mismatch } from "./drift.js";
import { liveItems, plannedItems, type Item } from "./items.js";
import type { LiveInstallation } from "./live.js";
import type { Managed } from "./losses.js";
import { wholeConflicts, type Known } from "./whole-conflicts.js";

/** Every broker has this vhost, with a description of its own. Of queues the guard against loss tells more. */
const isExempt = ({ kind, name }: Item): boolean => kind === "queue" || (kind === "vhost" && name === "/");

const idOf = ({ kind, vhost, name, field }: Mismatch): string => JSON.stringify([kind, vhost, name, field]);

/** Each difference once, whoever found it. */
export const once = (found: readonly Mismatch[]): Mismatch[] =>
  [...new Map([...found].reverse().map((one) => [idOf(one), one])).values()].reverse();

/** What differs from the plan of what is there and is not the stack's. Pure. */
export function conflicts(plan: InstallationPlan, live: LiveInstallation, managed: Managed, known: Known = {}): Mismatch[] {
  const found = new Map(liveItems(live).map((item) => [item.id, item]));
  const fields = plannedItems(plan).flatMap((item) => {
    const actual = found.get(item.id);
    return actual && !isExempt(item) && !managed.objects.has(item.id) ? mismatches(item, actual, known.secrets) : [];
  });
  return once([...fields, ...wholeConflicts(plan, live, managed.objects, known)]);
}

/** Throws a WarrenError that lists them all. */
export function refuseConflicts(found: readonly Mismatch[]): void {
  if (found.length === 0) return;
  const { count, isOne, lines, advice } = conflictText(found);
  throw new WarrenError(
    [
      `${count} that this stack did not make ${isOne ? "is" : "are"} on the broker already, and otherwise than the topology says; nothing was changed.`,
      ...lines,
    ].join("\n"),
    {
      remedy: [
        "write into the topology what is there: equal objects are taken over; or give yours another name; or delete what is there if nobody needs it",
        ...advice,
      ].join("; "),
    },
  );
}
