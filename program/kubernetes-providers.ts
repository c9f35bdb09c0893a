/** The engine's ways into the cluster. */
import * as kubernetes from "@pulumi/kubernetes";

/** What the stack makes: it refuses an object that is there already. */
export const ownProvider = (context: string): kubernetes.Provider => providerOf("kubernetes", { context });

/** Kinds outlive the stack that brought them: those that are there are taken over, whoever set their fields. */
export const kindsProvider = (context: string): kubernetes.Provider =>
  providerOf("kubernetes-kinds", { context, upsertExistingObjects: true, enablePatchForce: true });

/**
 * The context by name alone. The SDK would put the path of the kubeconfig into the state, and another path, on another machine, would be another
 * cluster to the engine: it would replace everything, the namespaces with the volumes first.
 */
function providerOf(name: string, args: kubernetes.ProviderArgs): kubernetes.Provider {
  const { KUBECONFIG: file } = process.env;
  delete process.env["KUBECONFIG"];
  try {
    return new kubernetes.Provider(name, args);
  } finally {
    if (file !== undefined) process.env["KUBECONFIG"] = file;
  }
}
