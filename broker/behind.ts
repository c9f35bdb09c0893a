/** Queues that the state of the stack has as they were, and the broker as they are to be: the engine would make them anew for nothing. */
import { effectOf, worst, type Difference } from "../topology/changes.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import { itemId } from "./items.js";
import type { LiveInstallation, LiveQueue } from "./live.js";
import { fieldLine, type Managed, type QueueName } from "./losses.js";

export interface Behind extends QueueName {
  /** From the state (before) to the plan, and the broker (after). */
  readonly differences: readonly Difference[];
}

/** An update compares the plan with the state alone: these it would delete and make again, whatever is on the broker. Pure. */
export function behind(plan: InstallationPlan, live: LiveInstallation, { queues }: Pick<Managed, "queues">): Behind[] {
  const loses = (differences: readonly Difference[]): boolean => worst(differences) === "replace and lose messages";
  return plan.vhosts.flatMap(({ vhost: { name: vhost }, queues: wanted }) => {
    const found = new Map<string, LiveQueue>(
      live.vhosts.find((one) => one.vhost.name === vhost)?.queues.map((queue) => [queue.name, queue] as const),
    );
    return wanted.flatMap((want): Behind[] => {
      const [is, was] = [found.get(want.name), queues?.get(itemId("queue", vhost, want.name))];
      if (!is || !was || loses(effectOf("queue", { ...want, ...is }, want))) return [];
      const differences = effectOf("queue", { ...want, ...was }, want);
      return loses(differences) ? [{ vhost, queue: want.name, differences }] : [];
    });
  });
}

/** Throws a WarrenError that lists them, if there are any. */
export function refuseBehind(found: readonly Behind[]): void {
  if (found.length === 0) return;
  const lines = found.flatMap(({ vhost, queue, differences }) => [
    `  queue ${JSON.stringify(queue)} in vhost ${JSON.stringify(vhost)}, of which the stack's state says`,
    ...differences.map(({ field, before, after }) => fieldLine(field, after, before)),
  ]);
  const [are, them] = found.length === 1 ? ["is", "it"] : ["are", "them"];
  const fault = `${plural(found.length, "queue")} ${are} on the broker as declared already, and the stack does not know: up would delete ${them} and make ${them} again; nothing was changed.`;
  throw new WarrenError([fault, ...lines].join("\n"), {
    remedy:
      "let the stack see what is there (after warren migrate it has to), and run up again: npm run pulumi -- refresh --yes. up --refresh is too late: the program reads the state before it",
  });
}
