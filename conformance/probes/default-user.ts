/** Nobody gets in with a password that everybody knows. */
import { BrokerError, Management } from "../../broker/index.js";
import { isPassword } from "../../broker/password.js";
import type { Ground } from "../ground.js";
import { Broken, type Case, type Note, type Probe } from "../probe.js";

/** The broker's own default user, and those of common images and guides. */
const DEFAULTS: readonly (readonly [user: string, password: string])[] = [
  ["guest", "guest"],
  ["admin", "admin"],
  ["admin", "password"],
  ["rabbitmq", "rabbitmq"],
  ["rabbit", "rabbit"],
  ["user", "bitnami"],
  ["user", "password"],
  ["test", "test"],
  ["root", "root"],
];

async function overManagement({ target }: Ground, username: string, password: string): Promise<boolean> {
  const management = new Management({ ...target.management, username, password });
  try {
    await management.overview();
    return true;
  } catch (error) {
    if (error instanceof BrokerError && error.kind === "credentials") return false;
    // It is known with this password, and has no tag for the management API.
    if (error instanceof BrokerError && error.kind === "permission") return true;
    throw error;
  } finally {
    await management.close();
  }
}

/** Whether the broker lets this user in; being refused a vhost comes after that. */
async function overAmqp(ground: Ground, username: string, password: string): Promise<boolean> {
  try {
    const session = await ground.open(username, password);
    await session.close();
    return true;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (/ACCESS.REFUSED|\b403\b/.test(text)) return false;
    if (/got <ConnectionClose|NOT.ALLOWED/.test(text)) return true;
    throw error;
  }
}

async function tryGuest(ground: Ground, note: Note): Promise<void> {
  const ways = [
    ["the management API", overManagement],
    ...(ground.target.amqpUrl === undefined ? [] : ([["AMQP", overAmqp]] as const)),
  ] as const;
  for (const [way, login] of ways) {
    const entered = await login(ground, "guest", "guest");
    note("tried", `user "guest" with password "guest" over ${way}: ${entered ? "let in" : "refused"}`);
    if (entered) throw new Broken(`user "guest" gets in over ${way} with its default password: remove it, or give it another password`);
  }
}

/** By their hashes, so that a default user is found that may only come from the broker's own machine. */
async function compareHashes({ management }: Ground, note: Note): Promise<void> {
  const users = await management.users();
  const faults = users.flatMap(({ name, password_hash: hash = "", hashing_algorithm: algorithm }) => {
    const known = DEFAULTS.filter(([user]) => user === name).map(([, password]) => password);
    const found = [...known, name].some((password) => isPassword(password, hash, algorithm));
    return found ? [`user ${JSON.stringify(name)} has ${known.length > 0 ? "a default password" : "its own name as password"}`] : [];
  });
  note("read", `${users.length} users`);
  if (faults.length > 0) throw new Broken(faults.join("\n"));
}

export const defaultUser: Probe = {
  name: "default-user",
  promise: "No default user gets in with its default password.",
  level: "core",
  profile: "read-only",
  cases: (): readonly Case[] => [
    { name: 'user "guest"', run: tryGuest },
    { name: "passwords of all users", run: compareHashes },
  ],
};
