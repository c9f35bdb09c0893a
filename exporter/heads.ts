/** How old the first dead letter of a queue is. It is taken alone and given back at once: it goes out first again, and nobody else waits. */
import type { Channel } from "amqplib";
import { closeChannel, letterOf, type Connection } from "../workers/dead-letters/index.js";

/**
 * Seconds since it died, and so since it is in this queue; `undefined` where there is none, or nothing on it says when it died. Giving back is
 * `basic.nack`, which counts for no delivery limit; a lost connection does, so only queues without one are looked at. Among letters that somebody
 * has looked at before (`warren dlq`), which the broker keeps in a row of their own, the first goes to the end.
 */
export async function letterAge(connection: Connection, queue: string, now = Date.now): Promise<number | undefined> {
  const channel: Channel = await connection.channel();
  try {
    const message = await channel.get(queue);
    if (message === false) return undefined;
    const { diedAt } = letterOf(message);
    channel.nack(message, false, true);
    return diedAt === undefined ? undefined : Math.max(0, (now() - diedAt) / 1000);
  } finally {
    // The channel ends in order: the nack is done before.
    await closeChannel(channel).catch(() => undefined);
  }
}
