/** A vhost takes exactly as many queues and connections as the topology allows. */
import type { Session } from "../amqp.js";
import type { Ground } from "../ground.js";
import { openUntilRefused, wrongCount } from "../limits.js";
import { Broken, type Case, type Note, type Probe } from "../probe.js";

/** Those that the topology has are there already; as many more as the limit leaves room for are declared, and one more. */
async function tryQueues(ground: Ground, declared: number, note: Note): Promise<void> {
  const { management, vhost, run } = ground;
  const there = (await management.counts()).filter((queue) => queue.vhost === vhost).length;
  if (there > declared) throw new Broken(`${whose(ground)} has ${there} queues, and the topology allows ${declared}`);
  const session = await ground.session();
  let count = 0;
  const opened = await openUntilRefused<string>({
    declared: declared - there,
    limited: await left(ground, "max-queues", there),
    open: async () => {
      const name = `${run}-limit-${count++}`;
      const refusal = await session.attempt((channel) =>
        channel.assertQueue(name, { durable: true, arguments: { "x-queue-type": "classic" } }),
      );
      if (refusal) throw new Error(refusal.text);
      return name;
    },
    close: async (name) => void (await management.deleteQueue(vhost, name)),
    pause: 0,
  });
  note("tried", `${there} queues there, ${opened.count} more declared; the next: ${opened.refusal ?? "let in"}`);
  wrongCount(whose(ground), "queues", declared, { ...opened, count: opened.count + there });
}

const whose = ({ vhost }: Ground): string => `vhost ${JSON.stringify(vhost)}`;

/** What the broker's limit leaves room for. */
async function left({ management, vhost }: Ground, limit: string, there: number): Promise<number | undefined> {
  const value = (await management.vhostLimits(vhost))[limit];
  return value === undefined || value < 0 ? undefined : value - there;
}

/** Connections that are there already count; of the run itself those that it holds open. */
async function tryConnections(ground: Ground, declared: number, note: Note): Promise<void> {
  const { timeouts } = ground;
  const first = await ground.session();
  let there = 0;
  // What the API says of connections that were just opened or closed is some seconds old: two looks that agree are taken.
  await ground.eventually(
    `the number of connections in ${whose(ground)} to be settled`,
    async () => {
      const before = there;
      there = (await ground.management.connections(ground.vhost)).length;
      return (there > 0 && there === before) || undefined;
    },
    timeouts.counts,
  );
  const opened = await openUntilRefused<Session>({
    declared: Math.max(0, declared - there),
    limited: await left(ground, "max-connections", there),
    open: () => first.again(),
    close: (session) => session.close(),
    pause: timeouts.poll,
  });
  note("tried", `${there} connections there, ${opened.count} more opened; the next: ${opened.refusal ?? "let in"}`);
  wrongCount(whose(ground), "connections", declared, { ...opened, count: opened.count + there });
}

type Trial = (ground: Ground, declared: number, note: Note) => Promise<void>;

/** A copy has the limit for the while. */
const limited =
  (limit: string, declared: number, attempt: Trial) =>
  async (ground: Ground, note: Note): Promise<void> => {
    const { management, vhost, copy } = ground;
    if (!copy) return attempt(ground, declared, note);
    await management.putVhostLimit(vhost, limit, declared);
    try {
      await attempt(ground, declared, note);
    } finally {
      await management.deleteVhostLimit(vhost, limit);
    }
  };

export const vhostLimits: Probe = {
  name: "vhost-limits",
  promise: "The vhost takes exactly as many queues and connections as the topology says; the next is refused.",
  level: "core",
  profile: "probe",
  cases: ({ vhost: { limits } }): readonly Case[] => {
    const { maxQueues = -1, maxConnections = -1 } = limits ?? {};
    return [
      ...(maxQueues < 0 ? [] : [{ name: "queues", touches: "everything" as const, run: limited("max-queues", maxQueues, tryQueues) }]),
      ...(maxConnections < 0
        ? []
        : [
            {
              name: "connections",
              touches: "everything" as const,
              run: limited("max-connections", maxConnections, tryConnections),
            },
          ]),
    ];
  },
};
