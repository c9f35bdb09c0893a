/** What there is to watch in one vhost, by its topology: dead-letter queues and what may arrive there, and who has to consume. Pure. */
import { facts } from "../monitoring/facts.js";
import { compile } from "../topology/compile/compile.js";
import { deadLetterQueues, deadLetterTargets } from "../topology/compile/dead-letter-queues.js";
import type { Plan, PlannedQueue, PlannedTemplate } from "../topology/compile/plan.js";
import { forEnvironment } from "../topology/environments.js";
import type { Installation, Topology } from "../topology/model.js";
import { effectiveSettings } from "../topology/policies.js";
import { BUILTIN, router } from "../topology/routing.js";
import type { Letter } from "../workers/dead-letters/index.js";
import { labels, OTHER, oneOf, type Labels } from "../workers/observe/labels.js";
import { copyable, type Binding } from "../workers/tail/index.js";

/** The broker's words for why a message died, then the worker's. */
export const REASONS = ["rejected", "expired", "maxlen", "delivery_limit", "exhausted", "malformed", "invalid", "parked"] as const;
const BY_WORKER: readonly string[] = ["exhausted", "malformed", "invalid", "parked"];

/** A dead-letter queue, of whose arrivals a copy is taken. */
export interface Watched {
  readonly queue: string;
  readonly bindings: readonly Binding[];
}

export interface Death {
  readonly queue: string;
  readonly source: string;
  readonly reason: string;
}

export interface Expectation {
  readonly queue: string;
  readonly service: string;
  readonly users: readonly string[];
}

export interface Subject {
  readonly vhost: string;
  readonly watched: readonly Watched[];
  /** What the topology lets happen: these counters begin at 0, for a rate needs two values. */
  readonly deaths: readonly Death[];
  readonly expected: readonly Expectation[];
  readonly labels: Labels;
  /** Queues whose head's age is that of its timestamp. */
  readonly stamped: ReadonlySet<string>;
  /** Queues of dead letters that expire, whose first letter is looked at. */
  readonly lettered: readonly string[];
  /** What will not be seen: a sentence each. */
  readonly notes: readonly string[];
}

/** Where a message died, in words of the topology: labels have to have few values. */
export const deathOf = ({ labels: names }: Pick<Subject, "labels">, queue: string, letter: Pick<Letter, "from" | "reason">): Death => ({
  queue,
  source: letter.from === undefined ? OTHER : names.queue(letter.from),
  reason: letter.reason === undefined ? OTHER : oneOf(REASONS, letter.reason),
});

export const subjects = (installation: Installation, environment?: string): Subject[] =>
  installation.topologies.map((topology) => subject(forEnvironment(topology, environment)));

const blindNote = (queue: string): string =>
  `How old the dead letters of "${queue}" are is not told: a look that is cut off would count for its delivery limit, and a single active consumer allows none. Give it deliveryLimit: -1, without singleActiveConsumer.`;

function subject(topology: Topology): Subject {
  const plan = compile(topology);
  const names = labels(topology);
  const dead = deadLetterQueues(topology, plan);
  const { watched, notes } = copies(plan, dead);
  const { queues, promises } = facts({ topologies: [topology] });
  const lettered = queues.filter(({ headAge }) => headAge === "letter").map(({ name }) => name);
  const blind = queues.filter(
    ({ role, type, ttlSeconds, headAge, pattern }) =>
      role === "dead-letter" && type === "quorum" && ttlSeconds !== undefined && headAge === undefined && pattern === undefined,
  );
  const seen = new Set(watched.map(({ queue }) => queue));
  return {
    vhost: plan.vhost.name,
    watched,
    deaths: possibleDeaths(topology, plan, names).filter(({ queue }) => seen.has(queue)),
    // What the alerts hold against it is what the rules call a promise.
    expected: promises.map(({ queue, service, users }) => ({ queue, service, users })),
    labels: names,
    stamped: new Set(queues.filter(({ headAge }) => headAge === "timestamp").map(({ name }) => name)),
    lettered,
    notes: [...notes, ...blind.map(({ name }) => blindNote(name))],
  };
}

function copies(plan: Plan, dead: ReadonlySet<string>): Pick<Subject, "watched" | "notes"> {
  const types = new Map<string, string>([...BUILTIN, ...plan.exchanges].map(({ name, type }) => [name, type]));
  const notes: string[] = [];
  const watched = plan.queues.flatMap(({ name }) => {
    if (!dead.has(name)) return [];
    const bindings = plan.bindings
      .filter(({ destination, destinationType }) => destinationType === "queue" && destination === name)
      .map(({ source, routingKey, arguments: args }) => ({ exchange: source, key: routingKey, arguments: args }));
    const plain = copyable(bindings, (exchange) => types.get(exchange));
    notes.push(...plain.notes.map((note) => `Dead letters of "${name}": ${note}`));
    if (plain.bindings.length > 0) return [{ queue: name, bindings: plain.bindings }];
    notes.push(
      `Dead letters of "${name}" are not counted: they come through the default exchange, of which there is no copy. Give them an exchange of their own.`,
    );
    return [];
  });
  return { watched, notes };
}

/** What an object may die of, by its settings and by who consumes it. */
function reasons(plan: Plan, queue: PlannedQueue | PlannedTemplate, handled: boolean): string[] {
  const settings = effectiveSettings(plan, queue);
  const has = (...keys: readonly string[]): boolean => keys.some((key) => settings.get(key)?.value !== undefined);
  const broker: Readonly<Record<string, boolean>> = {
    rejected: true,
    expired: has("message-ttl"),
    maxlen: has("max-length", "max-length-bytes"),
    delivery_limit: queue.type === "quorum" && settings.get("delivery-limit")?.value !== -1,
  };
  return REASONS.filter((reason) => (BY_WORKER.includes(reason) ? handled : broker[reason]));
}

function possibleDeaths(topology: Topology, plan: Plan, names: Labels): Death[] {
  const routes = router(plan);
  const services = Object.values(topology.services ?? {});
  const consumed = new Set(services.flatMap(({ consumes, instances }) => [...(consumes ?? []), ...Object.keys(instances ?? {})]));
  const sources = [
    ...plan.queues.filter(({ role }) => role.kind !== "rung").map((queue) => ({ queue, source: names.queue(queue.name) })),
    ...plan.templates.map((queue) => ({ queue, source: queue.template })),
  ];
  const all = sources.flatMap(({ queue, source }) =>
    deadLetterTargets(plan, routes, queue).flatMap((target) =>
      reasons(plan, queue, consumed.has(source)).map((reason) => ({ queue: target, source, reason })),
    ),
  );
  // Partitions of a super stream have one name.
  return [...new Map(all.map((death) => [JSON.stringify(Object.values(death)), death])).values()];
}
