/** What the cluster is like now, for a person or, as JSON, for a script. */
import { existsSync } from "node:fs";
import { isAnswering } from "./control-plane.js";
import { isUp, knownDaemons } from "./daemons.js";
import { publishKubeconfig } from "./identity.js";
import { kubectlProgram, tryKubectl } from "./kubectl.js";
import { contextName, kubeconfigFile } from "./layout.js";

export interface Status {
  readonly running: boolean;
  /** Absolute path; the context in it is `context`. */
  readonly kubeconfig: string;
  readonly context: string;
  readonly kubectl: string;
  /** Name to whether the node is Ready. */
  readonly nodes: Readonly<Record<string, boolean>>;
  /** The lab's processes, by name, and whether each lives. */
  readonly processes: Readonly<Record<string, boolean>>;
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

export async function clusterStatus(): Promise<Status> {
  const running = isUp("apiserver") && existsSync(kubectlProgram()) && (await isAnswering());
  const answer = running ? await tryKubectl(["get", "nodes", "-o", "json"]) : undefined;
  const items = answer?.code === 0 ? (JSON.parse(answer.stdout) as NodeList).items : [];
  return {
    running,
    // Whichever checkout started the cluster, this one can use it now.
    kubeconfig: running ? publishKubeconfig() : kubeconfigFile(),
    context: contextName,
    kubectl: kubectlProgram(),
    nodes: Object.fromEntries(items.map(({ metadata, status }) => [metadata.name, isReady(status.conditions ?? [])])),
    processes: Object.fromEntries(knownDaemons().map((name) => [name, isUp(name)])),
  };
}

const isReady = (conditions: readonly { readonly type: string; readonly status: string }[]): boolean =>
  conditions.some(({ type, status }) => type === "Ready" && status === "True");

/** Lines for a person. */
export function statusText({ running, kubeconfig, kubectl, nodes, processes }: Status): string {
  if (!running) {
    const dead = Object.keys(processes).length > 0 ? "; a former one left things behind, `--down` clears them" : "";
    return `no cluster of the lab is running${dead}\n  to do:   npm run lab:kubernetes`;
  }
  const played = Object.keys(nodes).filter((name) => name.startsWith("kwok-")).length;
  const real = Object.entries(nodes).filter(([name]) => !name.startsWith("kwok-"));
  const failed = Object.entries(processes).filter(([, lives]) => !lives);
  return [
    `nodes      ${real.map(([name, ready]) => `${name} ${ready ? "Ready" : "not ready"}`).join(", ")}${played > 0 ? `, and ${played} of kwok` : ""}`,
    ...(failed.length > 0 ? [`ended      ${failed.map(([name]) => name).join(", ")}: \`npm run lab:kubernetes\` starts them again`] : []),
    `use it     export KUBECONFIG=${kubeconfig}`,
    `kubectl    ${kubectl}`,
  ].join("\n");
}
