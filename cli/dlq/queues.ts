/** Which queues hold dead letters: those that are named, or those of a topology. */
import { readEndpoint } from "../../broker/address.js";
import { compileInstallation } from "../../topology/compile/compile.js";
import { deadLetterQueues } from "../../topology/compile/dead-letter-queues.js";
import { WarrenError } from "../../topology/errors.js";
import type { Installation } from "../../topology/model.js";
import { retryQueue } from "../../topology/names.js";
import type { AmqpTarget, TargetOptions } from "../amqp-target.js";
import { findQueue } from "../amqp-target.js";
import { readInput, wholeOf } from "../input.js";
import { visible, type Console } from "../output.js";

export interface DeadLetterQueue {
  readonly vhost: string;
  readonly name: string;
  /** `undefined`: the topology has it, the broker does not. */
  readonly type: string | undefined;
}

/** A broker's own definitions stand in where no topology is named: it knows no messages, so every queue counts that dead letters reach. */
async function installationOf(topology: string | undefined, given: TargetOptions, console: Console): Promise<[Installation, boolean]> {
  const url = given.broker ?? console.environment["WARREN_BROKER_URL"];
  const named = topology ?? (url ? undefined : readEndpoint(console.cwd)?.system);
  // The findings of a topology are for `warren check`.
  const quiet = { ...console, error: () => undefined };
  const input = await readInput(named, named === undefined ? url : undefined, console);
  return [wholeOf(input, quiet), input.exported];
}

/** Of a broker's own definitions: the rungs of a queue's ladder dead-letter back into it. */
const hasLadder = (queue: string, all: readonly { readonly name: string }[]): boolean =>
  all.some(({ name }) => name === retryQueue(queue, 1));

export async function queuesOf(
  target: AmqpTarget,
  topology: string | undefined,
  given: TargetOptions & { readonly queue?: readonly string[] },
  console: Console,
): Promise<DeadLetterQueue[]> {
  if (given.queue !== undefined) {
    if (topology !== undefined)
      throw new WarrenError(`Both a topology ("${visible(topology)}") and --queue are given; there can be one.`, {
        remedy: "leave one of them out",
        exitCode: 2,
      });
    return Promise.all(
      given.queue.map(async (name) => {
        const { vhost, type } = await findQueue(target, name);
        return { vhost, name, type };
      }),
    );
  }
  const [installation, exported] = await installationOf(topology, given, console);
  const plans = compileInstallation(installation).vhosts;
  const live = await target.management.placements();
  return plans
    .filter(({ vhost }) => target.vhost === undefined || vhost.name === target.vhost)
    .flatMap((plan) => {
      const of = installation.topologies.find(({ name }) => name === plan.topology);
      const dead = of ? deadLetterQueues(of, plan) : new Set<string>();
      return plan.queues
        .filter(({ name }) => dead.has(name) && !(exported && hasLadder(name, plan.queues)))
        .map(({ name }) => {
          const vhost = plan.vhost.name;
          return { vhost, name, type: live.find((queue) => queue.name === name && queue.vhost === vhost)?.type };
        });
    });
}
