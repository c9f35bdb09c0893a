/** The objects that an installation comes to, in one order and without what only words decide: equal texts are equal brokers. */
import { compileInstallation } from "../compile/compile.js";
import { definitions } from "../compile/definitions.js";
import type { InstallationPlan, PlannedUser } from "../compile/plan.js";
import type { Definitions } from "../definitions-format.js";
import type { Installation } from "../model.js";

/** Values of secrets by name. */
export type SecretValues = Readonly<Record<string, string>>;

/** A copy with the values in the place of `{ secret: "name" }`; those that are not known stay. */
export function filled(value: unknown, secrets: SecretValues): unknown {
  if (Array.isArray(value)) return value.map((item) => filled(item, secrets));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === "secret" && typeof only[1] === "string" && Object.hasOwn(secrets, only[1])) {
    return secrets[only[1]];
  }
  return Object.fromEntries(entries.map(([key, inner]) => [key, filled(inner, secrets)]));
}

/** Hashes are the live broker's business: an adopted user keeps its own. */
function withoutPassword({ password: _, ...user }: PlannedUser): PlannedUser {
  return { ...user, passwordHash: "" };
}

/** Definitions of all objects. A vhost's default queue type `classic` is the same as none. */
export function objectsOf(installation: Installation, secrets: SecretValues = {}): Definitions {
  const plan = compileInstallation(installation);
  const parameters = <P extends { readonly value: unknown }>(list: readonly P[]): P[] =>
    list.map((parameter) => ({ ...parameter, value: filled(parameter.value, secrets) }));
  const comparable: InstallationPlan = {
    vhosts: plan.vhosts.map((vhost) => {
      const { defaultQueueType, ...settings } = vhost.vhost;
      return {
        ...vhost,
        vhost: { ...settings, ...(defaultQueueType === undefined || defaultQueueType === "classic" ? {} : { defaultQueueType }) },
        users: vhost.users.map(withoutPassword),
        parameters: parameters(vhost.parameters),
      };
    }),
    global: { ...plan.global, users: plan.global.users.map(withoutPassword), parameters: parameters(plan.global.parameters) },
  };
  const all = definitions(comparable);
  // Of a user's tags, and of a set of bindings, the order says nothing.
  return { ...all, users: (all.users ?? []).map((user) => ({ ...user, tags: [...(user.tags ?? [])].sort() })) };
}
