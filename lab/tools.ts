/** All that the project's commands need on this machine, each by the first way that is open; says which. */
import { delimiter } from "node:path";
import { getDocker } from "./docker.js";
import { type Engine, engineFolder, getEngine } from "./engine.js";
import { getBrokerImage } from "./image.js";
import { getLanguageHost } from "./language-host.js";
import { getPlugin } from "./plugins.js";
import { step } from "./steps.js";
import { type PluginName, versions } from "./versions.js";

export interface Tools {
  /** The broker's image, present in Docker; none where the broker is in Kubernetes, which gets its own. */
  readonly image: string | undefined;
  /** The environment in which `pulumi` finds itself and its helpers. */
  readonly env: NodeJS.ProcessEnv;
}

/** Where a stack's broker runs. */
export type Ground = "docker" | "kubernetes";

/** Plugins of each, and of no other: they take minutes to build. */
const PLUGINS: Readonly<Record<Ground, readonly PluginName[]>> = { docker: ["rabbitmq", "docker"], kubernetes: ["rabbitmq", "kubernetes"] };

/** Gets everything; Pulumi and Docker side by side, for one builds while the other downloads. The first failure ends both: nobody should wait for minutes to read it. */
export async function getTools(ground: Ground = "docker"): Promise<Tools> {
  if (ground === "kubernetes") return { image: undefined, env: await getPulumi(PLUGINS.kubernetes) };
  const [env, image] = await Promise.all([getPulumi(PLUGINS.docker), getBroker()]);
  return { image, env: { ...env, WARREN_IMAGE: image } };
}

async function getBroker(): Promise<string> {
  await step("Docker engine", getDocker);
  return await step("Broker image", getBrokerImage);
}

async function getPulumi(plugins: readonly PluginName[]): Promise<NodeJS.ProcessEnv> {
  const engine = await step(`Pulumi engine ${versions.engine.pinned}`, getEngine);
  const folder = await step("Pulumi language host for Node", async () => getLanguageHost(engine));
  const env = pulumiEnvironment(engine, folder);
  // One after the other: each build uses every core.
  for (const name of plugins) {
    await step(`Pulumi plugin ${name} ${versions.plugins[name].version}`, (say) => getPlugin(name, engine, env, say));
  }
  return env;
}

function pulumiEnvironment(engine: Engine, hostFolder: string | undefined): NodeJS.ProcessEnv {
  const path = [engineFolder(engine), hostFolder, process.env["PATH"]].filter((folder) => folder);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: path.join(delimiter),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The plugins that a stack needs are got beforehand; the engine would also fetch those of packages that the stack does not use.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  if (engine.home) env["PULUMI_HOME"] = engine.home;
  return env;
}
