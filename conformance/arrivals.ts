/** What lies in the queues of a ground, by message id: taken out, so that it can be compared. */
import type { Channel } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { numeric } from "../topology/explain/holder.js";
import { effectiveSettings } from "../topology/policies.js";
import type { PlannedQueue } from "../topology/compile/plan.js";
import type { Session } from "./amqp.js";
import { SHORT_MS } from "./ends.js";
import type { Ground } from "./ground.js";

const numberOf = ({ plan }: Ground, queue: PlannedQueue, key: string): number | undefined => numeric(effectiveSettings(plan, queue), key);

/** Whether what is published to it stays long enough to be found. */
export const keeps = (ground: Ground, queue: PlannedQueue): boolean => (numberOf(ground, queue, "message-ttl") ?? SHORT_MS) >= SHORT_MS;

/** How many messages every queue takes without losing one; at most `most`. */
export function room(ground: Ground, most: number): number {
  return Math.max(1, Math.min(most, ...ground.plan.queues.map((queue) => numberOf(ground, queue, "max-length") ?? most)));
}

/** Streams give what comes after the call; queues give what lies in them. */
export class Arrivals {
  readonly #streams = new Map<string, string[]>();

  private constructor(
    private readonly ground: Ground,
    private readonly session: Session,
    private readonly channel: Channel | undefined,
  ) {}

  static async watch(ground: Ground): Promise<Arrivals> {
    const session = await ground.session();
    const streams = ground.plan.queues.filter(({ type }) => type === "stream");
    const channel = streams.length === 0 ? undefined : await session.channel();
    const arrivals = new Arrivals(ground, session, channel);
    await channel?.prefetch(1000);
    for (const { name } of streams) {
      const ids: string[] = [];
      arrivals.#streams.set(name, ids);
      const take = (message: { properties: { messageId?: unknown } } | null): void => {
        if (message) ids.push(String(message.properties.messageId));
      };
      await channel?.consume(name, take, { noAck: false, arguments: { "x-stream-offset": "next" } });
    }
    return arrivals;
  }

  /** The queues that got each message. Waits until the streams have given so many in all, for they deliver on their own time. */
  async byMessage(expectedInStreams: number): Promise<Map<string, Set<string>>> {
    const found = new Map<string, Set<string>>();
    const put = (id: string, queue: string): void => void found.set(id, (found.get(id) ?? new Set()).add(queue));
    const queues = this.ground.plan.queues.filter(({ type }) => type !== "stream");
    for (const { name } of queues) for (const { properties } of await this.session.drain(name)) put(String(properties.messageId), name);
    const count = (): number => [...this.#streams.values()].reduce((sum, ids) => sum + ids.length, 0);
    for (const deadline = Date.now() + this.ground.timeouts.arrival; count() < expectedInStreams && Date.now() < deadline;)
      await sleep(this.ground.timeouts.poll);
    if (this.#streams.size > 0) await sleep(this.ground.timeouts.silence);
    for (const [name, ids] of this.#streams) for (const id of ids.splice(0)) put(id, name);
    return found;
  }

  async close(): Promise<void> {
    await this.channel?.close().catch(() => undefined);
  }
}
