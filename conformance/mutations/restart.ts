/** Restarts that lose something. */
import type { Mutable, Mutation } from "../mutation.js";

const topology = {
  exchanges: { events: { type: "topic" } },
  queues: {
    orders: { type: "quorum", from: { events: "order.*" }, maxLength: 100 },
    log: { type: "classic", from: { events: "#" }, maxLength: 100 },
    history: { type: "stream", from: { events: "#" }, maxAge: "1 day" },
  },
} as const;
const probe = "restart";

/** What is lost with the next restart: that one that comes after the change. */
const losing: { lose?: (() => Promise<unknown>) | undefined } = {};

const target = ({ container }: Mutable) => ({
  restart: async () => {
    await losing.lose?.();
    await container().restart();
  },
});
const undo = async (): Promise<void> => void (losing.lose = undefined);

export const restart: readonly Mutation[] = [
  {
    probe,
    name: "a queue does not survive",
    topology,
    container: true,
    target,
    change: async ({ management, vhost }) => void (losing.lose = () => management.deleteQueue(vhost, "orders")),
    undo,
    says: /queue "orders" is gone after the restart\nbinding "events -> orders .*" is gone after the restart/,
  },
  {
    probe,
    name: "the messages of a queue do not survive",
    topology,
    container: true,
    target,
    change: async ({ management, vhost }) => void (losing.lose = () => management.purgeQueue(vhost, "log")),
    undo,
    says: /^\s*queue "log" lost a persistent message that was confirmed before the restart\s*$/,
  },
];
