/** The queue that is meant, as the topology has it. */
import { shovelsInto } from "../../migrate/index.js";
import type { InstallationPlan, PlannedPolicy, PlannedQueue, Plan } from "../../topology/compile/plan.js";
import { WarrenError } from "../../topology/errors.js";
import type { Installation } from "../../topology/model.js";
import { vhostName } from "../../topology/names.js";
import { nearest } from "../../topology/nearest.js";
import { matches } from "../../topology/regex.js";
import { visible } from "../output.js";

export interface Found {
  readonly vhost: string;
  readonly plan: Plan;
  readonly queue: PlannedQueue;
  /** For it alone. */
  readonly policies: readonly PlannedPolicy[];
  /** Where its messages wait for another try: of its type. */
  readonly rungs: readonly Pick<Found, "plan" | "queue" | "policies">[];
}

/** A policy that was generated is for one object alone. */
const policiesOf = ({ name }: PlannedQueue, { policies }: Plan): PlannedPolicy[] =>
  policies.filter(({ generatedFor, applyTo, pattern }) => generatedFor !== undefined && applyTo !== "exchanges" && matches(pattern, name));

/** Throws a WarrenError (exit code 2) if there is none, or several, or it is a stream. */
export function findPlanned(plan: InstallationPlan, name: string, vhost: string | undefined): Found {
  const all = plan.vhosts
    .filter((each) => vhost === undefined || each.vhost.name === vhost)
    .flatMap((each) =>
      each.queues.map((queue): Found => {
        const rungs = each.queues.filter(({ role }) => role.kind === "rung" && role.of === queue.name);
        const withPolicies = (one: PlannedQueue) => ({ plan: each, queue: one, policies: policiesOf(one, each) });
        return { vhost: each.vhost.name, ...withPolicies(queue), rungs: rungs.map(withPolicies) };
      }),
    );
  const [found, second] = all.filter(({ queue }) => queue.name === name);
  if (found && !second) {
    if (found.queue.type !== "stream") return found;
    throw new WarrenError(`"${visible(name)}" is a stream in the topology: messages are read out of a stream, not taken.`, {
      remedy: "declare it under another name beside the old queue, let consumers empty that one, then leave it out",
      exitCode: 2,
    });
  }
  if (found) throw new WarrenError(`Several vhosts have a queue "${visible(name)}".`, { remedy: "name one: --vhost NAME", exitCode: 2 });
  const names = all.map(({ queue }) => queue.name);
  const near = nearest(name, names);
  throw new WarrenError(`The topology has no queue "${visible(name)}".`, {
    ...(near === undefined ? { allowed: names } : { remedy: `did you mean "${near}"?` }),
    exitCode: 2,
  });
}

/** What by the topology reaches the queue past all exchanges: no binding can lead it elsewhere. */
export function direct({ topologies }: Installation, plan: InstallationPlan, { vhost, queue }: Found): string[] {
  const messages = topologies
    .filter((topology) => vhostName(topology) === vhost)
    .flatMap(({ messages: all }) => Object.entries(all ?? {}))
    .filter(([, { to }]) => typeof to === "object" && "queue" in to && to.queue === queue.name)
    .map(([name]) => `message ${JSON.stringify(name)}`);
  const parameters = plan.vhosts.flatMap((of) => of.parameters.map((parameter) => ({ ...parameter, vhost: of.vhost.name })));
  return [...messages, ...shovelsInto({ vhost, name: queue.name }, parameters)];
}

export function refuseDirect(ways: readonly string[], queue: string): void {
  if (ways.length === 0) return;
  throw new WarrenError(
    `Messages go to "${visible(queue)}" past all exchanges: ${visible(ways.join(", "))}. Those that come when it is made again would be lost.`,
    {
      remedy: "stop who publishes them, and say so: --publishers-stopped; or publish them to an exchange first",
      exitCode: 1,
    },
  );
}
