/** The Docker objects of the stack: which are gone, which only sleep, and how what is left of them is removed. */
import { setTimeout as sleep } from "node:timers/promises";
import { WarrenError } from "../topology/errors.js";
import { type PendingOperation, type StateResource } from "./checkpoint.js";
import { need, run } from "./command.js";
import { stackName } from "./workspace.js";

export type Kind = "container" | "network" | "volume";

export interface DockerObject {
  readonly kind: Kind;
  /** What Docker knows it by: the id in the state, or the name of one that was being made. */
  readonly reference: string;
  readonly urn: string;
}

const kinds: Readonly<Record<string, Kind>> = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
  "docker:index/volume:Volume": "volume",
};

/** Everything that the stack makes in Docker carries this label. */
const stackLabel = (): string => `warren.stack=${stackName()}`;
const HEALTHY_SECONDS = 90;

/** The Docker objects among the resources of a state, in its order. */
export function dockerObjects(resources: readonly StateResource[]): DockerObject[] {
  return resources.flatMap(({ type, id, urn }) => {
    const kind = kinds[type];
    return kind && id ? [{ kind, reference: id, urn }] : [];
  });
}

/** The Docker objects that were being made when the engine was killed, by the names that they were to have. */
export function halfMade(pending: readonly PendingOperation[]): DockerObject[] {
  return pending.flatMap(({ type, resource }) => {
    const kind = kinds[resource.type];
    const name = resource.inputs?.["name"];
    return type === "creating" && kind && typeof name === "string" ? [{ kind, reference: name, urn: resource.urn }] : [];
  });
}

/** `running`, `exited`, ... of a container, "present" for another object, undefined for what Docker does not have. */
export async function stateOf({ kind, reference }: DockerObject): Promise<string | undefined> {
  const format = kind === "container" ? "{{.State.Status}}" : "present";
  const answer = await run("docker", [kind, "inspect", "--format", format, reference]);
  if (answer.code === 0) return answer.stdout.trim();
  if (/no such|not found/i.test(answer.stderr)) return undefined;
  throw new WarrenError(`Docker does not say whether ${kind} ${reference} is there: ${answer.stderr.trim()}`);
}

/** Removes an object. True if it was there. A volume that was only being made is never passed here: it may hold messages of an earlier time. */
export async function remove(object: DockerObject): Promise<boolean> {
  if ((await stateOf(object)) === undefined) return false;
  const force = object.kind === "container" ? ["--force", "--volumes"] : [];
  await need(`Removing ${object.kind} ${object.reference}`, "docker", [object.kind, "rm", ...force, object.reference]);
  return true;
}

/**
 * Starts containers that stopped with the Docker engine, and waits until those with a health check are healthy.
 * Gives those that Docker cannot start any more (another program has their port by now), with its reason.
 */
export async function wake(containers: readonly DockerObject[]): Promise<{ object: DockerObject; reason: string }[]> {
  const stuck: { object: DockerObject; reason: string }[] = [];
  for (const object of containers) {
    const answer = await run("docker", ["start", object.reference]);
    if (answer.code !== 0) stuck.push({ object, reason: answer.stderr.trim().split("\n")[0] ?? "" });
  }
  const limit = Date.now() + HEALTHY_SECONDS * 1000;
  for (const { reference } of containers.filter((container) => !stuck.some(({ object }) => object === container))) {
    for (;;) {
      const answer = await run("docker", [
        "container",
        "inspect",
        "--format",
        "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}",
        reference,
      ]);
      if (["healthy", "none"].includes(answer.stdout.trim())) break;
      if (Date.now() > limit) {
        const log = await run("docker", ["logs", "--tail", "10", reference]);
        throw new WarrenError(
          `Container ${reference.slice(0, 12)} was started again and is not healthy after ${HEALTHY_SECONDS} seconds:\n${log.stdout}${log.stderr}`,
          {
            remedy: "read its log (`docker logs`); `npm run down -- --discard` removes the stack with its data",
          },
        );
      }
      await sleep(500);
    }
  }
  return stuck;
}

/** Removes every object with the stack's label, its data too. Gives what was removed, for a line about it. */
export async function removeLabelled(): Promise<string[]> {
  const removed: string[] = [];
  const filter = ["--filter", `label=${stackLabel()}`];
  const lists: readonly [Kind, readonly string[]][] = [
    ["container", ["ps", "--all", ...filter, "--format", "{{.Names}}"]],
    ["network", ["network", "ls", ...filter, "--format", "{{.Name}}"]],
    ["volume", ["volume", "ls", ...filter, "--format", "{{.Name}}"]],
  ];
  for (const [kind, args] of lists) {
    const answer = await need(`Listing the stack's ${kind}s`, "docker", args);
    for (const name of answer.stdout.split("\n").filter((line) => line !== "")) {
      if (await remove({ kind, reference: name, urn: "" })) removed.push(`${kind} ${name}`);
    }
  }
  return removed;
}
