/** Ladders: exchange, rungs and policies that are exactly what `retry` comes to become that word; others are told as what they are. */
import { compile } from "../compile/compile.js";
import { deadLetterTargets } from "../compile/dead-letter-queues.js";
import type { Plan, PlannedQueue } from "../compile/plan.js";
import { planQueue } from "../compile/queues.js";
import { duration } from "../durations.js";
import { equal } from "../equal.js";
import type { Queue, Topology } from "../model.js";
import { policyName, retryExchange, retryQueue } from "../names.js";
import { effectiveSettings } from "../policies.js";
import { router } from "../routing.js";
import type { Said } from "./settings.js";

type Named = { readonly name: string };
const byName = <Item extends Named>(items: readonly Item[]): ReadonlyMap<string, Item> => new Map(items.map((item) => [item.name, item]));

function without<Item>(items: { readonly [name: string]: Item } | undefined, names: ReadonlySet<string>): { [name: string]: Item } {
  return Object.fromEntries(Object.entries(items ?? {}).filter(([name]) => !names.has(name)));
}

/** Places that name an exchange: where it feeds something, or gets dead letters or what is unroutable. */
function usesOf(plan: Plan): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const add = (name: unknown): void => void (typeof name === "string" && uses.set(name, (uses.get(name) ?? 0) + 1));
  for (const { source, destination, destinationType } of plan.bindings) {
    add(source);
    if (destinationType === "exchange") add(destination);
  }
  for (const queue of plan.queues) add(effectiveSettings(plan, queue).get("dead-letter-exchange")?.value);
  for (const { arguments: given } of plan.exchanges) add(given["alternate-exchange"]);
  for (const { definition } of plan.policies) {
    add(definition["alternate-exchange"]);
  }
  return uses;
}

/** How many names lead into a queue by bindings. */
function feedsOf(plan: Plan): ReadonlyMap<string, number> {
  const feeds = new Map<string, number>();
  for (const { destination, destinationType } of plan.bindings)
    if (destinationType === "queue") feeds.set(destination, (feeds.get(destination) ?? 0) + 1);
  return feeds;
}

/** Queues that get the dead letters of one by name. */
function deadLetteredTo(plan: Plan): ReadonlySet<unknown> {
  const targets = plan.queues.map((queue) => {
    const settings = effectiveSettings(plan, queue);
    return settings.get("dead-letter-exchange")?.value === "" ? settings.get("dead-letter-routing-key")?.value : undefined;
  });
  return new Set(targets);
}

/** Puts `retry` in the place of ladders. Comes to the same objects. */
export function sayLadders({ topology, modes }: Said): Said {
  const plan = compile({ ...sayable({ topology, modes }), name: topology.name });
  const [queues, exchanges, policies] = [byName(plan.queues), byName(plan.exchanges), byName(plan.policies)];
  const [uses, feeds] = [usesOf(plan), feedsOf(plan)];
  const deadInto = deadLetteredTo(plan);
  const gone = { queues: new Set<string>(), exchanges: new Set<string>(), policies: new Set<string>() };
  const changed = new Map<string, Queue>();

  /** The waiting times, if everything is there and leads nowhere else. */
  const waits = (name: string): number[] | undefined => {
    const times: number[] = [];
    for (let rung = 1; ; rung += 1) {
      const queue = retryQueue(name, rung);
      const ttl = policies.get(policyName("queue", queue))?.definition["message-ttl"];
      if (!queues.has(queue) || typeof ttl !== "number" || feeds.get(queue) !== 1 || deadInto.has(queue)) break;
      times.push(ttl);
    }
    return times.length > 0 && uses.get(retryExchange(name)) === times.length ? times : undefined;
  };

  for (const [name, queue] of Object.entries(topology.queues ?? {})) {
    if ((queue.type !== "classic" && queue.type !== "quorum") || !exchanges.has(retryExchange(name))) continue;
    const times = waits(name);
    if (!times) continue;
    const one: Queue = { ...queue, retry: times.map(duration) };
    const planned = planQueue(name, one, modes.get(`queues ${name}`) ?? "policy");
    const there = [
      ...planned.queues.map((each) => equal(bare(each), bare(queues.get(each.name)))),
      ...planned.exchanges.map((each) => equal(bare(each), bare(exchanges.get(each.name)))),
      ...planned.policies.map((each) => equal(bare(each), bare(policies.get(each.name)))),
      ...planned.bindings.map((each) => plan.bindings.some((other) => equal(bare(each), bare(other)))),
    ];
    if (there.includes(false)) continue;
    changed.set(name, one);
    gone.exchanges.add(retryExchange(name));
    times.forEach((_, index) => {
      gone.queues.add(retryQueue(name, index + 1));
      gone.policies.add(policyName("queue", retryQueue(name, index + 1)));
    });
  }
  if (changed.size === 0) return { topology, modes };
  const kept = without(topology.queues, gone.queues);
  return {
    modes,
    topology: {
      ...topology,
      queues: Object.fromEntries(Object.entries(kept).map(([name, queue]) => [name, changed.get(name) ?? queue])),
      exchanges: without(topology.exchanges, gone.exchanges),
      policies: without(topology.policies, gone.policies),
    },
  };
}

/** Each object in the mode that was found for it. */
function sayable({ topology, modes }: Said): Topology {
  const inMode = <Item extends object>(list: string, items: { readonly [name: string]: Item } | undefined): { [name: string]: Item } =>
    Object.fromEntries(
      Object.entries(items ?? {}).map(([name, item]) => [name, { ...item, settings: modes.get(`${list} ${name}`) ?? "policy" }]),
    );
  return { ...topology, queues: inMode("queues", topology.queues), exchanges: inMode("exchanges", topology.exchanges) };
}

function bare(object: object | undefined): unknown {
  if (!object) return undefined;
  const { origin: _, role: __, generatedFor: ___, ...rest } = object as Partial<PlannedQueue> & { readonly generatedFor?: string };
  return rest;
}

/** A queue in which messages wait before they go to another queue. */
export interface Wait {
  readonly queue: string;
  readonly milliseconds: number;
  readonly to: string;
}

/** Names that people give to such queues. */
const NAME = /retry|wait|delay|backoff|defer|[._-]\d+(ms|s|m|min|h)$/i;

/**
 * Rungs in names of somebody's own: queues that hold each message for a time and then give it to one other queue, from which dead letters come
 * back, or that are called so.
 */
export function waitsOf(topology: Topology): Wait[] {
  const plan = compile(topology);
  const routes = router(plan);
  const targets = new Map(plan.queues.map((queue) => [queue.name, deadLetterTargets(plan, routes, queue)]));
  return plan.queues.flatMap(({ name, role, ...queue }) => {
    const ttl = effectiveSettings(plan, { name, ...queue }).get("message-ttl")?.value;
    const [to, ...others] = targets.get(name) ?? [];
    if (role.kind !== "queue" || typeof ttl !== "number" || to === undefined || others.length > 0 || to === name) return [];
    return targets.get(to)?.includes(name) || NAME.test(name) ? [{ queue: name, milliseconds: ttl, to }] : [];
  });
}
