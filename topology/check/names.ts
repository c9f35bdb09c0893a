/** Rules about names: those that are not declared, that the broker does not take, that collide. */
import type { Keys, Service } from "../model.js";
import { path } from "../path.js";
import { BUILTIN_EXCHANGES, type Facts } from "./facts.js";
import { quote, type Fault, type Rule } from "./rule.js";
import { suggest } from "./suggest.js";

type Kind = "exchange" | "queue" | "queue or exchange" | "template" | "message" | "service" | "federation upstream";

/** A place where a name is used. */
interface Use {
  /** Worked out only for what is not there. */
  readonly path: () => string;
  readonly name: unknown;
  readonly kind: Kind;
}

function* sourceUses(origin: string, from: { readonly [exchange: string]: Keys | undefined } | undefined): Iterable<Use> {
  for (const name of Object.keys(from ?? {})) yield { path: () => `${origin}.${path("from", name)}`, name, kind: "exchange" };
}

/** Names given in raw arguments or in policies. */
function* rawUses(origin: string, field: string, given: { readonly [key: string]: unknown } | undefined): Iterable<Use> {
  for (const key of ["x-dead-letter-exchange", "dead-letter-exchange", "alternate-exchange"])
    if (given && Object.hasOwn(given, key)) yield { path: () => `${origin}.${path(field, key)}`, name: given[key], kind: "exchange" };
  const upstream = "federation-upstream";
  if (given && Object.hasOwn(given, upstream))
    yield { path: () => `${origin}.${path(field, upstream)}`, name: given[upstream], kind: "federation upstream" };
}

function* queueUses(facts: Facts): Iterable<Use> {
  for (const [origin, queue] of facts.definitions) {
    yield* sourceUses(origin, queue.from);
    yield* rawUses(origin, "arguments", queue.arguments);
    const to = "deadLetterTo" in queue ? queue.deadLetterTo : undefined;
    if (typeof to === "string") yield { path: () => `${origin}.deadLetterTo`, name: to, kind: "exchange" };
    else if (to && "queue" in to) yield { path: () => `${origin}.deadLetterTo.queue`, name: to.queue, kind: "queue" };
    else if (to) yield { path: () => `${origin}.deadLetterTo.exchange`, name: to.exchange, kind: "exchange" };
  }
}

function* exchangeUses({ topology }: Facts): Iterable<Use> {
  for (const [name, exchange] of Object.entries(topology.exchanges ?? {})) {
    const origin = path("exchanges", name);
    yield* sourceUses(origin, exchange.from);
    yield* rawUses(origin, "arguments", exchange.arguments);
    if (exchange.alternateExchange !== undefined)
      yield { path: () => `${origin}.alternateExchange`, name: exchange.alternateExchange, kind: "exchange" };
  }
}

function* serviceUses(origin: string, service: Service): Iterable<Use> {
  const lists = { publishes: "message", consumes: "queue", manages: "queue", declares: "queue or exchange" } as const;
  for (const [field, kind] of Object.entries(lists) as [keyof typeof lists, Kind][])
    for (const [index, name] of (service[field] ?? []).entries()) yield { path: () => `${origin}.${field}[${index}]`, name, kind };
  for (const name of Object.keys(service.instances ?? {}))
    yield { path: () => `${origin}.${path("instances", name)}`, name, kind: "template" };
  for (const name of Object.keys(service.topicPermissions ?? {}))
    yield { path: () => `${origin}.${path("topicPermissions", name)}`, name, kind: "exchange" };
}

function* otherUses({ topology }: Facts): Iterable<Use> {
  for (const [name, message] of Object.entries(topology.messages ?? {})) {
    const origin = path("messages", name);
    if (typeof message.to === "string") yield { path: () => `${origin}.to`, name: message.to, kind: "exchange" };
    else yield { path: () => `${origin}.to.queue`, name: message.to.queue, kind: "queue" };
  }
  for (const [name, service] of Object.entries(topology.services ?? {})) yield* serviceUses(path("services", name), service);
  for (const [name, user] of Object.entries(topology.users ?? {}))
    for (const exchange of Object.keys(user.topicPermissions ?? {}))
      yield { path: () => path("users", name, "topicPermissions", exchange), name: exchange, kind: "exchange" };
  for (const [name, { definition }] of Object.entries(topology.policies ?? {}))
    yield* rawUses(path("policies", name), "definition", definition);
  for (const [name, shovel] of Object.entries(topology.shovels ?? {}))
    for (const side of ["from", "to"] as const) {
      const { uri, queue, exchange } = shovel[side];
      if (uri !== undefined) continue;
      if (queue !== undefined) yield { path: () => path("shovels", name, side, "queue"), name: queue, kind: "queue" };
      if (exchange !== undefined) yield { path: () => path("shovels", name, side, "exchange"), name: exchange, kind: "exchange" };
    }
  for (const [environment, sizes] of Object.entries(topology.environments ?? {})) {
    for (const name of Object.keys(sizes.queues ?? {}))
      yield { path: () => path("environments", environment, "queues", name), name, kind: "queue" };
    for (const name of Object.keys(sizes.services ?? {}))
      yield { path: () => path("environments", environment, "services", name), name, kind: "service" };
  }
}

function* undeclared(facts: Facts): Iterable<Fault> {
  const { topology } = facts;
  const exchanges = [...facts.exchanges.keys(), ...BUILTIN_EXCHANGES];
  const queues = new Set([...Object.keys(topology.queues ?? {}), ...facts.queues.keys()]);
  const declared: Record<Kind, Iterable<string>> = {
    exchange: exchanges,
    queue: queues,
    "queue or exchange": [...queues, ...facts.exchanges.keys()],
    template: Object.keys(topology.templates ?? {}),
    message: Object.keys(topology.messages ?? {}),
    service: Object.keys(topology.services ?? {}),
    "federation upstream": Object.keys(topology.federationUpstreams ?? {}),
  };
  const known = Object.fromEntries(Object.entries(declared).map(([kind, names]) => [kind, new Set(names)])) as Record<Kind, Set<string>>;
  for (const uses of [exchangeUses, queueUses, otherUses])
    for (const { path: where, name, kind } of uses(facts)) {
      if (typeof name === "string" && (known[kind].has(name) || (kind === "exchange" && facts.hasExchange(name)))) continue;
      const at = where();
      const [section] = at.split(/[.[]/);
      const sections = { exchange: "exchanges", queue: "queues", "queue or exchange": "queues or exchanges" } as Partial<
        Record<Kind, string>
      >;
      yield {
        path: at,
        message: `${section === "environments" ? "An environment names" : "There is no"} ${kind} ${quote(name)}${section === "environments" ? ", which is not declared" : ""}.`,
        value: name,
        ...suggest(
          String(name),
          known[kind],
          `Declare it under \`${sections[kind] ?? `${kind.replace("federation upstream", "federationUpstream")}s`}\`, or correct the name.`,
        ),
      };
    }
}

const MAX_BYTES = 255;
const utf8 = new TextEncoder();

/** The bytes of a text in UTF-8, if they are more than an AMQP short string takes. */
export function tooManyBytes(text: string): number | undefined {
  // A UTF-16 unit has at most three bytes: most names need no counting.
  const bytes = text.length * 3 > MAX_BYTES ? utf8.encode(text).length : 0;
  return bytes > MAX_BYTES ? bytes : undefined;
}

/** Why the broker does not take a name; nothing if it does. */
function refusal(kind: string, name: string): { message: string; allowed: string } | undefined {
  if (name === "") return { message: `The ${kind} has an empty name.`, allowed: `1 to ${MAX_BYTES} bytes` };
  const length = tooManyBytes(name);
  if (length !== undefined)
    return {
      message: `The ${kind} ${quote(`${name.slice(0, 40)}...`)} has a name of ${length} bytes.`,
      allowed: `1 to ${MAX_BYTES} bytes`,
    };
  if ((kind === "queue" || kind === "exchange") && name.startsWith("amq."))
    return {
      message: `The ${kind} ${quote(name)} has a name that the broker keeps for itself.`,
      allowed: 'names that do not begin with "amq."',
    };
  return undefined;
}

function* named({ plan }: Facts): Iterable<{ kind: string; name: string; path: string }> {
  yield { kind: "vhost", name: plan.vhost.name, path: "name" };
  for (const { name, origin } of plan.exchanges) yield { kind: "exchange", name, path: origin };
  for (const { name, origin } of plan.queues) yield { kind: "queue", name, path: origin };
  for (const { name, origin } of plan.templates) yield { kind: "queue", name, path: `${origin}.name` };
  for (const { name, origin } of [...plan.policies, ...plan.operatorPolicies]) yield { kind: "policy", name, path: origin };
  for (const { name, origin } of plan.users) yield { kind: "user", name, path: origin };
  for (const { name, origin } of plan.parameters) yield { kind: "parameter", name, path: origin };
}

function* refusedNames(facts: Facts): Iterable<Fault> {
  for (const { kind, name, path: at } of named(facts)) {
    const why = refusal(kind, name);
    if (why) yield { path: at, message: why.message, value: name, allowed: [why.allowed] };
  }
}

function* awkwardNames(facts: Facts): Iterable<Fault> {
  const seen = new Map<string, string>();
  for (const { kind, name, path: at } of named(facts)) {
    if (/[\u0000-\u001f\u007f]/.test(name))
      yield { path: at, message: `The name of ${kind} ${quote(name)} has a control character.`, value: name };
    else if (name !== name.trim())
      yield { path: at, message: `The name of ${kind} ${quote(name)} begins or ends with a space.`, value: name };
    if (kind === "policy") continue;
    const id = `${kind} ${name.toLowerCase().trim()}`;
    const other = seen.get(id);
    if (other !== undefined && other !== name)
      yield {
        path: at,
        message: `The names of the ${kind}s ${quote(other)} and ${quote(name)} differ in case or space alone.`,
        value: name,
      };
    else seen.set(id, name);
  }
}

function* collisions({ plan }: Facts): Iterable<Fault> {
  const parameters = plan.parameters.map(({ component, name, origin }) => ({ name: `${component}/${name}`, origin }));
  const lists = { exchange: plan.exchanges, queue: plan.queues, policy: plan.policies, user: plan.users, parameter: parameters };
  for (const [kind, objects] of Object.entries(lists)) {
    const seen = new Map<string, string>();
    for (const { name, origin } of objects as readonly { name: string; origin: string }[]) {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, origin);
      else yield { path: origin, message: `There are two of the ${kind} ${quote(name)}: the other comes from ${first}.`, value: name };
    }
  }
}

export const nameRules: readonly Rule[] = [
  {
    code: "undeclared-name",
    severity: "error",
    refused: true,
    title: "A name that is not declared",
    why: "What binds to it, publishes to it or consumes from it fails at run time, or messages are dropped without a word.",
    remedy: "Declare it, or correct the name.",
    find: undeclared,
  },
  {
    code: "name-refused",
    severity: "error",
    refused: true,
    title: "A name that the broker does not take",
    why: 'Names are AMQP short strings of at most 255 bytes, may not be empty, and "amq." is reserved for the broker.',
    remedy: "Choose another name.",
    find: refusedNames,
  },
  {
    code: "name-awkward",
    severity: "warning",
    title: "A name that is hard to see or to tell from another",
    why: "The broker takes control characters and spaces at the ends, and tells upper from lower case; people and tools do not.",
    remedy: "Choose a name that reads the same as it is.",
    find: awkwardNames,
  },
  {
    code: "name-collision",
    severity: "error",
    refused: true,
    title: "Two objects of one kind with one name",
    why: "Names of ladders, partitions, generated policies and users are derived; one of the two would overwrite the other.",
    remedy: "Rename one of them.",
    find: collisions,
  },
];
