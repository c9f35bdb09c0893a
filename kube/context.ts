/** The Kubernetes cluster that is named, and no other: read from the kubeconfig, and refused if another context is the current one. */
import { KubeConfig } from "@kubernetes/client-node";
import { WarrenError } from "../topology/errors.js";

/** What the client makes up where there is no kubeconfig. */
const NO_FILE = "loaded-context";

/**
 * The kubeconfig (`KUBECONFIG`, or `~/.kube/config`), which has `context` as its current context. Throws a WarrenError (exit code 2) if none is
 * named, if there is none of this name, or if another one is the current one: what somebody has in mind and what is changed must be the same.
 */
export function kubeConfig(context: string | undefined, config = loaded()): KubeConfig {
  const contexts = config
    .getContexts()
    .map(({ name }) => name)
    .filter((name) => name !== NO_FILE);
  if (context === undefined)
    throw new WarrenError("warren:kubeContext is not set: nobody has said which Kubernetes cluster is meant.", {
      allowed: contexts,
      remedy: "pulumi config set warren:kubeContext NAME; or, for one run, --config kubeContext=NAME",
      exitCode: 2,
    });
  if (!contexts.includes(context))
    throw new WarrenError(`warren:kubeContext is ${JSON.stringify(context)}, and the kubeconfig has no such context.`, {
      allowed: contexts,
      remedy: "set KUBECONFIG to the file that has it",
      exitCode: 2,
    });
  const current = config.getCurrentContext();
  if (current !== context)
    throw new WarrenError(
      `The current context is ${JSON.stringify(current)}, and warren:kubeContext is ${JSON.stringify(context)}: nothing is done.`,
      { remedy: `kubectl config use-context ${context}`, exitCode: 2 },
    );
  return config;
}

function loaded(): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw new WarrenError(`The kubeconfig cannot be read: ${(error as Error).message}`, {
      remedy: "see to the file that KUBECONFIG names, or ~/.kube/config",
      exitCode: 2,
      cause: error,
    });
  }
  return config;
}
