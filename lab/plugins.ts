/** The resource plugins: found among the engine's own, installed by the engine, or built from the folders of lab/plugins/. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fillOnce } from "./cache.js";
import { need, run } from "./command.js";
import { type Engine } from "./engine.js";
import { buildWithGo, fillTemplate } from "./go.js";
import { isReachable } from "./network.js";
import { type Outcome, type Say } from "./steps.js";
import { type PluginName, versions } from "./versions.js";

/** Build tags: without the compose resource (which nobody here uses) the docker plugin needs no C compiler. */
const tags: Partial<Record<PluginName, string>> = { docker: "no_compose" };

/** Beside a plugin that was built here: the hash of what it was built from. */
const MARK = "built-from.sha256";

/** Gets one plugin into the engine's folder of plugins, where the engine finds it without a warning. */
export async function getPlugin(name: PluginName, engine: Engine, env: NodeJS.ProcessEnv, say: Say): Promise<Outcome<void>> {
  const { version } = versions.plugins[name];
  const home = engine.home ?? process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
  const program = `pulumi-resource-${name}`;
  const folder = join(home, "plugins", `resource-${name}-v${version}`);
  const source = sourceOf(name);
  // A plugin without the mark is the official one. One of ours that was built from other sources is built again.
  const mark = join(folder, MARK);
  const isStale = (): boolean => existsSync(mark) && readFileSync(mark, "utf8") !== source.hash;
  // The engine marks an installation of its own that it has not ended.
  const isWhole = (): boolean => existsSync(join(folder, program)) && !existsSync(`${folder}.partial`) && !isStale();
  if (isWhole()) return { value: undefined, way: "found" };
  if (await isReachable("https://get.pulumi.com")) {
    say("downloading");
    const args = ["plugin", "install", "resource", name, version, ...(isStale() ? ["--reinstall"] : [])];
    const answer = await run(engine.program, args, { env, silence: 60_000, limit: 600_000 });
    if (answer.code === 0) return { value: undefined, way: "downloaded" };
  }
  let way = "made by another set-up";
  const build = async (temporary: string): Promise<void> => {
    say("building from Go modules (2 to 3 minutes)");
    const tag = tags[name];
    await buildWithGo({
      what: `the Pulumi plugin ${name}`,
      folder: temporary,
      files: source.files,
      target: ".",
      output: join(temporary, program),
      variables: { "main.version": version },
      ...(tag ? { tags: tag } : {}),
    });
    await need(`The built plugin ${name}`, join(temporary, program), ["-version"], { limit: 20_000 });
    for (const file of ["go.sum", ...Object.keys(source.files)]) rmSync(join(temporary, file), { force: true });
    writeFileSync(join(temporary, MARK), source.hash);
    rmSync(`${folder}.partial`, { force: true });
    way = "built from Go modules";
  };
  await fillOnce(folder, say, build, isWhole);
  return { value: undefined, way };
}

/** What a plugin is built from: its go.mod, from the template and the pinned versions, and every Go file of its folder but tests. */
export function sourceOf(name: PluginName): { files: Readonly<Record<string, string>>; hash: string } {
  const folder = join(__dirname, "plugins", name);
  const files: Record<string, string> = { "go.mod": fillTemplate(join(folder, "go.mod.template"), versions.plugins[name].modules) };
  for (const file of readdirSync(folder).sort()) {
    if (file.endsWith(".go") && !file.endsWith("_test.go")) files[file] = readFileSync(join(folder, file), "utf8");
  }
  return { files, hash: createHash("sha256").update(JSON.stringify(files)).digest("hex") };
}
