/** Before a run: puts right what an interrupted run or a vanished Docker engine left, so that the run itself needs no hand work. */
import { type Checkpoint, readCheckpoint, withoutPending, withoutResources } from "./checkpoint.js";
import { need } from "./command.js";
import { type DockerObject, dockerObjects, halfMade, remove, stateOf, wake } from "./containers.js";
import { clearLocks, endOrphans } from "./locks.js";
import { saveState } from "./saved-state.js";
import { step, tell } from "./steps.js";
import { type Workspace, stackName } from "./workspace.js";

/** Runs `pulumi` with the stack and gives its stdout. */
type Pulumi = (args: readonly string[], input?: string) => Promise<string>;

export async function recover(workspace: Workspace, env: NodeJS.ProcessEnv): Promise<void> {
  const say = (line: string): void => tell(`• ${line}`);
  await endOrphans(workspace.program, say);
  // What others may be at work on is theirs to put right.
  if (workspace.shared) return;
  await clearLocks(workspace.lockFolder, say);
  const checkpoint = readCheckpoint(workspace.checkpointFile);
  if (!checkpoint) return;
  const pulumi = engine(workspace, env);
  if (checkpoint.pending.length > 0) await resolvePending(checkpoint, pulumi, say);
  await findContainers(workspace, env, checkpoint, say);
  saveState(workspace);
}

/** Makes the state forget everything that it holds; whoever calls this has removed it, or knows that it is gone. */
export async function forgetAll(workspace: Workspace, env: NodeJS.ProcessEnv): Promise<void> {
  const pulumi = engine(workspace, env);
  await pulumi(["stack", "import"], withoutResources(await pulumi(["stack", "export"])));
}

function engine(workspace: Workspace, env: NodeJS.ProcessEnv): Pulumi {
  return async (args, input) => {
    const result = await need(`pulumi ${args.slice(0, 2).join(" ")}`, "pulumi", [...args, "--stack", stackName(), "--non-interactive"], {
      cwd: workspace.program,
      env,
      ...(input === undefined ? {} : { input }),
    });
    return result.stdout;
  };
}

/**
 * An operation that was cut off stays in the state, and the engine warns at every run. What was being changed or deleted is still there and is simply done again;
 * objects in a broker are made again under the same name; a half-made container would be in the way of its successor and is removed. A volume is
 * taken over by name, with what it holds.
 */
async function resolvePending(checkpoint: Checkpoint, pulumi: Pulumi, say: (line: string) => void): Promise<void> {
  const known = new Set(dockerObjects(checkpoint.resources).map(({ urn }) => urn));
  const half = halfMade(checkpoint.pending).filter(({ kind, urn }) => kind !== "volume" && !known.has(urn));
  for (const object of half) {
    if (await remove(object)) say(`removed the half-made ${object.kind} ${object.reference}; it is made again`);
  }
  await pulumi(["stack", "import"], withoutPending(await pulumi(["stack", "export"])));
  say(`an earlier run was cut off in ${checkpoint.pending.length} operations: they are done again now`);
}

/** Containers may have stopped or vanished with their engine, which the state knows nothing of. */
async function findContainers(
  workspace: Workspace,
  env: NodeJS.ProcessEnv,
  checkpoint: Checkpoint,
  say: (line: string) => void,
): Promise<void> {
  const pulumi = engine(workspace, env);
  const objects = dockerObjects(checkpoint.resources);
  if (objects.length === 0) return;
  const states = await Promise.all(objects.map(async (object) => ({ object, state: await stateOf(object) })));
  if (states.every(({ state }) => state === undefined)) {
    await forgetAll(workspace, env);
    say("nothing of the stack is left in Docker: it is made anew");
    return;
  }
  const gone = states.filter(({ state }) => state === undefined).map(({ object }) => object);
  const asleep = states.filter(({ object, state }) => object.kind === "container" && (state === "exited" || state === "created"));
  if (asleep.length > 0) {
    const stuck = await step("The stack's containers", async () => {
      const value = await wake(asleep.map(({ object }) => object));
      return { value, way: value.length === 0 ? "started again" : `${value.length} cannot be started` };
    });
    for (const { object, reason } of stuck) {
      // Its data is in a volume, which stays; the configuration may have changed since, for the very reason that it does not start.
      await remove(object);
      gone.push(object);
      say(`${describe(object)} cannot be started as it is: ${reason}`);
    }
  }
  if (gone.length > 0) {
    // Only these are looked at: a refresh of the objects inside a broker that does not run would fail.
    const targets = gone.flatMap(({ urn }) => ["--target", urn]);
    await pulumi(["refresh", "--yes", "--skip-preview", "--config-file", workspace.configFile, ...targets]);
    say(`not in Docker any more, so made anew by the next update: ${gone.map(describe).join(", ")}`);
  }
}

function describe({ kind, urn }: DockerObject): string {
  return `${kind} ${urn.split("::").at(-1) ?? urn}`;
}
