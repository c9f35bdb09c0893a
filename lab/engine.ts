/** The Pulumi engine: found, taken from the cache, downloaded, or built from Go modules. */
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fillOnce } from "./cache.js";
import { need, run, which } from "./command.js";
import { MB, needSpace } from "./disk.js";
import { buildWithGo, fillTemplate } from "./go.js";
import { download, isReachable } from "./network.js";
import { cacheFolder, toolFolder } from "./places.js";
import { type Outcome, type Say } from "./steps.js";
import { compareVersions, findVersion } from "./version.js";
import { versions } from "./versions.js";

export interface Engine {
  /** The executable. */
  readonly program: string;
  /** PULUMI_HOME for it: plugins stand there. Undefined: the user's own, as the engine finds it. */
  readonly home: string | undefined;
  /** Whether the engine belongs to the cache, where things may be put beside it. */
  readonly ours: boolean;
}

const official = "https://get.pulumi.com";
const { minimum, pinned } = versions.engine;

/** Gets the engine by the first way that is open. */
export async function getEngine(say: Say): Promise<Outcome<Engine>> {
  const onPath = await findOnPath();
  if (onPath && compareVersions(onPath.version, minimum) >= 0) {
    const value = { program: onPath.program, home: process.env["PULUMI_HOME"], ours: false };
    return { value, way: "found", title: `Pulumi engine ${onPath.version}` };
  }
  const old = onPath ? ` (${onPath.version} on PATH is older than ${minimum})` : "";
  const folder = toolFolder("pulumi", pinned);
  const value = { program: join(folder, "pulumi"), home: process.env["PULUMI_HOME"] ?? join(cacheFolder(), "pulumi-home"), ours: true };
  if (existsSync(value.program)) return { value, way: `found in the cache${old}` };
  let way = "made by another set-up";
  await fillOnce(
    folder,
    say,
    async (temporary) => {
      way = (await downloadEngine(temporary, say)) ? "downloaded" : await buildEngine(temporary, say);
    },
    () => existsSync(value.program),
  );
  return { value, way: way + old };
}

async function findOnPath(): Promise<{ program: string; version: string } | undefined> {
  const program = which("pulumi");
  if (!program) return undefined;
  const answer = await run(program, ["version"], { limit: 10_000, env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" } });
  const version = answer.code === 0 ? findVersion(answer.stdout) : undefined;
  return version ? { program, version } : undefined;
}

/** The official archive, language hosts included. False if it cannot be had from here. */
async function downloadEngine(folder: string, say: Say): Promise<boolean> {
  const platform = { linux: "linux", darwin: "darwin" }[process.platform as string];
  const machine = { x64: "x64", arm64: "arm64" }[process.arch as string];
  if (!platform || !machine || !(await isReachable(official))) return false;
  needSpace("Downloading the Pulumi engine", folder, 1_000 * MB);
  say("downloading");
  const archive = join(folder, "pulumi.tar.gz");
  try {
    await download(`${official}/releases/sdk/pulumi-v${pinned}-${platform}-${machine}.tar.gz`, archive);
    await need("Unpacking the Pulumi engine", "tar", ["-xzf", archive, "-C", folder, "--strip-components=1"]);
    rmSync(archive);
    // The folder is renamed when whole, but the engine is tried before: an archive for another system must not be kept.
    await need("The downloaded Pulumi engine", join(folder, "pulumi"), ["version"], { limit: 20_000 });
    return true;
  } catch {
    for (const name of ["pulumi", "pulumi.tar.gz"]) rmSync(join(folder, name), { force: true });
    return false;
  }
}

async function buildEngine(folder: string, say: Say): Promise<string> {
  say("building from Go modules (3 to 4 minutes)");
  const source = join(__dirname, "engine");
  const program = join(folder, "pulumi");
  await buildWithGo({
    what: "the Pulumi engine",
    folder,
    files: {
      "go.mod": fillTemplate(join(source, "go.mod.template"), { ENGINE: pinned }),
      "tools.go": readFileSync(join(source, "tools.go"), "utf8"),
    },
    target: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    output: `${program}.new`,
    variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${pinned}` },
  });
  await need("The built Pulumi engine", `${program}.new`, ["version"], { limit: 20_000 });
  renameSync(`${program}.new`, program);
  return "built from Go modules";
}

/** The folder to put first on PATH, so that `pulumi` and what stands beside it are found. */
export function engineFolder(engine: Engine): string {
  return dirname(engine.program);
}
