/** Puts values in the place of `{ secret: "name" }`. */
import * as pulumi from "@pulumi/pulumi";
import { WarrenError } from "../topology/errors.js";

const isReference = (value: object): value is { readonly secret: string } =>
  Object.keys(value).length === 1 && "secret" in value && typeof value.secret === "string";

export type Secrets = Readonly<Record<string, pulumi.Input<string>>>;

/** The value of a secret. Throws a WarrenError if it is not given. */
export function secretNamed(secrets: Secrets, name: string, origin: string): pulumi.Input<string> {
  const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (value !== undefined) return value;
  throw new WarrenError(`${origin} needs the secret "${name}", which is not given.`, {
    ...(Object.keys(secrets).length === 0 ? {} : { allowed: Object.keys(secrets) }),
    remedy: `pulumi config set --secret --path 'warren:secrets["${name}"]' (it asks for the value); in a program of your own: secrets: { ${JSON.stringify(name)}: ... }`,
  });
}

/** URIs may hold credentials in clear, as definitions do that a broker exported. */
function holdsCredentials(value: unknown): boolean {
  if (typeof value === "string") return /:\/\/[^\s/]*@/.test(value);
  return typeof value === "object" && value !== null && Object.values(value).some(holdsCredentials);
}

/** A copy with the values in their places; a secret as a whole if there was such a place, or credentials in a URI. */
export function resolveSecrets(secrets: Secrets, value: unknown, origin: string): pulumi.Input<unknown> {
  let secret = holdsCredentials(value);
  const fill = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(fill);
    if (typeof part !== "object" || part === null) return part;
    if (isReference(part)) {
      secret = true;
      return secretNamed(secrets, part.secret, origin);
    }
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, fill(inner)]));
  };
  const filled = fill(value);
  return secret ? pulumi.secret(filled) : filled;
}
