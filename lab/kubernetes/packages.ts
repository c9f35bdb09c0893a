/** containerd and the CNI plugins: Debian's packages, unpacked into the cache; nothing is installed, and no service starts. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../../topology/errors.js";
import { aptInstall, debianMirror, isDebianRoot } from "../apt.js";
import { fillOnce } from "../cache.js";
import { need, which } from "../command.js";
import { MB, needSpace } from "../disk.js";
import { toolFolder } from "../places.js";
import { type Outcome, type Say } from "../steps.js";
import { versions } from "../versions.js";

const { suite } = versions.kubernetes;
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Programs of the system that the node uses, and the packages that have them. */
const needs = { runc: "runc", iptables: "iptables", ip: "iproute2", openssl: "openssl", findmnt: "util-linux", sysctl: "procps" } as const;

export interface NodePackages {
  /** Holds containerd, ctr and the shim. */
  readonly programs: string;
  /** Holds the CNI plugins. */
  readonly cni: string;
}

export function nodePackages(): NodePackages {
  const folder = toolFolder("kubernetes-node-packages", suite);
  return { programs: join(folder, "usr/bin"), cni: join(folder, "usr/lib/cni") };
}

/** runc is the system's own: that of a newer Debian does not run on an older one. */
export async function getNodePackages(say: Say): Promise<Outcome<NodePackages>> {
  const missing = Object.entries(needs).flatMap(([program, name]) => (which(program) ? [] : [name]));
  if (missing.length > 0) {
    if (!isDebianRoot())
      throw new WarrenError(`The cluster's node needs ${missing.join(", ")}, and they are not installed`, {
        remedy: `install ${missing.join(", ")}`,
      });
    say(`installing ${missing.join(", ")} with apt-get`);
    await aptInstall("what a node needs", missing);
  }
  const packages = nodePackages();
  const isWhole = (): boolean => existsSync(join(packages.programs, "containerd")) && existsSync(join(packages.cni, "bridge"));
  if (isWhole()) return { value: packages, way: "found in the cache" };
  await fillOnce(toolFolder("kubernetes-node-packages", suite), say, (temporary) => unpack(temporary, say), isWhole);
  return { value: packages, way: "unpacked from packages" };
}

async function unpack(folder: string, say: Say): Promise<void> {
  needSpace("The node's packages", folder, 500 * MB);
  const mirror = await debianMirror("install containerd and its CNI plugins on a Debian system, or use another cluster");
  const work = join(folder, "work");
  for (const place of ["lists/partial", "archives/partial"]) mkdirSync(join(work, place), { recursive: true });
  writeFileSync(join(work, "status"), "");
  writeFileSync(join(work, "sources.list"), `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
  // apt with folders of its own: neither the sources nor the packages of this machine are touched.
  const own = Object.entries({
    "Dir::Etc::sourcelist": join(work, "sources.list"),
    "Dir::Etc::sourceparts": "-",
    "Dir::State": work,
    "Dir::State::lists": join(work, "lists"),
    "Dir::State::status": join(work, "status"),
    "Dir::Cache": work,
    "APT::Sandbox::User": "",
    "Acquire::Languages": "none",
    "APT::Update::Post-Invoke": "",
    "APT::Update::Post-Invoke-Success": "",
  }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const options = { cwd: work, remedy: "the package mirror has to be reachable" };
  say("fetching the package lists");
  await need("apt-get update", "apt-get", ["-q", ...own, "update"], options);
  say("downloading containerd");
  await need("Downloading containerd", "apt-get", ["-q", ...own, "download", "containerd", "containernetworking-plugins"], options);
  for (const name of readdirSync(work).filter((file) => file.endsWith(".deb")))
    await need(`Unpacking ${name}`, "dpkg-deb", ["-x", join(work, name), folder]);
  rmSync(work, { recursive: true });
}
