/** What the changes to dead letters, limits and ladders are tried on, and how settings and queues are changed behind the topology's back. */
import type { Mutable } from "../mutation.js";

const DEAD = { type: "quorum", maxLength: 100, deliveryLimit: -1 } as const;

/** A queue of work whose dead letters one queue gets, and a queue besides. */
export const letters = {
  exchanges: { work: { type: "topic" }, dlx: { type: "fanout" } },
  queues: {
    orders: { type: "quorum", from: { work: "order.*" }, maxLength: 100, deadLetterTo: "dlx" },
    other: { type: "classic", from: { work: "other" }, maxLength: 100 },
    dead: { ...DEAD, from: { dlx: "" } },
  },
} as const;

/** A higher policy than the topology's for one queue. */
export const policy =
  (queue: string, definition: Readonly<Record<string, unknown>>) =>
  ({ management, vhost }: Mutable): Promise<void> =>
    management.putPolicy(vhost, "behind", { pattern: `^${queue.replaceAll(".", "\\.")}$`, applyTo: "queues", priority: 99, definition });

/** A queue is made again, with other arguments. */
export const remake =
  (queue: string, args: Readonly<Record<string, unknown>>) =>
  async ({ management, vhost }: Mutable): Promise<void> => {
    await management.deleteQueue(vhost, queue);
    await management.putQueue(vhost, queue, { durable: true, autoDelete: false, arguments: args });
  };

const between = (source: string, destination: string, routingKey: string) =>
  ({ source, destination, destinationType: "queue", routingKey, arguments: {} }) as const;

export const bind =
  (source: string, destination: string, routingKey = "") =>
  ({ management, vhost }: Mutable): Promise<void> =>
    management.putBinding(vhost, between(source, destination, routingKey));

export const unbind =
  (source: string, destination: string, routingKey = "") =>
  ({ management, vhost }: Mutable): Promise<boolean> =>
    management.deleteBinding(vhost, between(source, destination, routingKey));
