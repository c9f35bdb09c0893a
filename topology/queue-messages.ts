/** Which messages of a topology come to which of its queues, as they are published or as dead letters. */
import { deadLetterTargets } from "./compile/dead-letter-queues.js";
import type { Plan } from "./compile/plan.js";
import type { Topology } from "./model.js";
import { target } from "./permissions.js";
import { router } from "./routing.js";

export interface QueueMessages {
  /** Names of messages that are published to where they reach it, in the order of the topology. */
  readonly published: readonly string[];
  /** Names of those that come as dead letters of other queues, and not otherwise. */
  readonly deadLetters: readonly string[];
}

/** By name of a queue, or by a template's name with its placeholders. Rungs of ladders and queues that nothing declared reaches are left out. */
export function queueMessages(topology: Topology, plan: Plan): ReadonlyMap<string, QueueMessages> {
  const routes = router(plan);
  const names = Object.keys(topology.messages ?? {});
  const published = new Map<string, Set<string>>();
  for (const [name, message] of Object.entries(topology.messages ?? {})) {
    const { exchange, key } = target(topology, message);
    for (const queue of routes.reach(exchange, key, message.headers)) published.set(queue, (published.get(queue) ?? new Set()).add(name));
  }
  const all = new Map([...published].map(([queue, messages]) => [queue, new Set(messages)]));
  const lettered = [...plan.queues.filter(({ role }) => role.kind !== "rung"), ...plan.templates].map((queue) => ({
    name: queue.name,
    targets: deadLetterTargets(plan, routes, queue),
  }));
  // Dead letters of dead letters: until nothing comes to it.
  for (let grows = true; grows;) {
    grows = false;
    for (const { name, targets } of lettered)
      for (const message of all.get(name) ?? [])
        for (const queue of targets) {
          const known = all.get(queue) ?? new Set();
          if (known.has(message)) continue;
          all.set(queue, known.add(message));
          grows = true;
        }
  }
  const ordered = (set: ReadonlySet<string>): string[] => names.filter((name) => set.has(name));
  return new Map(
    [...all].map(([queue, messages]) => {
      const direct = published.get(queue) ?? new Set<string>();
      return [queue, { published: ordered(direct), deadLetters: ordered(messages).filter((name) => !direct.has(name)) }];
    }),
  );
}
