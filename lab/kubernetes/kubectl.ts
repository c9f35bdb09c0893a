/** Asks the cluster, by kubectl. */
import { join } from "node:path";
import { need, run, type Result, type RunOptions } from "../command.js";
import { programFolder } from "./binaries.js";
import { identityFile } from "./identity.js";
import { sources } from "./programs.js";

/** An object of the cluster, as far as the lab looks into it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

export const kubectlProgram = (): string => join(programFolder(sources.kubernetes), "kubectl");

const full = (args: readonly string[]): string[] => ["--kubeconfig", identityFile("admin.kubeconfig"), ...args];

/** What it printed; an error with what it said. */
export async function kubectl(what: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return (await need(what, kubectlProgram(), full(args), { limit: 180_000, ...options })).stdout;
}

/** As it ended, whatever that is. */
export async function tryKubectl(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return await run(kubectlProgram(), full(args), { limit: 20_000, ...options });
}

/** Applies objects server-side: large definitions need that, and another field manager's fields stay. */
export async function apply(what: string, objects: readonly KubernetesObject[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await kubectl(what, ["apply", "--server-side", "--force-conflicts", "--field-manager=warren-lab", "-f", "-"], { input });
}

/** Waits until all that the selection names has the condition. */
export async function waitCondition(what: string, condition: string, args: readonly string[], seconds: number): Promise<void> {
  const limit = (seconds + 10) * 1000;
  await kubectl(what, ["wait", `--for=condition=${condition}`, `--timeout=${seconds}s`, ...args], { limit });
}

/** Waits until a Deployment runs as it was last applied. */
export async function waitRollout(namespace: string, deployment: string, seconds: number): Promise<void> {
  await kubectl(`Waiting for ${deployment}`, ["-n", namespace, "rollout", "status", `deployment/${deployment}`, `--timeout=${seconds}s`], {
    limit: (seconds + 10) * 1000,
  });
}
