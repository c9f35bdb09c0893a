/** Consumers that an update takes their queue away from: no message is lost by it, so it is said and not refused. */
import { plural } from "../topology/plural.js";
import type { Loss } from "./losses.js";
import type { Management } from "./management.js";

/** What to know of consumers before these queues go; `undefined` if nobody consumes from any. The broker is asked only if one goes. */
export async function cancelledWarning(management: Pick<Management, "consumers">, found: readonly Loss[]): Promise<string | undefined> {
  const going = found.filter(({ action }) => action !== "in the way");
  const vhosts = [...new Set(going.map(({ vhost }) => vhost))];
  const consumers = (await Promise.all(vhosts.map((vhost) => management.consumers(vhost)))).flat();
  const lines = going.flatMap(({ action, vhost, queue, type }) => {
    const of = consumers.filter((one) => one.queue.vhost === vhost && one.queue.name === queue);
    if (of.length === 0) return [];
    const exclusive = of.some((one) => one.exclusive) ? " (exclusive)" : "";
    const what = `${type} queue ${JSON.stringify(queue)} in vhost ${JSON.stringify(vhost)}`;
    return [`  ${action}: ${what} has ${plural(of.length, "consumer")}${exclusive}`];
  });
  if (lines.length === 0) return undefined;
  const again = going.some(({ action }) => action === "replace");
  return [
    `The broker cancels the consumers of ${plural(lines.length, "queue")} that will be deleted${again ? " or made again" : ""}:`,
    ...lines,
    "  A consumer that does not handle a cancel waits for ever; one that comes back before its queue is there gets a 404.",
    ...(again
      ? [
          "  What is published to a queue while it is made again reaches no queue. Without a gap: warren migrate TOPOLOGY QUEUE (docs/change-a-queue.md).",
        ]
      : []),
  ].join("\n");
}
