/** The base of the worker's image, Node and no shell: the image that WARREN_WORKER_BASE names, else one made of Debian's packages. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WarrenError } from "../../topology/errors.js";
import { debianMirror } from "../apt.js";
import { fillOnce } from "../cache.js";
import { need, run, tail, which } from "../command.js";
import { GB, needSpace } from "../disk.js";
import { toolFolder } from "../places.js";
import type { Say } from "../steps.js";
import { versions } from "../versions.js";
import type { DebianPackage } from "./sbom.js";

const { major, suite, recipe, maxBytes } = versions.worker;
/** An image with Node and no shell, a distroless one for example, in place of one that is made here. */
const official = process.env["WARREN_WORKER_BASE"] ?? "";
/** What the program may have of the image's size. */
const PROGRAM_BYTES = 8_000_000;
const label = `warren.worker.base=${recipe}`;

export interface Base {
  readonly image: string;
  /** Docker's, of its contents. */
  readonly id: string;
  readonly way: string;
}

async function inspect(image: string): Promise<{ readonly id: string; readonly bytes: number } | undefined> {
  const answer = await run("docker", ["image", "inspect", "--format", "{{.Id}} {{.Size}}", image]);
  const [id = "", bytes] = answer.stdout.trim().split(" ");
  return answer.code === 0 ? { id, bytes: Number(bytes) } : undefined;
}

/** A base that Docker has. */
export async function findBase(): Promise<Base | undefined> {
  const [pulled, listed] = await Promise.all([
    official === "" ? undefined : inspect(official),
    run("docker", ["image", "ls", "--filter", `label=${label}`, "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]),
  ]);
  if (pulled && pulled.bytes <= maxBytes - PROGRAM_BYTES) return { image: official, id: pulled.id, way: `on ${official}` };
  const [image, id] = (listed.stdout.split("\n").find((line) => line.startsWith("warren/worker-base:")) ?? "").split(" ");
  return image && id ? { image, id, way: "on Debian's packages" } : undefined;
}

/** Pulls or makes one. */
export async function getBase(say: Say): Promise<Base> {
  const present = await findBase();
  if (present) return present;
  if (official !== "") {
    say(`pulling ${official}`);
    const pull = await run("docker", ["pull", official], { silence: 30_000 });
    const pulled = await findBase();
    if (pulled) return pulled;
    const reason = pull.timedOut ? "no answer from its registry" : pull.code === 0 ? "it is too large" : tail(pull.stderr.trim(), 1);
    say(`${official} cannot be used: ${reason}`);
  }
  const remedy = "name an image with Node and no shell in WARREN_WORKER_BASE (a distroless one), or build on Debian";
  if (!which("apt-get") || !which("dpkg-deb"))
    throw new WarrenError("A base for the worker's image can be made only where Debian's apt is", { remedy });
  const folder = toolFolder("worker-base", `${major}-debian-${recipe}`);
  await fillOnce(folder, say, (temporary) => make(temporary, say, remedy));
  say("importing the base");
  const image = `warren/worker-base:${readFileSync(join(folder, "version"), "utf8")}-debian-${recipe}`;
  const changes = ["ENV PATH=/nodejs/bin:/usr/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt LANG=C.UTF-8", `LABEL ${label}`];
  await need("Importing the base", "docker", ["import", ...changes.flatMap((line) => ["-c", line]), join(folder, "base.tar"), image]);
  return { image, id: (await inspect(image))?.id ?? "", way: "on Debian's packages" };
}

/** Leaves `base.tar` and `version` in the folder. */
async function make(folder: string, say: Say, remedy: string): Promise<void> {
  needSpace("Building the base of the worker's image", folder, 0.8 * GB);
  say(`making a base from Debian's packages (${suite})`);
  const work = join(folder, "work");
  const tar = join(folder, "base.tar");
  const answer = await need(
    "Building the base of the worker's image",
    join(__dirname, "base.sh"),
    [suite, await debianMirror(remedy), work, `${tar}.new`],
    {
      env: { ...process.env, LC_ALL: "C" },
      remedy: "see the messages above; the package mirror has to be reachable, and nothing half was left",
    },
  );
  const version = /^(\d+\.\d+\.\d+)/.exec(tail(answer.stdout.trim(), 1))?.[1];
  if (!version?.startsWith(`${major}.`)) {
    throw new WarrenError(`Debian's suite ${suite} has Node ${version ?? "of an unknown version"} now`, {
      allowed: [`${major}.x`],
      remedy,
    });
  }
  rmSync(work, { recursive: true, force: true });
  writeFileSync(join(folder, "version"), version);
  renameSync(`${tar}.new`, tar);
}

export interface BaseContents {
  readonly debian: readonly DebianPackage[];
  /** `debian-13`, `debian-forky`. */
  readonly distribution: string;
  /** `24.21.0` */
  readonly node: string;
}

/** What a base is made of, from where images without a package manager say it. */
export async function readBase(image: string): Promise<BaseContents> {
  const folder = mkdtempSync(join(tmpdir(), "warren-worker-base-"));
  const container = (await need("Looking into the base", "docker", ["create", image, "-"])).stdout.trim();
  try {
    const copy = async (from: string, to: string): Promise<void> =>
      void (await need("Looking into the base", "docker", ["cp", "--follow-link", `${container}:${from}`, join(folder, to)]));
    await copy("/var/lib/dpkg/status.d", "status.d");
    await copy("/etc/os-release", "os-release");
    const version = await need("Asking the base's Node", "docker", [
      ...["run", "--rm", "--network", "none", "--entrypoint", "/nodejs/bin/node", image, "--version"],
    ]);
    const release = readFileSync(join(folder, "os-release"), "utf8");
    const named = (key: string): string | undefined => new RegExp(`^${key}="?([^"\\n]+)`, "m").exec(release)?.[1];
    return {
      debian: readPackages(join(folder, "status.d")),
      distribution: `debian-${named("VERSION_ID") ?? named("VERSION_CODENAME") ?? "unknown"}`,
      node: version.stdout.trim().replace(/^v/, ""),
    };
  } finally {
    await run("docker", ["rm", "--force", container]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function readPackages(folder: string): DebianPackage[] {
  if (!existsSync(folder)) return [];
  const packages = readdirSync(folder).flatMap((file): DebianPackage[] => {
    const text = readFileSync(join(folder, file), "utf8");
    const field = (key: string): string | undefined => new RegExp(`^${key}: (.+)$`, "m").exec(text)?.[1];
    const [name, version, architecture] = [field("Package"), field("Version"), field("Architecture")];
    // Beside each package lies its list of checksums.
    return name && version && architecture ? [{ name, version, architecture }] : [];
  });
  return packages.sort((one, other) => (one.name < other.name ? -1 : 1));
}
