/** Brings the cluster up, or adds what it lacks: each step is skipped where its result stands. */
import { mkdirSync, writeFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WarrenError } from "../../topology/errors.js";
import { getDocker } from "../docker.js";
import { getBrokerImage } from "../image.js";
import { step } from "../steps.js";
import { versions } from "../versions.js";
import { getWorkerImage } from "../worker-image.js";
import { accessObjects, dnsImage, dnsObjects, storageObjects } from "./base-objects.js";
import { getPrograms, programFolder } from "./binaries.js";
import { flags, startControlPlane } from "./control-plane.js";
import { startDaemon, isUp, stopDaemon } from "./daemons.js";
import { rememberKernel } from "./host.js";
import { identityFile, makeIdentity, publishKubeconfig } from "./identity.js";
import { importImage, provideProgram } from "./images.js";
import { apply, tryKubectl, waitCondition, waitRollout } from "./kubectl.js";
import { kubeletName, pauseImage, proxyName, startContainerd, startKubelet, startProxy } from "./node.js";
import { MAX_NODES, nodeName, runFolder, stateFolder } from "./layout.js";
import { addNetwork } from "./network.js";
import { installOperators, type ExtraName } from "./operators.js";
import { getNodePackages } from "./packages.js";
import { sources, type SourceName } from "./programs.js";
import { startKwok } from "./kwok.js";

export interface ClusterOptions {
  /** Real nodes, each with its own containerd and kubelet, in a zone of its own: 1 to 3. @default as many as run, or 1 */
  readonly nodes?: number;
  /** Nodes that kwok plays, for scale. @default 0 */
  readonly kwok?: number;
  /** The operators that the prod stack expects. @default true */
  readonly operators?: boolean;
  /** Operators beside those. @default none */
  readonly with?: readonly ExtraName[];
}

export interface Cluster {
  /** The file, with the context `warren-lab`. */
  readonly kubeconfig: string;
  readonly nodes: number;
  /** Names that pods give. */
  readonly images: { readonly broker: string; readonly worker: string };
}

const { kubernetes: pins } = versions;

/** How many nodes the cluster has been given; 0: there is none. */
export function knownNodes(): number {
  return existsSync(nodesFile()) ? Number(readFileSync(nodesFile(), "utf8")) : 0;
}

const nodesFile = (): string => join(stateFolder(), "nodes");

export async function upCluster(options: ClusterOptions = {}): Promise<Cluster> {
  checkMachine();
  const nodes = Math.max(options.nodes ?? 1, knownNodes());
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES)
    throw new WarrenError(`The lab has no ${nodes} nodes`, { allowed: [`1 to ${MAX_NODES}`], exitCode: 2 });
  await step("Docker engine", getDocker);
  const wanted: SourceName[] = ["etcd", "kubernetes", "coredns", "pause", "provisioner"];
  for (const name of wanted) await getSource(name);
  await step("Node packages (containerd, CNI)", getNodePackages);
  await step("Control plane", async (say) => {
    mkdirSync(stateFolder(), { recursive: true, mode: 0o700 });
    mkdirSync(runFolder, { recursive: true });
    const running = isUp("etcd") && isUp("apiserver") && isUp("controllers") && isUp("scheduler");
    say("making certificates");
    await makeIdentity();
    say("starting");
    await startControlPlane();
    if (!running) await apply("Giving rights to the components", accessObjects);
    return { value: undefined, way: running ? "running" : "started", title: `Control plane ${pins.kubernetes}` };
  });
  const kubeconfig = publishKubeconfig();
  rememberKernel();
  await addNetwork(nodes);
  const grown = nodes !== knownNodes();
  writeFileSync(nodesFile(), String(nodes));
  for (let index = 1; index <= nodes; index++) await step(`Node ${nodeName(index)}`, () => startNode(index));
  // Told anew which addresses are the nodes'.
  if (grown) await stopDaemon(proxyName);
  await startProxy(nodes);
  await step("DNS and volumes", startServices);
  const images = await step("Images", async (say) => {
    const broker = (await getBrokerImage(say)).value;
    const worker = (await getWorkerImage(say)).value.image;
    say("bringing them to the nodes");
    const brought = [await importImage(broker), await importImage(worker)].some(Boolean);
    return { value: { broker, worker }, way: brought ? "brought to the nodes" : "there", title: `Images ${broker}, ${worker}` };
  });
  if (options.operators !== false) await installOperators(images.broker, getSource, options.with);
  if (options.kwok) {
    await getSource("kwok");
    await step(`kwok ${pins.kwok}`, () => startKwok(options.kwok ?? 0, nodes));
  }
  return { kubeconfig, nodes, images };
}

/** Gives the folder of its programs. */
async function getSource(name: SourceName): Promise<string> {
  const { what, module } = sources[name] as { what: string; module?: { version: string } };
  return await step([what.replace(/^the /, ""), module?.version].filter(Boolean).join(" "), (say) => getPrograms(sources[name], say));
}

function checkMachine(): void {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new WarrenError("The lab's cluster runs containers of its own, which needs Linux and root", {
      remedy: "use any other cluster (kind, k3d, minikube, one in a cloud): nothing of Warren needs this one",
    });
  }
}

async function startNode(index: number): Promise<{ value: undefined; way: string }> {
  const running = isUp(kubeletName(index));
  await startContainerd(index);
  await provideProgram({ image: pauseImage.replace("docker.io/", ""), programs: [join(programFolder(sources.pause), "pause")] });
  await startKubelet(index);
  const limit = Date.now() + 60_000;
  while ((await tryKubectl(["get", "node", nodeName(index)])).code !== 0 && Date.now() < limit) await sleep(200);
  await waitCondition(`Node ${nodeName(index)}`, "Ready", [`node/${nodeName(index)}`], 60);
  return { value: undefined, way: running ? "running" : "started" };
}

async function startServices(): Promise<{ value: undefined; way: string }> {
  const running = isUp("provisioner") && (await tryKubectl(["-n", "kube-system", "get", "deployment", "coredns"])).code === 0;
  await provideProgram({ image: dnsImage(pins.coredns), programs: [join(programFolder(sources.coredns), "coredns")] });
  const volumes = join(stateFolder(), "volumes");
  mkdirSync(volumes, { recursive: true, mode: 0o755 });
  startDaemon({
    name: "provisioner",
    program: join(programFolder(sources.provisioner), "provisioner"),
    args: flags({ kubeconfig: identityFile("provisioner.kubeconfig"), root: volumes, name: "warren.local/folders" }),
  });
  if (!running) await apply("Installing the DNS", [...storageObjects, ...dnsObjects(pins.coredns)]);
  await waitRollout("kube-system", "coredns", 90);
  return { value: undefined, way: running ? "running" : "started" };
}
