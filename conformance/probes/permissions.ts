/** Each user may do exactly what the topology says, and nothing else: every right is tried on every object, in ways that change nothing. */
import type { Plan } from "../../topology/compile/plan.js";
import type { Ground } from "../ground.js";
import { Broken, type Case, type Note, type Probe } from "../probe.js";
import { attempts, type Attempt } from "../permissions/attempts.js";
import { declaredRights, liveRights, NOTHING, type KnownRights } from "../permissions/rights.js";
import { tryInstances } from "../permissions/instances.js";

const list = (all: readonly Attempt[]): string =>
  all.length === 0 ? "nothing" : all.length > 100 ? `${all.length} things` : all.map(({ what }) => what).join(", ");

function fault(user: string, { what, allowed }: Attempt, answer: string | undefined): string {
  const done = answer === undefined ? "may" : "may not";
  const declared = allowed ? "which the topology says it may" : "which the topology does not say";
  return `user ${JSON.stringify(user)} ${done} ${what}, ${declared}${answer === undefined ? "" : ` (${answer})`}`;
}

/** The rights that are tried: those on the broker, or, on a copy, those that the topology says. */
async function rightsToTry(ground: Ground, user: string, declared: KnownRights | undefined): Promise<KnownRights> {
  if (ground.copy) return declared ?? NOTHING;
  const live = await liveRights(ground, user);
  if (live && !declared)
    throw new Broken(`user ${JSON.stringify(user)} has permissions in vhost ${JSON.stringify(ground.vhost)}, and the topology gives none`);
  if (!live && declared)
    throw new Broken(
      `user ${JSON.stringify(user)} has no permissions in vhost ${JSON.stringify(ground.vhost)}, so it cannot connect to it`,
    );
  return live ?? NOTHING;
}

async function tryAll(ground: Ground, user: string, note: Note): Promise<void> {
  const declared = declaredRights(ground.plan, user);
  const rights = await rightsToTry(ground, user, declared);
  const session = await ground.as(rights);
  try {
    const all = await attempts(ground, declared ?? NOTHING, rights);
    const faults: string[] = [];
    for (const attempt of all) {
      const refusal = await session.attempt(attempt.make);
      const refused = refusal?.code === 403 ? refusal.text.replace(/^.*?ACCESS_REFUSED - /, "").replace(/"$/, "") : undefined;
      if ((refused === undefined) !== attempt.allowed) faults.push(fault(user, attempt, refused));
    }
    note("tried", `allowed: ${list(all.filter(({ allowed }) => allowed))}`);
    note("tried", `refused: ${list(all.filter(({ allowed }) => !allowed))}`);
    if (faults.length > 0) throw new Broken(faults.join("\n"));
    await tryInstances(ground, session, user, note);
  } finally {
    await session.close();
  }
}

const usersOf = (plan: Plan): string[] => [
  ...new Set([...plan.users.map(({ name }) => name), ...plan.permissions.map(({ user }) => user)]),
];

export const permissions: Probe = {
  name: "permissions",
  promise: "Each user can do exactly what the topology says, and nothing else: it is refused at every other queue and exchange.",
  level: "core",
  profile: "probe",
  cases: (plan) =>
    usersOf(plan).map((user): Case => ({
      name: `user ${JSON.stringify(user)}`,
      // Nothing lies in these: an own name of each lets them run beside others, after what only looks.
      touches: [`permissions of ${user}`],
      run: (ground, note) => tryAll(ground, user, note),
    })),
};
