/** What else the cluster changes on this machine: control groups, kernel settings, mounts; and how each is put back. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../command.js";
import { cgroupName, runFolder, stateFolder } from "./layout.js";

const CGROUPS = "/sys/fs/cgroup";

/** Each controller's folder where there are several (cgroup v1); the one of all else. */
function cgroupRoots(): string[] {
  if (existsSync(join(CGROUPS, "cgroup.controllers"))) return [CGROUPS];
  return readdirSync(CGROUPS)
    .map((name) => join(CGROUPS, name))
    .filter((folder) => existsSync(join(folder, "cgroup.procs")));
}

/** Makes the group below which a node's pods live. */
export function addCgroups(index: number): void {
  for (const root of cgroupRoots()) {
    const folder = join(root, cgroupName(index));
    mkdirSync(folder, { recursive: true });
    // Neither inherits: empty lists would let no process in.
    for (const name of ["cpuset.cpus", "cpuset.mems"]) {
      if (root !== CGROUPS && existsSync(join(root, name))) writeFileSync(join(folder, name), readFileSync(join(root, name)));
    }
    if (root !== CGROUPS) continue;
    // Version 2: a group has the controllers that the one above hands down.
    const wanted = readFileSync(join(root, "cgroup.controllers"), "utf8").trim().split(/\s+/);
    for (const place of [root, folder]) writeFileSync(join(place, "cgroup.subtree_control"), wanted.map((name) => `+${name}`).join(" "));
  }
}

export function removeCgroups(index: number): void {
  for (const root of cgroupRoots()) removeTree(join(root, cgroupName(index)));
}

/** A group has files that cannot be removed, and goes with its folder. */
function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (statSync(join(folder, name)).isDirectory()) removeTree(join(folder, name));
  try {
    rmdirSync(folder);
  } catch {
    // A process still lives in it: `leftovers` names it.
  }
}

export function leftCgroups(nodes: number): string[] {
  return cgroupRoots().flatMap((root) =>
    Array.from({ length: nodes }, (_, at) => join(root, cgroupName(at + 1))).filter((folder) => existsSync(folder)),
  );
}

/** What the kubelet and kube-proxy set for themselves. */
const KERNEL = [
  "vm/overcommit_memory",
  "kernel/panic",
  "kernel/panic_on_oops",
  "net/ipv4/ip_forward",
  "net/bridge/bridge-nf-call-iptables",
  "net/netfilter/nf_conntrack_max",
  "net/netfilter/nf_conntrack_tcp_timeout_established",
  "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
] as const;

const kernelFile = (): string => join(stateFolder(), "kernel.json");

/** Notes the settings as they are, before the first node starts. */
export function rememberKernel(): void {
  if (existsSync(kernelFile())) return;
  const values = KERNEL.flatMap((name) => {
    const file = join("/proc/sys", name);
    return existsSync(file) ? [[name, readFileSync(file, "utf8").trim()]] : [];
  });
  writeFileSync(kernelFile(), JSON.stringify(Object.fromEntries(values)));
}

export function restoreKernel(): void {
  if (!existsSync(kernelFile())) return;
  for (const [name, value] of Object.entries(JSON.parse(readFileSync(kernelFile(), "utf8")) as Record<string, string>)) {
    const file = join("/proc/sys", name);
    // Docker may have come meanwhile, and needs both.
    if (/ip_forward|bridge-nf/.test(name) && existsSync("/sys/class/net/docker0")) continue;
    if (existsSync(file) && readFileSync(file, "utf8").trim() !== value) writeFileSync(file, value);
  }
}

/** Mounts below the cluster's folders, the innermost first. */
export async function ownMounts(): Promise<string[]> {
  const answer = await run("findmnt", ["-rno", "TARGET"]);
  return selectMounts(answer.stdout, [runFolder, stateFolder()]);
}

/** From `findmnt -rn -o TARGET`, which writes unusual characters as `\xNN`. */
export function selectMounts(targets: string, folders: readonly string[]): string[] {
  return targets
    .split("\n")
    .map((line) => line.replace(/\\x([0-9a-f]{2})/g, (_match, code: string) => String.fromCharCode(Number.parseInt(code, 16))))
    .filter((target) => folders.some((folder) => target === folder || target.startsWith(`${folder}/`)))
    .sort()
    .reverse();
}

export async function removeMounts(): Promise<void> {
  for (const target of await ownMounts()) {
    if ((await run("umount", [target])).code !== 0) await run("umount", ["--lazy", target]);
  }
}
