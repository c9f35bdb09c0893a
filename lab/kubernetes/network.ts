/** The cluster's bridges and firewall rules on this machine: added once, and taken away as exactly as they were added. */
import { existsSync, writeFileSync } from "node:fs";
import { need, run, which } from "../command.js";
import { nodeAddress, nodeBridge, podBridge, podBridgePrefix, podRange, ports, services } from "./layout.js";

/** One rule: table, chain, and what follows. */
export type Rule = readonly [table: string, chain: string, ...spec: string[]];

const FROM_PODS = `${podBridgePrefix}+`;

/** In the order in which each is put on top of its chain. */
export const rules: readonly Rule[] = [
  // Docker lets nothing be forwarded but its own.
  ["filter", "FORWARD", "-s", podRange, "-j", "ACCEPT"],
  ["filter", "FORWARD", "-d", podRange, "-j", "ACCEPT"],
  // Pods reach the API server, which listens on loopback alone, by the address of its service.
  ...([
    [
      "nat",
      "PREROUTING",
      "-i",
      FROM_PODS,
      "-d",
      services.api,
      "-p",
      "tcp",
      "--dport",
      "443",
      "-j",
      "DNAT",
      "--to-destination",
      `127.0.0.1:${ports.api}`,
    ],
  ] satisfies Rule[]),
  // And nothing else that listens there, though the bridges lead to loopback for that.
  ["mangle", "PREROUTING", "-i", FROM_PODS, "-d", "127.0.0.0/8", "-j", "DROP"],
];

const iptables = (): string => which("iptables") ?? "iptables";
const ip = (): string => which("ip") ?? "ip";

/** Makes what the nodes 1 to `nodes` need. */
export async function addNetwork(nodes: number): Promise<void> {
  if (!existsSync("/proc/sys/net/bridge/bridge-nf-call-iptables")) await run("modprobe", ["br_netfilter"]);
  // Traffic of one bridge passes the rules too: a service's answer has to come from the service's address.
  if (existsSync("/proc/sys/net/bridge/bridge-nf-call-iptables")) writeFileSync("/proc/sys/net/bridge/bridge-nf-call-iptables", "1");
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  await addBridge(nodeBridge);
  for (let index = 1; index <= nodes; index++) {
    await need("Giving the node its address", ip(), ["address", "replace", `${nodeAddress(index)}/32`, "dev", nodeBridge]);
    await addBridge(podBridge(index));
    writeFileSync(`/proc/sys/net/ipv4/conf/${podBridge(index)}/route_localnet`, "1");
  }
  // A service that has no rule (any more) is asked for here, and not at the machine's gateway.
  await need("Leading services to the bridge", ip(), ["route", "replace", services.range, "dev", nodeBridge]);
  for (const [table, chain, ...spec] of rules) {
    if ((await run(iptables(), ["-w", "-t", table, "-C", chain, ...spec])).code === 0) continue;
    await need("Adding a firewall rule", iptables(), ["-w", "-t", table, "-I", chain, ...spec]);
  }
}

async function addBridge(name: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${name}`)) await need(`Making the bridge ${name}`, ip(), ["link", "add", name, "type", "bridge"]);
  await need(`Starting the bridge ${name}`, ip(), ["link", "set", name, "up"]);
}

/** Takes away what `addNetwork` made, and what the kubelet and kube-proxy leave. */
export async function removeNetwork(nodes: number): Promise<void> {
  for (const [table, chain, ...spec] of rules) {
    while ((await run(iptables(), ["-w", "-t", table, "-D", chain, ...spec])).code === 0);
  }
  for (let index = 1; index <= nodes; index++) await run(ip(), ["link", "delete", podBridge(index)]);
  await run(ip(), ["link", "delete", nodeBridge]);
  for (const family of ["iptables", "ip6tables"]) await removeKubeChains(which(family) ?? family);
}

/** `kube-proxy --cleanup` leaves the kubelet's chains, and those that mark that iptables is in use. */
async function removeKubeChains(family: string): Promise<void> {
  for (const table of ["nat", "filter", "mangle"]) {
    const saved = await run(family, ["-w", "-t", table, "-S"]);
    for (const args of kubeRemovals(saved.stdout)) await run(family, ["-w", "-t", table, ...args]);
  }
}

/** From `iptables -S`: what takes away every chain of Kubernetes, and the jumps to it, in a working order. */
export function kubeRemovals(saved: string): string[][] {
  const lines = saved.split("\n").map((line) => splitRule(line));
  const chains = lines.flatMap(([verb, chain = ""]) => (verb === "-N" && chain.startsWith("KUBE-") ? [chain] : []));
  const jumps = lines.filter(([verb, chain = "", ...spec]) => {
    const target = spec[spec.indexOf("-j") + 1] ?? "";
    return verb === "-A" && !chain.startsWith("KUBE-") && spec.includes("-j") && target.startsWith("KUBE-");
  });
  return [...jumps.map(([, ...rest]) => ["-D", ...rest]), ...chains.map((chain) => ["-F", chain]), ...chains.map((chain) => ["-X", chain])];
}

/** Words as a shell would split them: a comment is quoted. */
function splitRule(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
}
