/** What was given as secrets, in clear, as far as it is known before anything is registered. */
import type * as pulumi from "@pulumi/pulumi";
import { passwordHash, stableSalt } from "../broker/password.js";
import type { Known } from "../broker/whole-conflicts.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { usersOf } from "../topology/compile/users.js";
import { ifKnown } from "./delete-hooks.js";
import type { Secrets } from "./secrets.js";

async function inClear(values: Secrets): Promise<Record<string, string>> {
  const all = await Promise.all(Object.entries(values).map(async ([name, value]) => [name, await ifKnown(value)] as const));
  return Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

export interface Given {
  /** Values by name. */
  readonly secrets?: Secrets | undefined;
  /** By user. */
  readonly passwords?: Secrets | undefined;
  /** Where the salts of given passwords come from. */
  readonly salt: pulumi.Input<string>;
}

/** For comparing with what a broker holds. */
export async function knownOf(plan: InstallationPlan, given: Given): Promise<Known> {
  const [secrets, passwords, salt] = await Promise.all([inClear(given.secrets ?? {}), inClear(given.passwords ?? {}), ifKnown(given.salt)]);
  const hashes = usersOf(plan).flatMap(({ name, password, passwordHash: fixed }) => {
    const clear = Object.hasOwn(passwords, name) ? passwords[name] : password && secrets[password.secret];
    // A hash that the topology gives is compared as it is.
    if (clear === undefined || salt === undefined || fixed !== undefined) return [];
    return [[name, passwordHash(clear, stableSalt(salt, name))] as const];
  });
  return { secrets, passwordHashes: Object.fromEntries(hashes) };
}
