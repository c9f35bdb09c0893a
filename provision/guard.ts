/** The guard against loss: before anything is registered, the plan is laid beside the live broker, and what would lose messages, or take a queue from its consumers, is refused. */
import { behind, refuseBehind } from "../broker/behind.js";
import { conflicts, refuseConflicts } from "../broker/conflicts.js";
import { cancelledWarning, inUse, refuseInUse } from "../broker/in-use.js";
import { ends, refuseLostBindings, replacementWarning } from "../broker/lost-bindings.js";
import { countLosses, losses, refuseLosses, type Managed } from "../broker/losses.js";
import { readLive } from "../broker/live.js";
import { overflowing, overflowWarning, refuseOverflowing, smallerLimits } from "../broker/smaller-limits.js";
import type { Known } from "../broker/whole-conflicts.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import { VERSIONS, type Version } from "../topology/settings.js";
import { managementOf, type Connection } from "./connection.js";

/** The newest version that a topology of the plan asks for. */
export function versionOf(plan: InstallationPlan): Version {
  const asked = plan.vhosts.map(({ brokerVersion }) => VERSIONS.indexOf(brokerVersion));
  return VERSIONS[Math.max(0, ...asked)] ?? "4.0";
}

export interface GuardOptions {
  readonly connection: Connection;
  readonly plan: InstallationPlan;
  /** What the stack has made so far. @default every queue of the plan's vhosts that is no instance's, and nothing in it is another's */
  readonly managed?: Managed | undefined;
  /** @default secrets and passwords are not compared */
  readonly known?: Known | undefined;
  /** The oldest version that will do. @default the newest that a topology asks for */
  readonly brokerVersion?: Version;
  /** The user accepts to lose messages, and to cancel consumers. What is in the way is refused all the same. @default false */
  readonly allowDataLoss?: boolean;
  /** The stack is taken down: consumers end with what they consume from, and messages alone count. @default false */
  readonly down?: boolean;
  /** Told what it waits for. */
  readonly onWait?: (text: string) => void;
  /** Told what has to be known before an update that is not refused. */
  readonly onWarn?: (text: string) => void;
}

/** Throws what was thrown, as one error. */
function allAtOnce(...refusals: readonly (() => void)[]): void {
  const faults = refusals.flatMap((refuse) => {
    try {
      refuse();
      return [];
    } catch (error) {
      if (error instanceof WarrenError) return [error.message];
      throw error;
    }
  });
  if (faults.length > 0) throw new WarrenError(faults.join("\n"));
}

/**
 * Throws a WarrenError that lists every queue with messages or consumers that an update to this plan would delete or replace, with their
 * count, what differs and the safe ways; and every queue that stands in the way of a planned one. Refused as well: to make a queue anew that only the
 * stack's state has otherwise, to write over an object that the
 * stack did not make, to take away bindings that it did not make with their exchange or queue, to set a limit below what a queue holds, and a broker
 * that is too old.
 */
export async function guard(options: GuardOptions): Promise<void> {
  const { plan, managed } = options;
  const broker = managementOf(options.connection);
  try {
    await broker.requireVersion(options.brokerVersion ?? versionOf(plan));
    const vhosts = new Set([...plan.vhosts.map(({ vhost }) => vhost.name), ...(managed?.vhosts ?? [])]);
    const live = await readLive(broker, [...vhosts]);
    const found = losses(plan, live, managed ? { managed } : {});
    const ended = managed ? ends(plan, live, managed, found) : [];
    const counted = await countLosses(broker, found, {
      onWait: (ms) => options.onWait?.(`${plural(found.length, "queue")} would go: waiting ${ms / 1000} s for their exact counts`),
    });
    // Of an engine that does not say what the stack has made, a queue outside of the plan may be anybody's, and stays.
    const used = await inUse(broker, managed ? found : found.filter(({ action }) => action === "replace"));
    const { allowDataLoss = false, down = false } = options;
    // Taken down, the policies go.
    const smaller = down ? [] : smallerLimits(plan, live, { managed, going: found });
    const over = await overflowing(broker, smaller, (ms) =>
      options.onWait?.(`${plural(smaller.length, "limit")} would be smaller: waiting ${ms / 1000} s for exact counts`),
    );
    allAtOnce(
      () => refuseConflicts(managed ? conflicts(plan, live, managed, options.known) : []),
      () => refuseLosses(counted, { allowDataLoss, verb: down ? "down" : "up" }),
      () => (allowDataLoss || down ? undefined : refuseInUse(used)),
      () => (allowDataLoss ? undefined : refuseBehind(managed ? behind(plan, live, managed) : [])),
      () => (allowDataLoss ? undefined : refuseLostBindings(ended)),
      () => (allowDataLoss ? undefined : refuseOverflowing(over)),
    );
    const warnings = [replacementWarning(ended), cancelledWarning(used), overflowWarning(over)];
    for (const warning of warnings) if (warning !== undefined) options.onWarn?.(warning);
  } finally {
    await broker.close();
  }
}
