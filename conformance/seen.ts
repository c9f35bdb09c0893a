/** What is seen of a message on the broker: its `x-death`, and in which queue it is. */
import type { Death } from "../topology/explain.js";
import type { Ground } from "./ground.js";

/** More than a probe puts into a queue that another one may be in. */
const LOOK_AT = 50;

/** Its `x-death` as the model writes it: without times. */
export function deathsOf(headers: Readonly<Record<string, unknown>>): Death[] {
  const deaths = (headers["x-death"] ?? []) as readonly (Death & { readonly time?: unknown })[];
  return deaths.map(({ queue, reason, count, exchange, "routing-keys": keys, "original-expiration": expiration }) => ({
    ...{ queue, reason, count, exchange, "routing-keys": keys },
    ...(expiration === undefined ? {} : { "original-expiration": expiration }),
  }));
}

/** Looks into every queue and puts back what is there: only to say where a message is that did not come. */
export async function whereIs(ground: Ground, id: string): Promise<string[]> {
  const session = await ground.session();
  const found: string[] = [];
  for (const { name, type } of ground.plan.queues) {
    if (type === "stream") continue;
    const channel = await session.channel();
    try {
      for (let count = 0; count < LOOK_AT; count++) {
        const message = await channel.get(name, { noAck: false });
        if (!message) break;
        if (message.properties.messageId === id) found.push(name);
      }
    } catch {
      // One that is not there, or that gives out messages to a consumer only, does not hide where else it is.
    } finally {
      // Gives back what was got.
      await channel.close().catch(() => undefined);
    }
  }
  return found;
}
