/** The image of the reference workers, the store, the load and the exporter: one's own, since nobody publishes it. Pure. */
import { WarrenError } from "../topology/errors.js";
import { titleOf } from "./objects.js";
import { containersOf, type Manifests } from "./rules/rule.js";

/** Stands where none was chosen. No registry can have this name (RFC 2606), so nobody can put a program of theirs there. */
export const NO_IMAGE = "warren.invalid/worker:not-chosen";

/** What is wrong (exit code 2) where pods would run it and none was chosen. */
export function missingImage(manifests: Manifests): WarrenError | undefined {
  const pods = containersOf(manifests).filter(({ container }) => container.image === NO_IMAGE);
  if (pods.length === 0) return undefined;
  return new WarrenError(
    `warren:kubernetes.workers.image names no image, and these would run it: ${pods.map(({ object }) => titleOf(object)).join(", ")}.`,
    {
      remedy:
        "npm run worker-image builds one; push it to a registry that the cluster reads, then npm run pulumi -- config set --path 'warren:kubernetes.workers.image' NAME (docs/kubernetes.md)",
      exitCode: 2,
    },
  );
}
