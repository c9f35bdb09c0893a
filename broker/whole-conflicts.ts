/** What is taken over whole or not at all: the limits of a vhost or a user, a user's topic permissions in a vhost; and a user's given password. Pure. */
import type { InstallationPlan } from "../topology/compile/plan.js";
import { usersOf } from "../topology/compile/users.js";
import { path } from "../topology/path.js";
import type { Mismatch } from "./drift.js";
import { itemId, limitsId } from "./items.js";
import type { LiveInstallation } from "./live.js";

/** What a plan names and does not hold, as far as it is known. */
export interface Known {
  /** Values of secrets by name. @default a secret stands for any value */
  readonly secrets?: Readonly<Record<string, string>>;
  /** By user, the hash that a given password comes to here. @default none is given */
  readonly passwordHashes?: Readonly<Record<string, string>>;
}

type Managed = ReadonlySet<string>;
type Limits = Readonly<Record<string, number | undefined>>;

/** A limit that is not stated would be taken away; on a broker without any they are made. */
function limits(kind: "vhost" | "user", name: string, at: string, planned: Limits = {}, live: Limits = {}): Mismatch[] {
  const stated = (given: Limits): string[] => Object.keys(given).filter((limit) => given[limit] !== undefined);
  if (stated(planned).length === 0 || stated(live).length === 0) return [];
  return [...new Set([...stated(planned), ...stated(live)])]
    .filter((limit) => planned[limit] !== live[limit])
    .map((limit) => ({
      ...{ kind, vhost: null, name, path: at },
      ...{ field: path("limits", limit), expected: planned[limit] ?? null, actual: live[limit] ?? null },
    }));
}

function topicPermissions(plan: InstallationPlan, { vhosts }: LiveInstallation, managed: Managed): Mismatch[] {
  return plan.vhosts.flatMap(({ vhost: { name: vhost }, topicPermissions: own }) => {
    const planned = [...own, ...plan.global.topicPermissions.filter((one) => one.vhost === vhost)];
    const live = vhosts.find((one) => one.vhost.name === vhost)?.topicPermissions ?? [];
    return [...new Set(planned.map(({ user }) => user))].flatMap((user) => {
      const wanted = new Map(planned.filter((one) => one.user === user).map((one) => [one.exchange, one]));
      const found = new Map(live.filter((one) => one.user === user).map((one) => [one.exchange, one]));
      const exchanges = [...new Set([...wanted.keys(), ...found.keys()])];
      const isOurs = exchanges.some((exchange) => managed.has(itemId("topic permission", vhost, user, exchange)));
      if (isOurs || found.size === 0) return [];
      return exchanges.flatMap((exchange) => {
        const [want, is] = [wanted.get(exchange), found.get(exchange)];
        const at = { kind: "topic permission", vhost, name: `${user} at ${exchange}` } as const;
        const where = want?.origin ?? path("users", user, "topicPermissions", exchange);
        return (["write", "read"] as const)
          .filter((right) => want?.[right] !== is?.[right])
          .map((right) => ({ ...at, path: where, field: right, expected: want?.[right] ?? null, actual: is?.[right] ?? null }));
      });
    });
  });
}

/** A user that is there has a password, and its hash a salt of its own. */
function passwords(plan: InstallationPlan, live: LiveInstallation, managed: Managed, { passwordHashes = {} }: Known): Mismatch[] {
  return usersOf(plan).flatMap(({ name, origin }) => {
    const [given, user] = [
      Object.hasOwn(passwordHashes, name) ? passwordHashes[name] : undefined,
      live.users.find((one) => one.name === name),
    ];
    if (given === undefined || !user || managed.has(itemId("user", undefined, name)) || user.passwordHash === given) return [];
    return [
      {
        ...({ kind: "user", vhost: null, name, path: origin } as const),
        field: "password",
        expected: "(hidden)",
        actual: "(another value, hidden)",
      },
    ];
  });
}

/** What differs in what the stack has not yet, beyond the fields of single objects; some are among those too. */
export function wholeConflicts(plan: InstallationPlan, live: LiveInstallation, managed: Managed, known: Known = {}): Mismatch[] {
  const open = (kind: "vhost" | "user", name: string): boolean => !managed.has(limitsId(kind, name));
  return [
    ...plan.vhosts
      .filter(({ vhost }) => open("vhost", vhost.name))
      .flatMap(({ vhost: { name, limits: planned } }) =>
        limits("vhost", name, "vhost", { ...planned }, { ...live.vhosts.find(({ vhost }) => vhost.name === name)?.vhost.limits }),
      ),
    ...usersOf(plan)
      .filter(({ name }) => open("user", name))
      .flatMap(({ name, origin, limits: planned }) =>
        limits("user", name, origin, { ...planned }, { ...live.users.find((user) => user.name === name)?.limits }),
      ),
    ...topicPermissions(plan, live, managed),
    ...passwords(plan, live, managed, known),
  ];
}
