/** Before a run: puts right what an interrupted run or a vanished Docker engine left, so that the run itself needs no hand work. */
import { type Checkpoint, readCheckpoint, withoutPending, withoutResources } from "./checkpoint.js";
import { need } from "./command.js";
import { type DockerObject, dockerObjects, halfMade, remove, stateOf, wake } from "./containers.js";
import { clearLocks, endOrphans } from "./locks.js";
import { print, step } from "./steps.js";
import { type Workspace, stackName } from "./workspace.js";

/** Runs `pulumi` with the stack and gives its stdout. */
type Pulumi = (args: readonly string[], input?: string) => Promise<string>;

export async function recover(workspace: Workspace, env: NodeJS.ProcessEnv): Promise<void> {
  const say = (line: string): void => print(`• ${line}`);
  await clearLocks(workspace.lockFolder, say);
  await endOrphans(workspace.program, say);
  const checkpoint = readCheckpoint(workspace.checkpointFile);
  if (!checkpoint) return;
  const pulumi: Pulumi = async (args, input) => {
    const result = await need(`pulumi ${args.slice(0, 2).join(" ")}`, "pulumi", [...args, "--stack", stackName, "--non-interactive"], {
      cwd: workspace.program,
      env,
      ...(input === undefined ? {} : { input }),
    });
    return result.stdout;
  };
  if (checkpoint.pending.length > 0) await resolvePending(checkpoint, pulumi, say);
  await findContainers(workspace, checkpoint, pulumi, say);
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
async function findContainers(workspace: Workspace, checkpoint: Checkpoint, pulumi: Pulumi, say: (line: string) => void): Promise<void> {
  const objects = dockerObjects(checkpoint.resources);
  if (objects.length === 0) return;
  const states = await Promise.all(objects.map(async (object) => ({ object, state: await stateOf(object) })));
  if (states.every(({ state }) => state === undefined)) {
    await pulumi(["stack", "import"], withoutResources(await pulumi(["stack", "export"])));
    say("nothing of the stack is left in Docker: it is made anew");
    return;
  }
  const gone = states.filter(({ state }) => state === undefined).map(({ object }) => object);
  if (gone.length > 0) {
    // Only these are looked at: a refresh of the objects inside a broker that does not run would fail.
    const targets = gone.flatMap(({ urn }) => ["--target", urn]);
    await pulumi(["refresh", "--yes", "--skip-preview", "--config-file", workspace.configFile, ...targets]);
    say(`${gone.map(describe).join(", ")} had vanished: made anew`);
  }
  const asleep = states
    .filter(({ object, state }) => object.kind === "container" && (state === "exited" || state === "created"))
    .map(({ object }) => object);
  if (asleep.length > 0) {
    await step("The stack's containers", async () => {
      await wake(asleep);
      return { value: undefined, way: "started again" };
    });
  }
}

function describe({ kind, urn }: DockerObject): string {
  return `${kind} ${urn.split("::").at(-1) ?? urn}`;
}
