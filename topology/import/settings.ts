/** Policies that say what a queue or an exchange says itself, as Warren writes them, become words of it; everything else stays a policy. */
import { planQueue } from "../compile/queues.js";
import type { Planned } from "../compile/queues.js";
import { compile } from "../compile/compile.js";
import type { Plan } from "../compile/plan.js";
import { equal } from "../equal.js";
import { policyWords } from "../from-definitions-queues.js";
import type { Exchange, Policy, Queue, SettingsMode, Topology } from "../model.js";
import { policyName } from "../names.js";
import { settingOfPolicyKey, type QueueType } from "../settings.js";
import { isBuiltinExchange } from "./builtin.js";

type Fields = { readonly [field: string]: unknown };

/** The topology's objects, and how each says its settings; none of both: it has none that would differ. */
export interface Said {
  readonly topology: Topology;
  readonly modes: ReadonlyMap<string, SettingsMode>;
}

const typeOf = ({ type }: Queue): QueueType => (type === "super-stream" ? "stream" : type);

const withoutOrigins = ({ queues, policies, exchanges, bindings }: Planned): unknown => ({
  queues: queues.map(({ origin: _, ...queue }) => queue),
  exchanges: exchanges.map(({ origin: _, ...exchange }) => exchange),
  bindings: bindings.map(({ origin: _, ...binding }) => binding),
  policies: policies.map(({ origin: _, generatedFor: __, ...policy }) => policy),
});

/** Whether a queue in one mode comes to what it is in the other, together with the policy that it takes the place of. */
function same(name: string, one: Queue, mode: SettingsMode, before: Queue, policy: Policy | undefined): boolean {
  const planned = planQueue(name, one, mode);
  const raw = planQueue(name, before, "arguments");
  const written: Planned["policies"] = policy
    ? [{ name: policyName("queue", name), ...policy, applyTo: policy.applyTo ?? "all", priority: policy.priority ?? 0, origin: "" }]
    : [];
  return equal(withoutOrigins(planned), withoutOrigins({ ...raw, policies: [...raw.policies, ...written] }));
}

/** Dead letters to an exchange that is not there cannot be said by name: the compiler and the check refuse it. */
export const canName = (exchanges: Topology["exchanges"], exchange: string): boolean =>
  isBuiltinExchange(exchange) || Object.hasOwn(exchanges ?? {}, exchange);

function target({ deadLetterTo: to }: Fields): string | undefined {
  if (typeof to === "string") return to;
  return typeof to === "object" && to !== null && "exchange" in to ? String(to.exchange) : undefined;
}

const namesItsTarget = (topology: Topology, queue: Fields): boolean => {
  const exchange = target(queue);
  return exchange === undefined || canName(topology.exchanges, exchange);
};

/** A queue's words without those that its raw arguments are taken for in the end. */
function withRawDeadLetters(topology: Topology, queue: Queue): Queue {
  if (namesItsTarget(topology, queue as unknown as Fields)) return queue;
  const { deadLetterTo, arguments: given, ...rest } = queue as Queue & { readonly deadLetterTo?: unknown };
  const to = (typeof deadLetterTo === "string" ? { exchange: deadLetterTo } : deadLetterTo) as Fields;
  const raw = {
    "x-dead-letter-exchange": to["exchange"],
    ...(to["routingKey"] === undefined ? {} : { "x-dead-letter-routing-key": to["routingKey"] }),
    ...(to["strategy"] === undefined ? {} : { "x-dead-letter-strategy": to["strategy"] }),
  };
  return { ...rest, arguments: { ...raw, ...given } };
}

/** The queue with the words of the policy that is called after it, if the two come to exactly what is there. */
function foldQueue(
  name: string,
  queue: Queue,
  policy: Policy | undefined,
  topology: Topology,
  queues: ReadonlySet<string>,
): { readonly queue: Queue; readonly mode: SettingsMode | undefined; readonly folded: boolean } {
  const words = policy && policyWords(policy.definition, typeOf(queue), queues);
  if (words && namesItsTarget(topology, words)) {
    // What only a policy can set may stand beside arguments.
    const onlyPolicy = Object.keys(policy.definition).every((key) => settingOfPolicyKey(key)?.argument === undefined);
    const one = { ...queue, ...words };
    for (const mode of onlyPolicy ? (["arguments", "policy"] as const) : (["policy"] as const)) {
      if (!same(name, one, mode, queue, policy)) continue;
      const eitherWay = onlyPolicy && mode === "arguments" && same(name, one, "policy", queue, policy);
      return { queue: one, mode: eitherWay ? undefined : mode, folded: true };
    }
  }
  const plain = withRawDeadLetters(topology, queue);
  return { queue: plain, mode: same(name, plain, "policy", queue, undefined) ? undefined : "arguments", folded: false };
}

interface FoldedExchange {
  readonly exchange: Exchange;
  readonly mode: SettingsMode | undefined;
  readonly folded: boolean;
}

function foldExchange(name: string, exchange: Exchange, policy: Policy | undefined, topology: Topology): FoldedExchange {
  const alternate = exchange.alternateExchange;
  if (alternate !== undefined) {
    if (canName(topology.exchanges, alternate)) return { exchange, mode: "arguments", folded: false };
    const { alternateExchange: _, arguments: given, ...rest } = exchange;
    const raw = { ...rest, arguments: { "alternate-exchange": alternate, ...given } };
    return { exchange: raw, mode: undefined, folded: false };
  }
  const wanted = policy?.definition["alternate-exchange"];
  if (policy && typeof wanted === "string" && canName(topology.exchanges, wanted)) {
    const one = { ...exchange, alternateExchange: wanted };
    const [generated] = compile({ name: "", exchanges: { [name]: one } }).policies;
    const { name: _, origin: __, generatedFor: ___, ...said } = generated as Plan["policies"][number];
    if (equal(said, { ...policy, applyTo: policy.applyTo ?? "all", priority: policy.priority ?? 0 })) {
      return { exchange: one, mode: "policy", folded: true };
    }
  }
  return { exchange, mode: undefined, folded: false };
}

/** Of a topology that was read from definitions: everything in arguments, every policy by hand. Comes to the same objects. */
export function saySettings(topology: Topology): Said {
  const modes = new Map<string, SettingsMode>();
  const folded = new Set<string>();
  const policies = topology.policies ?? {};
  const policyOf = (name: string): Policy | undefined => (Object.hasOwn(policies, name) ? policies[name] : undefined);
  const queueNames = new Set(Object.entries(topology.queues ?? {}).flatMap(([name, { type }]) => (type === "super-stream" ? [] : [name])));
  const queues = Object.entries(topology.queues ?? {}).map(([name, queue]) => {
    const called = policyName("queue", name);
    const result = foldQueue(name, queue, policyOf(called), topology, queueNames);
    if (result.folded) folded.add(called);
    if (result.mode) modes.set(`queues ${name}`, result.mode);
    return [name, result.queue] as const;
  });
  const exchanges = Object.entries(topology.exchanges ?? {}).map(([name, exchange]) => {
    const called = policyName("exchange", name);
    const result = foldExchange(name, exchange, folded.has(called) ? undefined : policyOf(called), topology);
    if (result.folded) folded.add(called);
    if (result.mode) modes.set(`exchanges ${name}`, result.mode);
    return [name, result.exchange] as const;
  });
  return {
    modes,
    topology: {
      ...topology,
      ...(topology.queues ? { queues: Object.fromEntries(queues) } : {}),
      ...(topology.exchanges ? { exchanges: Object.fromEntries(exchanges) } : {}),
      ...(topology.policies ? { policies: Object.fromEntries(Object.entries(policies).filter(([name]) => !folded.has(name))) } : {}),
    },
  };
}

/** `settings` where it says something: of the topology what most objects do, of an object what it does otherwise. */
export function sayModes({ topology, modes }: Said): Topology {
  const { settings: _, ...rest } = topology;
  const there = [...modes].filter(([key]) => {
    const [list, ...name] = key.split(" ");
    return Object.hasOwn(topology[list as "queues" | "exchanges"] ?? {}, name.join(" "));
  });
  const asArguments = there.filter(([, mode]) => mode === "arguments").length;
  const most: SettingsMode = asArguments * 2 > there.length ? "arguments" : "policy";
  const said = <Item extends object>(list: "queues" | "exchanges", items: { readonly [name: string]: Item }): { [name: string]: Item } =>
    Object.fromEntries(
      Object.entries(items).map(([name, item]) => {
        const mode = modes.get(`${list} ${name}`);
        return [name, mode === undefined || mode === most ? item : { ...item, settings: mode }];
      }),
    );
  return {
    ...rest,
    ...(most === "arguments" ? { settings: most } : {}),
    ...(rest.queues ? { queues: said("queues", rest.queues) } : {}),
    ...(rest.exchanges ? { exchanges: said("exchanges", rest.exchanges) } : {}),
  };
}
