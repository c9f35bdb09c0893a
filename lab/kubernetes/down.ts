/** Takes the cluster away, and with it everything that it changed on this machine. */
import { existsSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { dirname } from "node:path";
import { step, tell } from "../steps.js";
import { isAnswering } from "./control-plane.js";
import { isUp, knownDaemons, stopDaemon } from "./daemons.js";
import { leftCgroups, ownMounts, removeCgroups, removeMounts, restoreKernel } from "./host.js";
import { tryKubectl } from "./kubectl.js";
import { kubeconfigFile, MAX_NODES, nodeBridge, podBridge, runFolder, stateFolder } from "./layout.js";
import { removeNetwork } from "./network.js";
import { releaseOperators } from "./operators.js";
import { cleanProxy, containerdName, endContainers, kubeletName, proxyName, shims } from "./node.js";

const all = Array.from({ length: MAX_NODES }, (_, at) => at + 1);

/** Whether anything of a cluster is on this machine. */
export function isPresent(): boolean {
  return existsSync(stateFolder()) || existsSync(runFolder);
}

export async function downCluster(): Promise<void> {
  if (!isPresent()) {
    tell("• there is no cluster of the lab on this machine");
    return;
  }
  if (isUp("apiserver") && (await isAnswering())) {
    await step("Pods", async (say) => {
      await deletePods(say);
      return { value: undefined, way: "ended" };
    });
  }
  await step("Processes", async () => {
    // Before the kubelets: they would start again what is ended. containerd is the last, for it ends the containers.
    for (const name of ["kwok", "provisioner", proxyName, ...all.map(kubeletName)]) await stopDaemon(name);
    for (const index of all) if (isUp(containerdName(index))) await endContainers(index);
    for (const name of ["scheduler", "controllers", "apiserver", "etcd"]) await stopDaemon(name, 5);
    for (const name of knownDaemons()) await stopDaemon(name);
    return { value: undefined, way: "ended" };
  });
  await step("Network, mounts, control groups", async () => {
    await cleanProxy();
    await removeNetwork(MAX_NODES);
    await removeMounts();
    for (const index of all) removeCgroups(index);
    restoreKernel();
    for (const folder of [runFolder, stateFolder(), dirname(kubeconfigFile())]) rmSync(folder, { recursive: true, force: true });
    return { value: undefined, way: "removed" };
  });
  const left = await leftovers();
  for (const line of left) tell(`• left: ${line}`);
}

/** Controllers go first, so that nothing makes the pods anew; a finalizer whose controller is gone cannot hold up pods. */
async function deletePods(say: (activity: string) => void): Promise<void> {
  const everywhere = ["--all", "--all-namespaces", "--wait=false", "--ignore-not-found"];
  say("custom resources");
  await releaseOperators();
  say("controllers");
  await tryKubectl(["delete", "deployments,statefulsets,daemonsets,jobs,cronjobs,replicasets", ...everywhere], { limit: 60_000 });
  say("pods");
  await tryKubectl(["delete", "pods", ...everywhere, "--grace-period=5"], { limit: 60_000 });
  const limit = Date.now() + 45_000;
  while (Date.now() < limit) {
    const pods = await tryKubectl(["get", "pods", "--all-namespaces", "--no-headers"]);
    if (pods.stdout.trim() === "") return;
    await sleep(300);
  }
}

/** What of a cluster is still there, one line each; nothing after a `down`. */
export async function leftovers(): Promise<string[]> {
  const bridges = [nodeBridge, ...all.map(podBridge)].filter((name) => existsSync(`/sys/class/net/${name}`));
  return [
    ...knownDaemons().map((name) => `process ${name}`),
    ...all.flatMap(shims).map((pid) => `process ${pid}, which kept a container`),
    ...bridges.map((name) => `interface ${name}`),
    ...(await ownMounts()).map((target) => `mount ${target}`),
    ...leftCgroups(MAX_NODES).map((folder) => `control group ${folder}`),
    ...[runFolder, stateFolder()].filter((folder) => existsSync(folder)).map((folder) => `folder ${folder}`),
  ];
}
