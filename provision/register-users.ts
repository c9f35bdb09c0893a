/** Registers users with their limits; for those without a given password, one that is generated once. */
import * as pulumi from "@pulumi/pulumi";
import { own, type Context } from "./context.js";
import { passwordHash, stableSalt } from "../broker/password.js";
import type { UserResource } from "./plan-resources.js";
import { wireLimits } from "./wire-limits.js";

export interface RegisteredUser {
  readonly name: string;
  readonly resource: pulumi.Resource;
  readonly resources: readonly pulumi.Resource[];
  /** `undefined` where only the hash is known: it was given as one, or the user was there before with a password of its own. */
  readonly password: pulumi.Output<string | undefined>;
}

function hashOf(context: Context, user: string, password: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.secret(pulumi.all([password, context.saltSecret]).apply(([clear, salt]) => passwordHash(clear, stableSalt(salt, user))));
}

export function registerUser(context: Context, planned: UserResource): RegisteredUser {
  const { name, tags, limits, passwordHash: fixedHash, password: secret } = planned.object;
  const options = { dependsOn: [...context.dependsOn] };
  const given = fixedHash === undefined ? context.passwordOf(name, secret?.secret) : undefined;
  const register = (hash: pulumi.Input<string>, generated: boolean): ReturnType<typeof own> =>
    own(context, "user", planned.name, { name, tags: [...tags], passwordHash: hash, generated }, options);
  const limited = wireLimits(limits);
  const withLimits = (resource: pulumi.Resource): pulumi.Resource[] =>
    limited ? [own(context, "user-limits", planned.limitsName, { user: name, limits: limited }, { dependsOn: [resource] })] : [];

  if (fixedHash !== undefined) {
    const resource = register(pulumi.secret(fixedHash), false);
    return { name, resource, resources: [resource, ...withLimits(resource)], password: pulumi.output(undefined) };
  }
  if (given !== undefined) {
    const resource = register(hashOf(context, name, given), false);
    return { name, resource, resources: [resource, ...withLimits(resource)], password: pulumi.secret(given) };
  }
  const kept = own(context, "password", planned.passwordName, { user: name });
  const resource = register(kept.passwordHash, true);
  const password = pulumi
    .all([kept.password, kept.passwordHash, resource.passwordHash])
    .apply(([clear, generated, live]) => (generated === live ? clear : undefined));
  return { name, resource, resources: [kept, resource, ...withLimits(resource)], password: pulumi.secret(password) };
}
