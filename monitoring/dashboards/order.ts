/** The queues of a topology in the direction of the flow: from publishers to those who consume last, dead letters at the end. */
import { compile } from "../../topology/compile/compile.js";
import { deadLetterQueues, deadLetterTargets } from "../../topology/compile/dead-letter-queues.js";
import type { Plan, PlannedQueue } from "../../topology/compile/plan.js";
import { forEnvironment } from "../../topology/environments.js";
import type { Service, Topology } from "../../topology/model.js";
import { target } from "../../topology/permissions.js";
import { router } from "../../topology/routing.js";

export interface FlowRow {
  /** A template's name has placeholders. */
  readonly name: string;
  readonly kind: "queue" | "template";
  /** Holds dead letters and nothing else. */
  readonly deadLetters: boolean;
}

/** A super stream stands for its partitions. */
const nameOf = ({ name, role }: PlannedQueue): string => (role.kind === "partition" ? role.of : name);

/** What it consumes: queues, and templates by the names of their queues. */
const inlets = (topology: Topology, { consumes, instances }: Service): string[] => [
  ...(consumes ?? []),
  ...Object.keys(instances ?? {}).flatMap((template) => topology.templates?.[template]?.name ?? []),
];

/** Where messages go in one step: from a service (by `service`) to queues, from a queue (by `queue`) to services and to dead letters. */
function steps(
  topology: Topology,
  plan: Plan,
): { readonly service: ReadonlyMap<string, string[]>; readonly queue: ReadonlyMap<string, string[]> } {
  const routes = router(plan);
  const own = new Map(plan.queues.map((queue) => [queue.name, nameOf(queue)]));
  const reached = (names: readonly string[]): string[] => names.map((name) => own.get(name) ?? name);
  const service = new Map<string, string[]>();
  for (const [name, { publishes }] of Object.entries(topology.services ?? {})) {
    const messages = (publishes ?? []).flatMap((message) => topology.messages?.[message] ?? []);
    const queues = messages.flatMap((message) => {
      const { exchange, key } = target(topology, message);
      return reached(routes.reach(exchange, key, message.headers));
    });
    service.set(name, queues);
  }
  const dying = [...plan.queues.filter(({ role }) => role.kind !== "rung"), ...plan.templates];
  const queue = new Map(dying.map((each) => [own.get(each.name) ?? each.name, reached(deadLetterTargets(plan, routes, each))]));
  return { service, queue };
}

/** Steps from where messages come into being; a queue that no service's message reaches has none. */
function distances(topology: Topology, plan: Plan): ReadonlyMap<string, number> {
  const { service: publishes, queue: dies } = steps(topology, plan);
  const services = Object.entries(topology.services ?? {});
  const far = new Map<string, number>();
  const begun = new Set<string>();
  const spread = (starts: readonly string[]): void => {
    const at = starts.filter((name) => !begun.has(name)).map((name) => ({ name, far: 0 }));
    at.forEach(({ name }) => begun.add(name));
    // A list that grows while it is walked through: what is nearer comes first.
    for (const { name, far: steps } of at) {
      const level = (publishes.get(name) ?? []).filter((queue) => !far.has(queue));
      for (const queue of level) reach(queue, steps + 1);
      for (const queue of level) {
        for (const [next, service] of services) {
          if (begun.has(next) || !inlets(topology, service).includes(queue)) continue;
          begun.add(next);
          at.push({ name: next, far: steps + 1 });
        }
      }
    }
  };
  const reach = (queue: string, steps: number): void => {
    if (far.has(queue)) return;
    far.set(queue, steps);
    for (const dead of dies.get(queue) ?? []) reach(dead, steps + 1);
  };
  // First those who only publish: who consumes too is further down. Then circles, each from its first.
  spread(services.filter(([, service]) => inlets(topology, service).length === 0).map(([name]) => name));
  for (const [name] of services) spread([name]);
  return far;
}

/** Every queue (a super stream is one) and every template, once. */
export function flowOrder(source: Topology, environment?: string): FlowRow[] {
  const topology = forEnvironment(source, environment);
  const plan = compile(topology);
  const far = distances(topology, plan);
  const dead = deadLetterQueues(topology, plan);
  const queues = [...new Set(plan.queues.filter(({ role }) => role.kind !== "rung").map(nameOf))];
  const rows: FlowRow[] = [
    ...queues.map((name) => ({ name, kind: "queue" as const, deadLetters: dead.has(name) })),
    ...plan.templates.map(({ name }) => ({ name, kind: "template" as const, deadLetters: dead.has(name) })),
  ];
  const rank = ({ name }: FlowRow): number => far.get(name) ?? Number.MAX_SAFE_INTEGER;
  // Sorting keeps the topology's order among those of one rank.
  return rows.sort((a, b) => Number(a.deadLetters) - Number(b.deadLetters) || rank(a) - rank(b));
}
