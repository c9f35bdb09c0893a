/** The namespaces of the installation: Pod Security "restricted" is enforced in each. Pure. */
import { OWN } from "./names.js";
import type { KubernetesObject } from "./objects.js";
import type { ProdSettings } from "./settings.js";

const RESTRICTED = Object.fromEntries(
  ["enforce", "audit", "warn"].flatMap((mode) => [
    [`pod-security.kubernetes.io/${mode}`, "restricted"],
    [`pod-security.kubernetes.io/${mode}-version`, "latest"],
  ]),
);

/** Each once: two parts may share one. */
export const namespaceNames = ({ namespaces: { broker, workers, monitoring } }: ProdSettings): string[] => [
  ...new Set([broker, workers, monitoring]),
];

/** None where somebody else makes them. */
export const namespaces = (settings: ProdSettings): KubernetesObject[] =>
  settings.namespaces.create
    ? namespaceNames(settings).map((name) => ({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, labels: { ...OWN, ...RESTRICTED } },
      }))
    : [];
