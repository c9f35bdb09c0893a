/** Which queues hold dead letters and nothing else. */
import type { Topology } from "../model.js";
import { target } from "../permissions.js";
import { effectiveSettings } from "../policies.js";
import { router, type Router } from "../routing.js";
import type { Plan, PlannedQueue, PlannedTemplate } from "./plan.js";

/** Queues that any key brings something to from this exchange, through other exchanges too. */
function queuesBelow(plan: Plan, exchange: string): string[] {
  const exchanges = new Set([exchange]);
  const queues = new Set<string>();
  // A set that grows while it is walked through: each exchange is visited once.
  for (const source of exchanges) {
    for (const binding of plan.bindings) {
      if (binding.source === source) (binding.destinationType === "queue" ? queues : exchanges).add(binding.destination);
    }
  }
  return [...queues];
}

/** Names of the queues that dead letters of this queue may reach. */
export function deadLetterTargets(plan: Plan, routes: Router, queue: PlannedQueue | PlannedTemplate): readonly string[] {
  const settings = effectiveSettings(plan, queue);
  const exchange = settings.get("dead-letter-exchange")?.value;
  const key = settings.get("dead-letter-routing-key")?.value;
  if (typeof exchange !== "string") return [];
  return typeof key === "string" ? routes.reach(exchange, key) : queuesBelow(plan, exchange);
}

/**
 * Names of the queues that dead letters reach and that no message of the topology does. A dead letter that keeps its own key may reach whatever
 * is bound to its exchange.
 */
export function deadLetterQueues(topology: Topology, plan: Plan): ReadonlySet<string> {
  const routes = router(plan);
  const dead = new Set<string>();
  for (const queue of [...plan.queues.filter(({ role }) => role.kind !== "rung"), ...plan.templates]) {
    deadLetterTargets(plan, routes, queue).forEach((name) => dead.add(name));
  }
  for (const message of Object.values(topology.messages ?? {})) {
    const { exchange, key } = target(topology, message);
    routes.reach(exchange, key, message.headers).forEach((name) => dead.delete(name));
  }
  return dead;
}
