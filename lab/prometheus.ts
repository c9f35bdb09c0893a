/** Prometheus and promtool: those that are here, or Debian's, unpacked into the cache: nothing is installed, and no service starts. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { isDebianRoot } from "./apt.js";
import { fillOnce } from "./cache.js";
import { need, run, which } from "./command.js";
import { MB, needSpace } from "./disk.js";
import { cacheFolder, toolFolder } from "./places.js";
import { type Outcome, type Say } from "./steps.js";

export interface Prometheus {
  /** Paths of programs. */
  readonly prometheus: string;
  readonly promtool: string;
}

const PACKAGE = "prometheus";

/** What `WARREN_PROMETHEUS` names (a folder with both programs), or what is on the PATH, or Debian's package in the cache. */
export async function getPrometheus(say: Say): Promise<Outcome<Prometheus>> {
  const found = find();
  if (found) return { value: found, way: "found" };
  const version = await candidate(say);
  if (version === undefined) {
    throw new WarrenError("The tests of the monitoring need Prometheus and promtool, and they are not on the PATH", {
      remedy: "install Prometheus, or name the folder of both programs in WARREN_PROMETHEUS",
    });
  }
  const folder = toolFolder(PACKAGE, version.replace(/[^\w.+~-]/g, "_"));
  const programs = programsIn(join(folder, "usr/bin"));
  const title = `Prometheus ${version}`;
  if (isWhole(programs)) return { value: programs, way: "found", title };
  await fillOnce(
    folder,
    say,
    async (temporary) => {
      needSpace("Prometheus", cacheFolder(), 250 * MB);
      say("downloading the package");
      await download(version, temporary);
      const [file] = readdirSync(temporary);
      say("unpacking");
      await need("Unpacking Prometheus", "dpkg-deb", ["-x", join(temporary, file ?? ""), temporary]);
      rmSync(join(temporary, file ?? ""));
    },
    () => isWhole(programs),
  );
  return { value: programs, way: "unpacked from a package", title };
}

const programsIn = (folder: string): Prometheus => ({ prometheus: join(folder, "prometheus"), promtool: join(folder, "promtool") });
const isWhole = ({ prometheus, promtool }: Prometheus): boolean => existsSync(prometheus) && existsSync(promtool);

function find(): Prometheus | undefined {
  const named = process.env["WARREN_PROMETHEUS"];
  if (named) {
    const programs = programsIn(named);
    if (isWhole(programs)) return programs;
    throw new WarrenError(`WARREN_PROMETHEUS names ${named}, and prometheus and promtool are not both there`, {
      remedy: "name the folder that holds both programs",
    });
  }
  const [prometheus, promtool] = [which("prometheus"), which("promtool")];
  return prometheus && promtool ? { prometheus, promtool } : undefined;
}

/** The version that apt would install; undefined without apt, or where no archive has the package. */
async function candidate(say: Say): Promise<string | undefined> {
  if (!which("apt-get") || !which("dpkg-deb")) return undefined;
  const known = readCandidate((await run("apt-cache", ["policy", PACKAGE])).stdout);
  if (known !== undefined || !isDebianRoot()) return known;
  say("fetching the package lists");
  await run("apt-get", ["-o", "DPkg::Lock::Timeout=120", "update", "-q"]);
  return readCandidate((await run("apt-cache", ["policy", PACKAGE])).stdout);
}

/** From `apt-cache policy`. */
export function readCandidate(policy: string): string | undefined {
  const version = /^\s*Candidate: (\S+)$/m.exec(policy)?.[1];
  return version === "(none)" ? undefined : version;
}

async function download(version: string, folder: string): Promise<void> {
  const args = ["download", "-q", `${PACKAGE}=${version}`];
  if ((await run("apt-get", args, { cwd: folder })).code === 0) return;
  // Old lists may name a file that the archive has replaced.
  if (isDebianRoot()) await run("apt-get", ["-o", "DPkg::Lock::Timeout=120", "update", "-q"]);
  await need("Downloading Prometheus", "apt-get", args, {
    cwd: folder,
    remedy: "the package mirror has to be reachable; or name a folder with both programs in WARREN_PROMETHEUS",
  });
}
