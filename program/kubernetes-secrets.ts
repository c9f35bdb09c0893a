/** Passwords of an installation in Kubernetes by generation, and the Secrets and ConfigMaps that carry them to who needs them. */
import * as pulumi from "@pulumi/pulumi";
import { OWN, SECRET_KEYS } from "../k8s/names.js";
import type { Prod } from "../k8s/prod.js";
import type { AuthorityNeed, SecretNeed } from "../k8s/secrets.js";
import { generationsOf } from "../k8s/users.js";
import { globalName } from "../provision/identity.js";
import { OwnResource } from "../provision/own/resource.js";
import { registerObject } from "./kubernetes-objects.js";
import type { InKubernetes } from "./open-kubernetes.js";
import { workerFile } from "./worker-files.js";

/**
 * Of users whose generation is not the first one: each generation has a password of its own, made once and kept in the state. The first one's are
 * those that every topology's users get. A service that others deploy has users and perhaps no Secret.
 */
export function generationPasswords({ services, secrets }: Pick<Prod, "services" | "secrets">): Record<string, pulumi.Output<string>> {
  const all = [...services.flatMap(({ user, settings }) => generationsOf(user, settings.generation)), ...secrets];
  const later = new Map(all.filter(({ generation }) => generation > 1).map(({ user, generation }) => [user, generation]));
  return Object.fromEntries(
    [...later].map(([user, generation]) => {
      const kept = new OwnResource("password", globalName("password", `${user} ${generation}`), { spec: { user, generation } });
      return [user, kept.password];
    }),
  );
}

/** Everything that builders name and do not make. Gives what workers and autoscalers wait for. */
export function registerSecrets(
  { objects, options, ca }: InKubernetes,
  passwords: pulumi.Output<Record<string, string>>,
  directory: string,
): pulumi.CustomResource[] {
  const labels = { ...OWN };
  const secret = ({ name, namespace, user, files }: SecretNeed): pulumi.CustomResource => {
    const contents = Object.fromEntries(files.map(({ key, file }) => [key, workerFile(directory, file)]));
    const stringData = passwords.apply((known): Record<string, string> => {
      const own: Record<string, string> = { [SECRET_KEYS.username]: user, [SECRET_KEYS.password]: known[user] ?? "" };
      return { ...own, ...contents };
    });
    const metadata = { name, namespace, labels };
    return registerObject({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", stringData: pulumi.secret(stringData) }, options);
  };
  const authority = ({ name, namespace, key }: AuthorityNeed): pulumi.CustomResource =>
    registerObject(
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data: ca.apply((text) => ({ [key]: text })) },
      options,
    );
  return [...objects.secrets.map(secret), ...objects.authorities.map(authority)];
}
