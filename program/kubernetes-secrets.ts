/** Passwords of an installation in Kubernetes by generation, and the Secrets and ConfigMaps that carry them to who needs them. */
import * as pulumi from "@pulumi/pulumi";
import { autoscalerSecret, CA_CONFIG_MAP, CA_KEY, exporterSecret, OWN, SECRET_KEYS, serviceSecret } from "../k8s/names.js";
import { namespaceNames } from "../k8s/namespaces.js";
import type { KubernetesObject } from "../k8s/objects.js";
import type { ProdSettings } from "../k8s/settings.js";
import { generations, ownGenerations } from "../k8s/users.js";
import { globalName } from "../provision/identity.js";
import { OwnResource } from "../provision/own/resource.js";
import type { Installation } from "../topology/model.js";
import { startOf, WORKER_FILES } from "../workers/reference/jobs.js";
import { registerObject } from "./kubernetes-objects.js";
import type { InKubernetes } from "./open-kubernetes.js";
import { workerFile } from "./worker-files.js";

/**
 * Of users whose generation is not the first one: each generation has a password of its own, made once and kept in the state. The first one's are
 * those that every topology's users get.
 */
export function generationPasswords(installation: Installation, settings: ProdSettings): Record<string, pulumi.Output<string>> {
  const later = [...generations(installation, settings), ...ownGenerations(settings)].filter(({ generation }) => generation > 1);
  return Object.fromEntries(
    later.map(({ user, generation }) => {
      const kept = new OwnResource("password", globalName("password", `${user} ${generation}`), { spec: { user, generation } });
      return [user, kept.password];
    }),
  );
}

const secret = (name: string, namespace: string): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace, labels: { ...OWN } },
  type: "Opaque",
});

/** `https://user:password@host:15671`: what the autoscaler takes. */
function withCredentials(url: string, username: string, password: string): string {
  const full = new URL(url);
  full.username = encodeURIComponent(username);
  full.password = encodeURIComponent(password);
  return full.href.replace(/\/$/, "");
}

/** Everything that builders name and do not make. Gives what workers and autoscalers wait for. */
export function registerSecrets(
  { settings, objects, options, ca }: InKubernetes,
  installation: Installation,
  passwords: pulumi.Output<Record<string, string>>,
  directory: string,
): pulumi.CustomResource[] {
  const { workers, monitoring } = settings.namespaces;
  const credentials = (user: string, files: Readonly<Record<string, string>> = {}): pulumi.Output<Record<string, string>> =>
    pulumi.secret(
      passwords.apply((known) => {
        const password = known[user] ?? "";
        const uri = withCredentials(objects.endpoints.management, user, password);
        const said: Record<string, string> = { [SECRET_KEYS.username]: user, [SECRET_KEYS.password]: password, [SECRET_KEYS.uri]: uri };
        return { ...said, ...files };
      }),
    );
  const make = (name: string, namespace: string, user: string, files?: Readonly<Record<string, string>>): pulumi.CustomResource =>
    registerObject({ ...secret(name, namespace), stringData: credentials(user, files) }, options);

  const ofServices = generations(installation, settings).map(({ topology, service, user, generation }) => {
    const files = startOf(topology, service)?.files ?? [];
    const contents = Object.fromEntries(files.map((variable) => [WORKER_FILES[variable], workerFile(directory, variable)]));
    return make(serviceSecret(topology, service, generation), workers, user, contents);
  });
  const ofOwn = ownGenerations(settings).map(({ user, generation }) =>
    user.startsWith("warren-autoscaler")
      ? make(autoscalerSecret(generation), workers, user)
      : make(exporterSecret(generation), monitoring, user),
  );
  const authorities = namespaceNames(settings).map((namespace) =>
    registerObject(
      {
        ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: CA_CONFIG_MAP, namespace, labels: { ...OWN } } },
        data: ca.apply((text) => ({ [CA_KEY]: text })),
      },
      options,
    ),
  );
  return [...ofServices, ...ofOwn, ...authorities];
}
