/** Changes of objects with the messages that a live broker holds now in what would go. */
import { brokerAddress } from "../broker/address.js";
import { itemId } from "../broker/items.js";
import { countLosses, type Loss } from "../broker/losses.js";
import { Management } from "../broker/management.js";
import { losesMessages, type ObjectChange } from "../topology/difference/index.js";
import type { Console } from "./output.js";

const isCounted = (change: ObjectChange): boolean => losesMessages(change) && change.kind === "queue";

const idOf = (vhost: string | null, queue: string): string => itemId("queue", vhost ?? undefined, queue);

/** @param types of the queues that stand: neither side of a comparison may be what the broker holds */
const asLoss = ({ vhost, name, type, consequence, differences }: ObjectChange, types: ReadonlyMap<string, string | undefined>): Loss => ({
  vhost: vhost ?? "",
  queue: name,
  type: (types.get(idOf(vhost, name)) ?? type) as Loss["type"],
  action: consequence === "delete and lose messages" ? "delete" : "replace",
  differences,
});

/**
 * Waits some seconds where the broker has quorum queues or streams among them, for their counts are that old; without a loss, or a broker, nothing is asked.
 * @param live the broker's URL; `true` is `fallback`, then the environment's, then the dev stack
 */
export async function countedChanges(
  changes: readonly ObjectChange[],
  live: string | true | undefined,
  fallback: string | undefined,
  console: Console,
): Promise<readonly ObjectChange[]> {
  if (live === undefined || !changes.some(isCounted)) return changes;
  const url = live === true ? fallback : live;
  const { management: at } = brokerAddress({ url, environment: console.environment, directory: console.cwd });
  const management = new Management(at);
  try {
    const types = new Map((await management.counts()).map(({ vhost, name, type }) => [idOf(vhost, name), type]));
    const losses = changes.filter(isCounted).map((change) => asLoss(change, types));
    const counted = await countLosses(management, losses);
    const found = new Map(counted.map(({ vhost, queue, messages }) => [idOf(vhost, queue), messages]));
    return changes.map((change) =>
      isCounted(change) ? { ...change, messages: found.get(idOf(change.vhost, change.name)) ?? null } : change,
    );
  } finally {
    await management.close();
  }
}
