/** A user gets exactly as many connections and channels as the topology allows. */
import type { PlannedUser } from "../../topology/compile/plan.js";
import type { Session } from "../amqp.js";
import type { Ground } from "../ground.js";
import { openUntilRefused, wrongCount, type Opened } from "../limits.js";
import { type Case, type Note, type Probe } from "../probe.js";

const ANYTHING = { configure: "", write: "", read: "" };

/** As the real user is limited on the broker; on a copy as the topology says. */
async function limitsToTry({ copy, management }: Ground, { name, limits = {} }: PlannedUser): Promise<PlannedUser["limits"]> {
  if (copy) return limits;
  const live = await management.userLimits(name);
  const [maxConnections, maxChannels] = [live["max-connections"], live["max-channels"]];
  return { ...(maxConnections === undefined ? {} : { maxConnections }), ...(maxChannels === undefined ? {} : { maxChannels }) };
}

async function tryConnections(ground: Ground, user: PlannedUser, declared: number, note: Note): Promise<void> {
  const limits = (await limitsToTry(ground, user)) ?? {};
  let first: Session | undefined;
  const opened = await openUntilRefused<Session>({
    declared,
    limited: limits.maxConnections,
    open: async () => {
      if (first) return first.again();
      return (first = await ground.as({ ...ANYTHING, limits: { maxConnections: limits.maxConnections ?? -1 } }));
    },
    close: (session) => session.close(),
    pause: ground.timeouts.poll,
  });
  tell(user, "connections", declared, opened, note);
}

async function tryChannels(ground: Ground, user: PlannedUser, declared: number, note: Note): Promise<void> {
  const limits = (await limitsToTry(ground, user)) ?? {};
  const session = await ground.as({ ...ANYTHING, limits: { maxChannels: limits.maxChannels ?? -1 } });
  try {
    const opened = await openUntilRefused({
      declared,
      limited: limits.maxChannels,
      open: () =>
        session.channel().catch((error: Error) => {
          // The broker closes the connection, and says why there.
          throw new Error(session.fault ?? error.message);
        }),
      close: (channel) => channel.close().catch(() => undefined),
      pause: ground.timeouts.poll,
    });
    tell(user, "channels", declared, opened, note);
  } finally {
    await session.close();
  }
}

function tell({ name }: PlannedUser, what: string, declared: number, opened: Opened, note: Note): void {
  note("tried", `${opened.count} ${what} at a time; the next: ${opened.refusal ?? "let in"}`);
  wrongCount(`user ${JSON.stringify(name)}`, what, declared, opened);
}

export const userLimits: Probe = {
  name: "user-limits",
  promise: "A user gets exactly as many connections and channels at a time as the topology says; the next is refused.",
  level: "core",
  profile: "probe",
  cases: (plan) =>
    plan.users.flatMap((user): Case[] => {
      const { maxConnections = -1, maxChannels = -1 } = user.limits ?? {};
      const touches = [`limits of ${user.name}`];
      return [
        ...(maxConnections < 0
          ? []
          : [
              {
                ...{ name: `connections of user ${JSON.stringify(user.name)}`, touches },
                run: (ground: Ground, note: Note) => tryConnections(ground, user, maxConnections, note),
              },
            ]),
        ...(maxChannels < 0
          ? []
          : [
              {
                ...{ name: `channels of user ${JSON.stringify(user.name)}`, touches },
                run: (ground: Ground, note: Note) => tryChannels(ground, user, maxChannels, note),
              },
            ]),
      ];
    }),
};
