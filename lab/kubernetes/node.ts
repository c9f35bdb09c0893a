/** A node: containerd and a kubelet of its own, on an address of its own; and the one kube-proxy, for all share this machine's network. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { need, run, which } from "../command.js";
import { listProcesses } from "../processes.js";
import { programFolder } from "./binaries.js";
import { flags } from "./control-plane.js";
import { isUp, startDaemon, waitFor } from "./daemons.js";
import { addCgroups } from "./host.js";
import { identityFile } from "./identity.js";
import {
  cgroupName,
  containerdSocket,
  nodeAddress,
  nodeName,
  podBridge,
  podBridgePrefix,
  podRangeOf,
  ports,
  runFolder,
  services,
  stateFolder,
  zoneName,
} from "./layout.js";
import { nodePackages } from "./packages.js";
import { sources } from "./programs.js";

export const pauseImage = "docker.io/warren-lab/pause:1";

export const containerdName = (index: number): string => `containerd-${index}`;
export const kubeletName = (index: number): string => `kubelet-${index}`;
export const proxyName = "proxy";

/** Text of containerd's configuration. */
export function containerdConfig(index: number, state: string, cni: string, runc: string): string {
  const socket = containerdSocket(index);
  return `version = 3
root = ${JSON.stringify(join(state, "containerd"))}
state = ${JSON.stringify(join(runFolder, nodeName(index), "containerd"))}
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.nri.v1.nri"]
[grpc]
  address = ${JSON.stringify(socket)}
[ttrpc]
  address = ${JSON.stringify(`${socket}.ttrpc`)}
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = ${JSON.stringify(pauseImage)}
[plugins."io.containerd.cri.v1.runtime"]
  # Where the caller may not lower its own score, no container would start.
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = [${JSON.stringify(cni)}]
    conf_dir = ${JSON.stringify(join(state, "cni"))}
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = ${JSON.stringify(runc)}
        SystemdCgroup = false
`;
}

export function cniConfig(index: number, state: string): object {
  return {
    cniVersion: "1.0.0",
    name: `warren-lab-${index}`,
    plugins: [
      {
        type: "bridge",
        bridge: podBridge(index),
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: join(state, "addresses"),
          ranges: [[{ subnet: podRangeOf(index) }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

export function kubeletConfig(index: number, state: string): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: nodeAddress(index),
    port: ports.kubelet,
    healthzBindAddress: "127.0.0.1",
    healthzPort: ports.kubeletHealth(index),
    readOnlyPort: 0,
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroupName(index)}`,
    containerRuntimeEndpoint: `unix://${containerdSocket(index)}`,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: identityFile("ca.crt") } },
    authorization: { mode: "Webhook" },
    tlsCertFile: identityFile(`${nodeName(index)}.crt`),
    tlsPrivateKeyFile: identityFile(`${nodeName(index)}.key`),
    clusterDomain: "cluster.local",
    clusterDNS: [services.dns],
    resolvConf: "/etc/resolv.conf",
    podLogsDir: join(state, "logs"),
    failSwapOn: false,
    // Images come from this machine alone: one that is thrown away would not come back.
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    makeIPTablesUtilChains: false,
    rotateCertificates: false,
  };
}

export function proxyConfig(nodes: number): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: identityFile("proxy.kubeconfig") },
    mode: "iptables",
    hostnameOverride: nodeName(1),
    bindAddress: nodeAddress(1),
    healthzBindAddress: `127.0.0.1:${ports.proxyHealth}`,
    metricsBindAddress: `127.0.0.1:${ports.proxyMetrics}`,
    nodePortAddresses: Array.from({ length: nodes }, (_, at) => `${nodeAddress(at + 1)}/32`),
    detectLocalMode: "InterfaceNamePrefix",
    detectLocal: { interfaceNamePrefix: podBridgePrefix },
    conntrack: { maxPerCore: 0, min: 0 },
    iptables: { localhostNodePorts: false },
  };
}

export const nodeFolder = (index: number): string => join(stateFolder(), nodeName(index));

/** Leaves a file that is as it should be: kube-proxy ends when its own is written. */
function writeConfig(file: string, content: string | object): string {
  const text = typeof content === "string" ? content : JSON.stringify(content, undefined, 2);
  if (existsSync(file) && readFileSync(file, "utf8") === text) return file;
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Starts containerd and waits until it answers. */
export async function startContainerd(index: number): Promise<void> {
  if (isUp(containerdName(index))) return;
  const state = nodeFolder(index);
  const { programs, cni } = nodePackages();
  mkdirSync(join(runFolder, nodeName(index)), { recursive: true });
  writeConfig(join(state, "cni", "10-warren-lab.conflist"), cniConfig(index, state));
  startDaemon({
    name: containerdName(index),
    program: join(programs, "containerd"),
    args: ["--config", writeConfig(join(state, "containerd.toml"), containerdConfig(index, state, cni, which("runc") ?? "runc"))],
    // The shim stands beside it.
    env: { ...process.env, PATH: [programs, process.env["PATH"], "/usr/sbin", "/sbin"].join(delimiter) },
  });
  const answers = async (): Promise<boolean> => existsSync(containerdSocket(index)) && (await run(...ctr(index, ["version"]))).code === 0;
  await waitFor(containerdName(index), 60, answers);
}

/** The kubelet registers the node by itself. */
export async function startKubelet(index: number): Promise<void> {
  addCgroups(index);
  const state = nodeFolder(index);
  const root = join(state, "kubelet");
  mkdirSync(root, { recursive: true });
  startDaemon({
    name: kubeletName(index),
    program: join(programFolder(sources.kubernetes), "kubelet"),
    args: flags({
      config: writeConfig(join(state, "kubelet.json"), kubeletConfig(index, state)),
      kubeconfig: identityFile(`${nodeName(index)}.kubeconfig`),
      "hostname-override": nodeName(index),
      "node-ip": nodeAddress(index),
      "node-labels": `topology.kubernetes.io/region=lab,topology.kubernetes.io/zone=${zoneName(index)}`,
      "root-dir": root,
      "cert-dir": join(root, "pki"),
    }),
  });
}

/** Waits until it has written its rules once. */
export async function startProxy(nodes: number): Promise<void> {
  startDaemon({
    name: proxyName,
    program: join(programFolder(sources.kubernetes), "kube-proxy"),
    args: [`--config=${writeConfig(join(stateFolder(), "proxy.json"), proxyConfig(nodes))}`],
  });
  const healthy = async (): Promise<boolean> =>
    await fetch(`http://127.0.0.1:${ports.proxyHealth}/healthz`, { signal: AbortSignal.timeout(2_000) }).then(
      (answer) => answer.ok,
      () => false,
    );
  await waitFor(proxyName, 60, healthy);
}

/** Takes kube-proxy's rules away. */
export async function cleanProxy(): Promise<void> {
  await run(join(programFolder(sources.kubernetes), "kube-proxy"), ["--cleanup", `--config=${join(stateFolder(), "proxy.json")}`], {
    limit: 60_000,
  });
}

/** A command of ctr against a node's containerd, in Kubernetes' namespace. */
export function ctr(index: number, args: readonly string[]): [string, string[]] {
  return [join(nodePackages().programs, "ctr"), ["--address", containerdSocket(index), "--namespace", "k8s.io", ...args]];
}

/** Ends every container that the kubelet left. */
export async function endContainers(index: number): Promise<void> {
  const tasks = (await run(...ctr(index, ["tasks", "list", "--quiet"]), { limit: 20_000 })).stdout.split("\n").filter(Boolean);
  for (const task of tasks) {
    await run(...ctr(index, ["tasks", "kill", "--signal", "KILL", task]), { limit: 10_000 });
    await run(...ctr(index, ["tasks", "delete", "--force", task]), { limit: 10_000 });
  }
  const containers = (await run(...ctr(index, ["containers", "list", "--quiet"]), { limit: 20_000 })).stdout.split("\n").filter(Boolean);
  const networks = new Set<string>();
  for (const id of containers)
    for (const path of networksOf((await run(...ctr(index, ["containers", "info", id]))).stdout)) networks.add(path);
  if (containers.length > 0) await need("Removing containers", ...ctr(index, ["containers", "delete", ...containers]), { limit: 30_000 });
  const limit = Date.now() + 3_000;
  while (shims(index).length > 0 && Date.now() < limit) await sleep(100);
  for (const pid of shims(index)) process.kill(pid, "SIGKILL");
  // A pod's network outlives its processes as a mount, and with it the pod's end of a bridge.
  for (const path of networks) {
    await run("umount", ["--lazy", path]);
    rmSync(path, { force: true });
  }
}

/** A container's guardian belongs to its containerd, and outlives it. */
export function shims(index: number): number[] {
  return listProcesses().filter((pid) => {
    try {
      const [program = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return basename(program).startsWith("containerd-shim") && args.includes(containerdSocket(index));
    } catch {
      return false;
    }
  });
}

/** From `ctr containers info`: the named network namespaces that a container is in. */
export function networksOf(info: string): string[] {
  try {
    const { Spec } = JSON.parse(info) as { Spec?: { linux?: { namespaces?: { type: string; path?: string }[] } } };
    return (Spec?.linux?.namespaces ?? []).flatMap(({ type, path }) => (type === "network" && path?.includes("/netns/") ? [path] : []));
  } catch {
    return [];
  }
}
