/** One side of a comparison: a topology with its plan, prepared for questions. */
import type { InstallationPlan, Plan, PlannedPermission, PlannedTopicPermission, PlannedUser } from "../compile/plan.js";
import { Follower } from "../explain/dead-letters.js";
import type { Topology } from "../model.js";
import { retryExchange, retryQueue } from "../names.js";
import { target } from "../permissions.js";
import { effectiveSettings, type EffectiveSettings } from "../policies.js";
import type { MessageHeaders, Route } from "../routing.js";
import type { Reached } from "./change.js";
import type { Declared } from "./classes.js";
import { Exchanges } from "./reachable.js";

/** Queues of instances by their templates: which of the instances gets a message depends on the key. */
export function reachedBy({ queues, certain, instances, mayBeUnroutable }: Route): Reached {
  const templates = [...new Set(instances.map(({ template }) => template))];
  return { queues: [...queues].sort(), certain: [...certain].sort(), templates: templates.sort(), mayBeLost: mayBeUnroutable };
}

export class Side {
  readonly follower: Follower;
  readonly exchanges: Exchanges;
  readonly declared: readonly Declared[];
  readonly queues;
  readonly templates;
  readonly planned;
  /** By user: the rights in this vhost. */
  readonly permissions: ReadonlyMap<string, PlannedPermission>;
  readonly topicPermissions: readonly PlannedTopicPermission[];
  private readonly settled = new Map<string, EffectiveSettings>();

  constructor(
    /** As the environment has it. */
    readonly topology: Topology,
    readonly plan: Plan,
    { global }: InstallationPlan,
  ) {
    this.follower = new Follower(plan);
    this.exchanges = new Exchanges(plan);
    this.declared = Object.entries(topology.messages ?? {}).map(([name, message]) => ({
      name,
      ...target(topology, message),
      headers: message.headers ?? {},
    }));
    this.queues = new Map(plan.queues.map((queue) => [queue.name, queue]));
    this.templates = new Map(plan.templates.map((template) => [template.template, template]));
    this.planned = new Map(plan.exchanges.map((exchange) => [exchange.name, exchange]));
    const here = <T extends { readonly vhost: string }>({ vhost }: T): boolean => vhost === plan.vhost.name;
    this.permissions = new Map([...global.permissions.filter(here), ...plan.permissions].map((one) => [one.user, one]));
    this.topicPermissions = [...global.topicPermissions.filter(here), ...plan.topicPermissions];
  }

  get vhost(): string {
    return this.plan.vhost.name;
  }

  users(global: InstallationPlan["global"]): ReadonlyMap<string, PlannedUser> {
    return new Map([...global.users, ...this.plan.users].map((user) => [user.name, user]));
  }

  settings(queue: Parameters<typeof effectiveSettings>[1]): EffectiveSettings {
    const known = this.settled.get(queue.name) ?? effectiveSettings(this.plan, queue);
    this.settled.set(queue.name, known);
    return known;
  }

  /** How many rungs a queue's ladder has; definitions do not say which queues are rungs, so names do. */
  rungs(queue: string): number {
    if (!this.planned.has(retryExchange(queue))) return 0;
    let count = 0;
    while (this.queues.has(retryQueue(queue, count + 1))) count += 1;
    return count;
  }

  reached(exchange: string, key: string, headers: MessageHeaders, publisher: "client" | "broker"): Reached {
    return reachedBy(this.follower.route(exchange, [key], headers, publisher));
  }
}
