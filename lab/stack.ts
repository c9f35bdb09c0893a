/** The verbs up, preview and down: the engine run on the stack of this checkout, with what was chosen and nothing written to tracked files. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { WarrenError } from "../topology/errors.js";
import { type Checkpoint, exportedCheckpoint, readCheckpoint, stackOutputs } from "./checkpoint.js";
import { attach, need } from "./command.js";
import { isSealed, valueIn, withConfig } from "./config.js";
import { type DockerObject, dockerObjects, remove, removeLabelled } from "./containers.js";
import { clusterOf, intoCluster, isInKubernetes, type Configured } from "./into-cluster.js";
import { getDocker } from "./docker.js";
import { getBrokerImage, settledName } from "./image.js";
import { importImage } from "./kubernetes/images.js";
import { contextName } from "./kubernetes/layout.js";
import { getMonitoringImages } from "./monitoring-images.js";
import { ownFolder } from "./places.js";
import { forgetAll, recover } from "./recover.js";
import { restoreState } from "./saved-state.js";
import { print, step, tell } from "./steps.js";
import { getTools, type Tools } from "./tools.js";
import { getWorkerImage } from "./worker-image.js";
import { type Choices, Workspace, projectName, stackName, writeWhole } from "./workspace.js";

export interface StackOptions {
  /** Value of `warren:system`; undefined: what is up, or the default. */
  readonly system?: string;
  /** Queues may be deleted with the messages in them, and from under their consumers. */
  readonly discard?: boolean;
  /** Settings below `warren:`; remembered, as the system is. */
  readonly settings?: Readonly<Record<string, string>>;
}

const terminal = process.stdout.isTTY && !process.env["CI"];

/** Makes or changes the stack, and says what there is. Gives the exit code. */
export async function up(options: StackOptions): Promise<number> {
  const { workspace, env, tools } = await open(options);
  const before = workspace.choices();
  const chosen = choicesOf(before, options);
  await configure(workspace, env, tools, chosen, options, imagesFor);
  await recover(workspace, env);
  // Remembered before the run: one that is killed in its middle is to be completed, not undone, by the next.
  workspace.remember(chosen);
  const held = heldBy(await stateOf(workspace, env));
  const code = await pulumi(workspace, env, ["up", "--yes", "--skip-preview"]);
  const state = await stateOf(workspace, env);
  if (code !== 0 && heldBy(state) === held) workspace.remember(before);
  if (code === 0) printSummary(state);
  return code === 0 ? 0 : 1;
}

/** Shows what `up` would do. */
export async function preview(options: StackOptions): Promise<number> {
  const { workspace, env, tools } = await open(options);
  await configure(workspace, env, tools, choicesOf(workspace.choices(), options), options, imagesFor);
  await recover(workspace, env);
  // Says what to do if it was never made.
  if (workspace.shared) await stateOf(workspace, env);
  return (await pulumi(workspace, env, ["preview", "--diff"])) === 0 ? 0 : 1;
}

/** Takes the stack down, and then whatever is left of it in Docker. */
export async function down(options: StackOptions): Promise<number> {
  const { workspace, env, tools } = await open(options);
  await configure(workspace, env, tools, workspace.choices(), options, () => imagesBefore(workspace));
  try {
    await recover(workspace, env);
  } catch (error) {
    // A broker that does not come up cannot be asked what it holds; whoever discards does not ask.
    if (!options.discard || !(error instanceof WarrenError)) throw error;
    tell(`• ${error.fault}`);
  }
  const checkpoint = await stateOf(workspace, env);
  if (checkpoint && checkpoint.resources.length > 0) {
    const objects = dockerObjects(checkpoint.resources);
    // The program runs too: only then do its delete hooks, which keep queues that hold messages. The engine does not tell it what for.
    const code = await pulumi(workspace, { ...env, WARREN_DOWN: "true" }, ["destroy", "--run-program", "--yes", "--skip-preview"]);
    // With a broker of its own in Docker, everything of the stack is in Docker.
    const inDocker = !isInKubernetes(written(workspace)) && objects.length > 0;
    if (code !== 0 && !(options.discard && inDocker)) {
      if (!options.discard) tell("• not taken down. `npm run down -- --discard` takes it down with every message that is in it.");
      return 1;
    }
    await removeRest(objects);
    if (code !== 0) {
      await forgetAll(workspace, env);
      tell("• the engine could not take the stack down, so its containers, networks and volumes were removed directly");
    }
  } else {
    tell("• nothing of this checkout's stack is up");
  }
  if (options.discard) for (const name of await removeLabelled()) tell(`• removed ${name}, which no state knew of`);
  return 0;
}

/** Leads ports of this machine into the stack's cluster, until it is interrupted: for `pulumi` and clients by themselves. */
export async function leadIn(): Promise<number> {
  const workspace = new Workspace(ownFolder());
  const config = configured(workspace);
  if (!isInKubernetes(config))
    throw new WarrenError(`The broker of stack ${stackName()} is not in Kubernetes: nothing has to lead to it.`, {
      remedy: "name the stack: npm run forward -- --stack prod",
      exitCode: 2,
    });
  const close = await intoCluster(config, workspace.program);
  tell("• until Ctrl-C");
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    // What listens does not keep the process.
    setInterval(() => undefined, 60_000);
  });
  await close();
  return 0;
}

const BOOKKEEPING = new Set(["config", "stack", "login", "whoami", "state", "plugin", "version", "help"]);

/** Runs any command with the tools on its PATH and the stack of this checkout selected. Gives its exit code. */
export async function exec(command: string, args: readonly string[], cwd: string): Promise<number> {
  // What only asks or writes the state and the configuration needs no way into the cluster: it may be what says which one.
  const isBookkeeping = command === "pulumi" && BOOKKEEPING.has(args[0] ?? "");
  const { workspace, env } = await open({}, !isBookkeeping);
  const close = isBookkeeping ? async (): Promise<void> => {} : await intoCluster(configured(workspace), workspace.program);
  // What it starts is not the engine's: it must not be ended as something that an engine left.
  const { WARREN_CHECKOUT: _checkout, ...rest } = env;
  const code = await attach(command, args, { cwd, env: { ...rest, PULUMI_STACK: stackName() } });
  await close();
  return code;
}

const configIn = (file: string): Configured =>
  (existsSync(file) ? (parse(readFileSync(file, "utf8")) as { config?: Configured | null } | null)?.config : undefined) ?? {};

/** The configuration of this run. */
const written = ({ configFile }: Workspace): Configured => configIn(configFile);

/** The stack's tracked configuration, with what was chosen in this checkout, and what a run chooses. */
function configured(workspace: Workspace, { settings = {} }: StackOptions = {}): Configured {
  const tracked = configIn(join(workspace.program, `Pulumi.${stackName()}.yaml`));
  const chosen = Object.entries({ ...workspace.choices().settings, ...settings });
  return { ...tracked, ...Object.fromEntries(chosen.map(([key, value]) => [`${projectName}:${key}`, value])) };
}

async function open(
  options: StackOptions = {},
  entersCluster = true,
): Promise<{ workspace: Workspace; env: NodeJS.ProcessEnv; tools: Tools }> {
  const workspace = new Workspace(ownFolder());
  if (!existsSync(join(workspace.program, "Pulumi.yaml"))) throw new WarrenError(`There is no Pulumi.yaml in ${workspace.program}`);
  const config = configured(workspace, options);
  // Before anything is downloaded or built for it.
  if (entersCluster && isInKubernetes(config)) clusterOf(config);
  const tools = await getTools(isInKubernetes(config) ? "kubernetes" : "docker");
  workspace.prepare();
  if (!workspace.shared) restoreState(workspace, (line) => tell(`• ${line}`));
  return { workspace, env: workspace.environment(tools.env), tools };
}

/** What was chosen before, and what this run chooses. */
function choicesOf(before: Choices, { system, settings = {} }: StackOptions): Choices {
  const all = { ...before.settings, ...settings };
  return { ...before, ...(system === undefined ? {} : { system }), ...(Object.keys(all).length > 0 ? { settings: all } : {}) };
}

/** By their keys of the configuration; `undefined`: it cannot be had. */
type Images = Readonly<Record<string, string | undefined>>;
type Settings = NonNullable<Choices["settings"]>;

/** What these settings run, beside the broker. */
async function imagesFor(settings: Settings, config: Configured): Promise<Images> {
  if (isInKubernetes(config)) return imagesForCluster(config);
  const on = (name: string): boolean => settings[name] === "true";
  // The exporter and the live page are in the worker's image.
  const worker = ["workers", "load", "monitoring", "ui"].some(on) ? await step("Worker image", getWorkerImage) : undefined;
  const { prometheus, alertmanager, grafana } = on("monitoring") ? await step("Monitoring images", getMonitoringImages) : {};
  return { workerImage: worker?.image, prometheusImage: prometheus, alertmanagerImage: alertmanager, grafanaImage: grafana };
}

/** A cluster pulls what the configuration names; the lab's own, which can pull nothing, is given what is built here. */
async function imagesForCluster(config: Configured): Promise<Images> {
  if (clusterOf(config).getCurrentContext() !== contextName) return {};
  await step("Docker engine", getDocker);
  const broker = await settledName(await step("Broker image", getBrokerImage));
  const { image: worker } = await step("Worker image", getWorkerImage);
  await step("Images in the lab's cluster", async () => {
    const brought = [await importImage(broker), await importImage(worker)].some(Boolean);
    return { value: undefined, way: brought ? "brought" : "found" };
  });
  return { image: broker, workerImage: worker };
}

/** What goes down is not built first. Where no run had a worker's, any name will do: nothing is made of it. */
export function imagesBefore({ configFile }: Pick<Workspace, "configFile">): Images {
  const config = existsSync(configFile) ? readFileSync(configFile, "utf8") : "";
  const before = (name: string): string | undefined => valueIn(config, `${projectName}:${name}`);
  return {
    workerImage: before("workerImage") ?? "warren/worker:none",
    ...Object.fromEntries(["prometheusImage", "alertmanagerImage", "grafanaImage"].map((name) => [name, before(name)])),
  };
}

/** Makes the stack if there is none, and the configuration of this run. */
async function configure(
  workspace: Workspace,
  env: NodeJS.ProcessEnv,
  tools: Tools,
  { system, settings = {} }: Choices,
  { discard = false }: StackOptions,
  images: (settings: Settings, config: Configured) => Promise<Images> | Images,
): Promise<void> {
  const file = join(workspace.program, `Pulumi.${stackName()}.yaml`);
  const tracked = existsSync(file) ? readFileSync(file, "utf8") : "";
  const values: Record<string, string> = tools.image === undefined ? {} : { [`${projectName}:image`]: tools.image };
  if (system !== undefined) values[`${projectName}:system`] = system;
  for (const [name, image] of Object.entries(await images(settings, configured(workspace, { settings }))))
    if (image !== undefined) values[`${projectName}:${name}`] = image;
  for (const [key, value] of Object.entries(settings)) values[`${projectName}:${key}`] = value;
  if (discard) values[`${projectName}:allowDataLoss`] = "true";
  // A stack in a backend of the caller's is made by who shares it, with what encrypts its secrets.
  const salt = workspace.shared ? undefined : await getSalt(workspace, env);
  writeWhole(workspace.configFile, withConfig(tracked, values, salt === undefined || isSealed(tracked) ? {} : { encryptionsalt: salt }));
}

/** The salt that goes with the passphrase: the state's own, or the one written when the stack was made. */
async function getSalt(workspace: Workspace, env: NodeJS.ProcessEnv): Promise<string> {
  const checkpoint = readCheckpoint(workspace.checkpointFile);
  if (checkpoint?.salt) return checkpoint.salt;
  const file = join(workspace.birthplace, `Pulumi.${stackName()}.yaml`);
  const read = (): string | undefined => (existsSync(file) ? /^encryptionsalt:\s*(\S+)/m.exec(readFileSync(file, "utf8"))?.[1] : undefined);
  const known = checkpoint && read();
  if (known) return known;
  if (checkpoint)
    await need("pulumi stack rm", "pulumi", ["stack", "rm", stackName(), "--yes", "--preserve-config"], { cwd: workspace.birthplace, env });
  await need("pulumi stack init", "pulumi", ["stack", "init", stackName(), "--secrets-provider", "passphrase", "--non-interactive"], {
    cwd: workspace.birthplace,
    env,
  });
  const salt = read();
  if (!salt) throw new WarrenError(`pulumi stack init wrote no encryptionsalt into ${file}`);
  return salt;
}

async function pulumi(workspace: Workspace, env: NodeJS.ProcessEnv, args: readonly string[]): Promise<number> {
  const close = await intoCluster(written(workspace), workspace.program);
  const manner = terminal ? [] : ["--non-interactive", "--color", "never", "--suppress-progress"];
  const all = [...args, "--stack", stackName(), "--config-file", workspace.configFile, "--suppress-outputs", ...manner];
  const code = await attach("pulumi", all, { cwd: workspace.program, env });
  await close();
  if (code > 128) print("\nThe engine was ended before it was done. Run the same command again: it goes on from there.");
  return code;
}

/** What the stack holds; undefined if it was never made. */
async function stateOf(workspace: Workspace, env: NodeJS.ProcessEnv): Promise<Checkpoint | undefined> {
  if (!workspace.shared) return readCheckpoint(workspace.checkpointFile);
  const { stdout } = await need("pulumi stack export", "pulumi", ["stack", "export", "--stack", stackName(), "--non-interactive"], {
    cwd: workspace.program,
    env,
    remedy: `if it was never made, make it once, for all who share the backend: WARREN_STACK=${stackName()} npm run pulumi -- stack init ${stackName()}`,
  });
  return exportedCheckpoint(stdout);
}

function printSummary(checkpoint: Checkpoint | undefined): void {
  const summary = checkpoint && stackOutputs(checkpoint)["summary"];
  if (typeof summary === "string") print(`\n${summary.trimEnd()}`);
}

/** What the state holds, as one text: equal before and after a run that was refused before it changed anything. */
function heldBy(checkpoint: Checkpoint | undefined): string {
  return (checkpoint?.resources ?? []).map(({ urn, id }) => `${urn} ${id ?? ""}`).join("\n");
}

async function removeRest(objects: readonly DockerObject[]): Promise<void> {
  // In the reverse order of their making: a network goes after the containers in it.
  for (const object of [...objects].reverse()) {
    if (await remove(object)) tell(`• removed the ${object.kind} ${object.reference}, which was left`);
  }
}
