/** Nodes that nobody runs: kwok says of them, and of the pods on them, what a kubelet would. For scale: hundreds of pods without cost. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programFolder } from "./binaries.js";
import { flags } from "./control-plane.js";
import { isUp, startDaemon } from "./daemons.js";
import { identityFile } from "./identity.js";
import { apply, type KubernetesObject, waitCondition } from "./kubectl.js";
import { ports, stateFolder, zoneName } from "./layout.js";
import { sourceFolder } from "./modules.js";
import { sources } from "./programs.js";

/** Pods that are meant for such nodes tolerate it; others stay on real ones. */
export const kwokTaint = { key: "kwok.x-k8s.io/node", value: "fake", effect: "NoSchedule" } as const;
const STAGES = ["kustomize/stage/node/fast", "kustomize/stage/node/heartbeat-with-lease", "kustomize/stage/pod/fast"];

/** In the zones of the real ones: in another one, a spread over zones would wait for pods that may not go there. */
export function kwokNodes(count: number, real: number): KubernetesObject[] {
  return Array.from({ length: count }, (_, at) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: `kwok-${at + 1}`,
      annotations: { [kwokTaint.key]: kwokTaint.value },
      labels: {
        "kubernetes.io/hostname": `kwok-${at + 1}`,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        type: "kwok",
        "topology.kubernetes.io/region": "lab",
        "topology.kubernetes.io/zone": zoneName((at % real) + 1),
      },
    },
    spec: { taints: [kwokTaint] },
    status: { allocatable: { cpu: "32", memory: "256Gi", pods: "110" }, capacity: { cpu: "32", memory: "256Gi", pods: "110" } },
  }));
}

export async function startKwok(count: number, real: number): Promise<{ value: undefined; way: string }> {
  const running = isUp("kwok");
  const folder = await sourceFolder(sources.kwok.module);
  const stages = STAGES.flatMap((place) =>
    readdirSync(join(folder, place))
      .filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml")
      .map((name) => readFileSync(join(folder, place, name), "utf8")),
  );
  const config = join(stateFolder(), "kwok.yaml");
  if (!running) writeFileSync(config, stages.join("\n---\n"));
  startDaemon({
    name: "kwok",
    program: join(programFolder(sources.kwok), "kwok"),
    args: flags({
      kubeconfig: identityFile("kwok.kubeconfig"),
      config,
      "manage-nodes-with-annotation-selector": `${kwokTaint.key}=${kwokTaint.value}`,
      "server-address": `127.0.0.1:${ports.kwok}`,
      "node-lease-duration-seconds": 40,
    }),
  });
  const nodes = kwokNodes(count, real);
  await apply("Adding nodes", nodes);
  await waitCondition("kwok's nodes", "Ready", ["node", "-l", "type=kwok"], 60);
  return { value: undefined, way: `${running ? "running" : "started"}: ${count} nodes` };
}
