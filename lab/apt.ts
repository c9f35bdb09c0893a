/** Debian's packages: installed when a tool is missing, and where their archive is. */
import { existsSync, readFileSync } from "node:fs";
import { WarrenError } from "../topology/errors.js";
import { need, run, which } from "./command.js";
import { MB, needSpace } from "./disk.js";

/** Whether packages can be installed here without asking anybody. */
export function isDebianRoot(): boolean {
  return process.getuid?.() === 0 && which("apt-get") !== undefined && existsSync("/etc/debian_version");
}

let queue: Promise<unknown> = Promise.resolve();

/** Installs packages; the package lists are fetched only if they lack one. One installation at a time, for apt has one lock. */
export async function aptInstall(what: string, packages: readonly string[]): Promise<void> {
  const turn = queue.then(() => install(what, packages));
  queue = turn.catch(() => undefined);
  await turn;
}

async function install(what: string, packages: readonly string[]): Promise<void> {
  needSpace(`Installing ${what}`, "/var/cache/apt", 600 * MB);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const args = ["-o", "DPkg::Lock::Timeout=120", "install", "-y", "-q", "--no-install-recommends", ...packages];
  const first = await run("apt-get", args, { env });
  if (first.code === 0) return;
  await need("apt-get update", "apt-get", ["-o", "DPkg::Lock::Timeout=120", "update", "-q"], {
    env,
    remedy: "see what apt-get says above; the package mirror has to be reachable",
  });
  await need(`Installing ${what}`, "apt-get", args, { env, remedy: `install it by hand: apt-get install ${packages.join(" ")}` });
}

/** The address of Debian's own archive, as apt is set to use it. There may be other archives in its configuration. `remedy` is for a system without. */
export async function debianMirror(remedy: string): Promise<string> {
  const answer = await need("apt-get indextargets", "apt-get", ["indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL)"]);
  const mirror = readMirror(answer.stdout);
  if (mirror) return mirror;
  const system = /PRETTY_NAME="?([^"\n]*)/.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "this system";
  throw new WarrenError(`apt on ${system} names no archive of Debian, from which the image could be made`, { remedy });
}

/** The first line `<address> Debian Debian`; Debian-Security and others are other archives. */
export function readMirror(targets: string): string | undefined {
  return /^(\S+) Debian Debian$/m.exec(targets)?.[1];
}
