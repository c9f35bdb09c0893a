/** Queues that an update would take away from their consumers: an update deletes or replaces a queue only when nobody uses it. */
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import type { Loss } from "./losses.js";
import type { Management } from "./management.js";

export interface InUse extends Loss {
  readonly consumers: number;
  /** Whether one of them lets no other in. */
  readonly exclusive: boolean;
}

/** Those that somebody consumes from, of the queues that would go. The broker is asked only if one goes. */
export async function inUse(management: Pick<Management, "consumers">, found: readonly Loss[]): Promise<InUse[]> {
  const going = found.filter(({ action }) => action !== "in the way");
  const vhosts = [...new Set(going.map(({ vhost }) => vhost))];
  const consumers = (await Promise.all(vhosts.map((vhost) => management.consumers(vhost)))).flat();
  return going.flatMap((loss) => {
    const own = consumers.filter(({ queue }) => queue.vhost === loss.vhost && queue.name === loss.queue);
    return own.length === 0 ? [] : [{ ...loss, consumers: own.length, exclusive: own.some(({ exclusive }) => exclusive) }];
  });
}

const lineOf = ({ action, vhost, queue, type, consumers, exclusive }: InUse): string =>
  `  ${action}: ${type} queue ${JSON.stringify(queue)} in vhost ${JSON.stringify(vhost)} has ${plural(consumers, "consumer")}${exclusive ? " (exclusive)" : ""}`;

/** Throws a WarrenError that lists them, if there are any. A vhost that goes ends all that is in it: its consumers are none that wait for their queue. */
export function refuseInUse(used: readonly InUse[]): void {
  const bad = used.filter(({ action }) => action !== "delete with vhost");
  if (bad.length === 0) return;
  const total = bad.reduce((sum, { consumers }) => sum + consumers, 0);
  const fault = `up would take ${plural(bad.length, "queue")} away from ${plural(total, "consumer")}; nothing was changed.`;
  const migratable = bad.some(({ action, type, exclusive }) => action === "replace" && type !== "stream" && !exclusive);
  throw new WarrenError([fault, ...bad.map(lineOf)].join("\n"), {
    remedy: [
      ...(migratable ? ["make it anew with its consumers at work: warren migrate TOPOLOGY QUEUE (docs/change-a-queue.md);"] : []),
      "stop the consumers first: leave their services (or shovels) out and run up, or stop them where they run; then run up with this change;",
      "to cancel them on purpose, and lose what is in the queues: pulumi config set warren:allowDataLoss true, and remove it afterwards (in the checkout: npm run up -- --discard)",
    ].join("\n           "),
  });
}

/** What to know of consumers before their queues go; `undefined` if there are none. */
export function cancelledWarning(used: readonly InUse[]): string | undefined {
  if (used.length === 0) return undefined;
  const again = used.some(({ action }) => action === "replace");
  return [
    `The broker cancels the consumers of ${plural(used.length, "queue")} that will be deleted${again ? " or made again" : ""}:`,
    ...used.map(lineOf),
    "  A consumer that does not handle a cancel waits for ever; one that comes back before its queue is there gets a 404.",
    ...(again
      ? [
          "  What is published to a queue while it is made again reaches no queue. Without a gap: warren migrate TOPOLOGY QUEUE (docs/change-a-queue.md).",
        ]
      : []),
  ].join("\n");
}
