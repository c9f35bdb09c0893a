/** Rules about routes: messages that no queue gets, bindings that the broker refuses or reads otherwise. */
import type { PlannedBinding } from "../compile/plan.js";
import { placeholders } from "../names.js";
import { entry } from "../entry.js";
import { path } from "../path.js";
import type { QueueType } from "../settings.js";
import type { Facts, Target } from "./facts.js";
import { tooManyBytes } from "./names.js";
import { quote, several, type Fault, type Rule } from "./rule.js";
import { suggest } from "./suggest.js";

type AnyBinding = Omit<PlannedBinding, "destination" | "destinationType"> & {
  readonly to: string;
  /** None of an exchange, and of a queue that is not declared. */
  readonly queueType: QueueType | undefined;
  readonly toExchange: boolean;
  readonly template: boolean;
};

/** Bindings as they are written: those of templates too, none of ladders and partitions. */
function* bindings(facts: Facts): Iterable<AnyBinding> {
  for (const binding of facts.plan.bindings)
    if (binding.origin.includes(".from"))
      yield {
        ...binding,
        to: `${binding.destinationType} ${quote(binding.destination)}`,
        queueType: binding.destinationType === "queue" ? facts.queues.get(binding.destination)?.type : undefined,
        toExchange: binding.destinationType === "exchange",
        template: false,
      };
  for (const { template, type, bindings: own } of facts.plan.templates)
    for (const binding of own) yield { ...binding, to: `template ${quote(template)}`, queueType: type, toExchange: false, template: true };
}

/** Whether the router knows how an exchange routes: those of plugins are not known. */
const isKnown = (facts: Facts, exchange: string): boolean => exchange === "" || facts.exchangeType(exchange) !== undefined;

function* unroutable(facts: Facts): Iterable<Fault> {
  for (const { message, exchange, key, headers, reached } of facts.targets()) {
    if (reached.length > 0 || !isKnown(facts, exchange)) continue;
    const to = entry(facts.topology.messages, message)?.to;
    if (typeof to === "object" && !facts.queues.has(to.queue) && !facts.exchanges.has(to.queue)) continue;
    const type = facts.exchangeType(exchange);
    const byHeaders = type === "headers";
    const bound = exchange === "" ? [...facts.queues.keys()] : (facts.keysAt().get(exchange) ?? []);
    const written = entry(facts.topology.messages, message);
    yield {
      path: `${path("messages", message)}.${byHeaders ? "headers" : written?.key === undefined ? "to" : "key"}`,
      message: `No queue gets message ${quote(message)}: nothing is bound to ${exchange === "" ? "the default exchange" : `exchange ${quote(exchange)}`} ${byHeaders ? `that matches the headers ${quote(headers)}` : `for key ${quote(key)}`}.`,
      value: byHeaders ? headers : key,
      ...(byHeaders ? {} : suggest(key, bound, "Bind a queue with a key that matches, or publish with a key that is bound.")),
    };
  }
}

function* toInternal(facts: Facts): Iterable<Fault> {
  for (const { message, exchange } of facts.targets())
    if (facts.exchanges.get(exchange)?.internal)
      yield {
        path: `${path("messages", message)}.to`,
        message: `Message ${quote(message)} is published to exchange ${quote(exchange)}, which is internal: the broker refuses it (403).`,
        value: exchange,
        allowed: Object.entries(facts.topology.exchanges ?? {}).flatMap(([name, { internal }]) => (internal ? [] : [name])),
      };
}

function weightFault(key: string): boolean {
  return !/^\d+$/.test(key) || Number(key) < 1;
}

/** As `rabbit_exchange_type_local_random` of 4.3.6 looks at a binding. */
function* refusedAtLocalRandom({ source, routingKey, to, queueType, toExchange, origin }: AnyBinding): Iterable<Fault> {
  const at = `the local random exchange ${quote(source)}`;
  if (routingKey !== "")
    yield {
      path: origin,
      message: `The key ${quote(routingKey)} of the binding to ${at} is not empty: the broker refuses it.`,
      value: routingKey,
      allowed: [""],
    };
  if (toExchange || (queueType !== undefined && queueType !== "classic"))
    yield {
      path: origin,
      message: `The ${to} is bound to ${at}, to which the broker binds classic queues alone.`,
      value: queueType ?? "exchange",
      allowed: ["classic"],
      remedy: 'Bind a queue of type "classic", or choose another type of exchange.',
    };
}

const MATCHES = ["all", "any", "all-with-x", "any-with-x"];

function* refusedBindings(facts: Facts): Iterable<Fault> {
  for (const binding of bindings(facts)) {
    const { source, routingKey, arguments: args, to, origin } = binding;
    const type = facts.exchangeType(source);
    if (type === "x-local-random") yield* refusedAtLocalRandom(binding);
    if (source === "")
      yield {
        path: origin,
        message: `The ${to} is bound to the default exchange, to which the broker refuses bindings.`,
        value: source,
        remedy: "Leave the binding out: every queue gets what is published there with its name as key.",
      };
    const wildcards = routingKey.split(".").filter((word) => word === "#").length;
    if (type === "topic" && wildcards > 2)
      yield {
        path: origin,
        message: `The key ${quote(routingKey)} has ${wildcards} wildcards "#": the broker takes two.`,
        value: routingKey,
        allowed: ['keys with at most two "#"'],
      };
    if (type === "x-consistent-hash" && weightFault(routingKey))
      yield {
        path: origin,
        message: `The key ${quote(routingKey)} at the consistent hash exchange ${quote(source)} is no weight.`,
        value: routingKey,
        allowed: ['whole numbers of 1 or more, as text: "1"'],
      };
    const match = args["x-match"];
    if (match !== undefined && type === "headers" && !MATCHES.includes(match as string))
      yield { path: origin, message: `The binding has ${quote(match)} for x-match.`, value: match, allowed: MATCHES };
  }
  for (const [name, exchange] of Object.entries(facts.topology.exchanges ?? {})) {
    if (exchange.type !== "x-consistent-hash" || exchange.hashHeader === undefined || exchange.hashProperty === undefined) continue;
    yield {
      path: `${path("exchanges", name)}.hashProperty`,
      message: `Exchange ${quote(name)} hashes a header and a property: the broker takes one of them.`,
      value: exchange.hashProperty,
      remedy: "Leave hashHeader or hashProperty out.",
    };
  }
}

const MAX_KEY = 255;

function* longKeys(facts: Facts): Iterable<Fault> {
  const keys: { key: string; path: string }[] = [
    ...[...bindings(facts)].map(({ routingKey, origin }) => ({ key: routingKey, path: origin })),
    ...Object.entries(facts.topology.messages ?? {}).flatMap(([name, { key }]) =>
      key === undefined ? [] : [{ key, path: `${path("messages", name)}.key` }],
    ),
    ...[...facts.definitions].flatMap(([origin, queue]) => {
      const to = "deadLetterTo" in queue ? queue.deadLetterTo : undefined;
      return typeof to === "object" && "routingKey" in to && typeof to.routingKey === "string"
        ? [{ key: to.routingKey, path: `${origin}.deadLetterTo.routingKey` }]
        : [];
    }),
  ];
  for (const { key, path: at } of keys) {
    const length = tooManyBytes(key);
    if (length !== undefined)
      yield {
        path: at,
        message: `The key ${quote(`${key.slice(0, 40)}...`)} has ${length} bytes.`,
        value: key,
        allowed: [`0 to ${MAX_KEY} bytes`],
      };
  }
}

function* duplicates(facts: Facts): Iterable<Fault> {
  const seen = new Map<string, string>();
  for (const { source, routingKey, arguments: args, to, origin } of bindings(facts)) {
    const sorted = Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1));
    const id = JSON.stringify([source, to, routingKey, sorted]);
    const first = seen.get(id);
    if (first === undefined) seen.set(id, origin);
    else
      yield {
        path: origin,
        message: `The ${to} is bound to ${quote(source)} with key ${quote(routingKey)} twice: ${first} says it already.`,
        value: routingKey,
      };
  }
}

function* ignoredParts(facts: Facts): Iterable<Fault> {
  for (const { source, routingKey, arguments: args, origin, template } of bindings(facts)) {
    const type = facts.exchangeType(source);
    if (type === undefined) continue;
    const headers = Object.keys(args).filter((name) => name !== "x-match");
    const match = typeof args["x-match"] === "string" ? args["x-match"] : "all";
    const passedOver = match.endsWith("-with-x") ? [] : headers.filter((name) => name.startsWith("x-"));
    if (type === "headers" && passedOver.length > 0)
      yield {
        path: origin,
        message: `The binding names ${several(passedOver)}, but with match ${quote(match)} the broker does not compare headers that begin with "x-".`,
        value: passedOver,
        allowed: [`match: "${match}-with-x"`, 'headers that do not begin with "x-"'],
      };
    if (type === "headers" && match.startsWith("any") && headers.length === passedOver.length)
      yield {
        path: origin,
        message: "The binding matches if any of its headers does, and has none to compare: it never matches.",
        value: match,
        remedy: 'Give it headers, or match: "all", which without headers matches every message.',
      };
    if (headers.length > 0 && type !== "headers" && !headers.every((name) => name.startsWith("x-")))
      yield {
        path: origin,
        message: `The binding names headers (${several(headers)}), but ${quote(source)} is of type ${type}, which does not look at them.`,
        value: headers,
      };
    if (routingKey !== "" && (type === "fanout" || type === "headers"))
      yield {
        path: origin,
        message: `The binding has the key ${quote(routingKey)}, but ${quote(source)} is of type ${type}, which does not look at it.`,
        value: routingKey,
        allowed: [""],
      };
    if (type === "direct" && routingKey.split(".").some((word) => word === "*" || word === "#"))
      yield {
        path: origin,
        message: `The key ${quote(routingKey)} has a wildcard, but ${quote(source)} is a direct exchange: it matches that very text alone.`,
        value: routingKey,
        remedy: "Write the key out, or make the exchange a topic exchange.",
      };
    if (!template && placeholders(routingKey).length > 0)
      yield {
        path: origin,
        message: `The key ${quote(routingKey)} has a placeholder, which is filled in for templates alone: it matches that very text.`,
        value: routingKey,
        remedy: 'Use the wildcard "*" at a topic exchange, or a template.',
      };
  }
}

function* misleadingKeys(facts: Facts): Iterable<Fault> {
  for (const [name, { to, key }] of Object.entries(facts.topology.messages ?? {})) {
    if (key === undefined) continue;
    const at = `${path("messages", name)}.key`;
    if (typeof to === "object" && entry(facts.topology.queues, to.queue)?.type !== "super-stream")
      yield {
        path: at,
        message: `Message ${quote(name)} goes straight to queue ${quote(to.queue)}, whose name is its key: ${quote(key)} is not used.`,
        value: key,
        allowed: [to.queue],
        remedy: "Leave the key out.",
      };
    else if (key.split(".").some((word) => word === "*" || word === "#"))
      yield {
        path: at,
        message: `The key ${quote(key)} of message ${quote(name)} has a wildcard, which only bindings have: it is published as that very text.`,
        value: key,
        remedy: 'Write the key out, or a placeholder for what the publisher gives: "session.{event}".',
      };
  }
}

function* unfed(facts: Facts): Iterable<Fault> {
  if (!facts.knowsMessages) return;
  const fed = new Set<string>([...facts.messagesInto().keys(), ...facts.getsDeadLetters()]);
  const federated = facts.plan.policies.some(({ definition }) => Object.keys(definition).some((key) => key.startsWith("federation-")));
  const foreign = (exchange: string): boolean => exchange.startsWith("amq.") || federated || facts.foreign("write", exchange);
  for (const exchange of new Set([...facts.exchanges.keys(), ...facts.keysAt().keys()]))
    if (foreign(exchange)) for (const name of facts.behind(exchange)) fed.add(name);
  for (const { to } of Object.values(facts.topology.shovels ?? {})) {
    if (to.queue !== undefined) fed.add(to.queue);
    if (to.exchange !== undefined) for (const name of facts.behind(to.exchange)) fed.add(name);
  }
  const everything = facts.foreign("write", "amq.default");
  for (const queue of facts.written()) {
    if (everything || fed.has(queue.name) || isFedSuperStream(facts, queue.name, fed)) continue;
    const bound = (facts.bindingsInto().get(queue.name) ?? []).map(
      ({ source, routingKey }) => `${quote(source)} with ${quote(routingKey)}`,
    );
    yield {
      path: facts.pathOf(queue),
      message: `Nothing feeds ${facts.title(queue).replace(/^./, (letter) => letter.toLowerCase())}: ${bound.length > 0 ? `it is bound to ${bound.join(", ")}, but no message is published that matches` : "it is bound to nothing, and no message is published to it"}.`,
      value: queue.name,
    };
  }
}

/** A super stream is fed if one of its partitions is. */
function isFedSuperStream(facts: Facts, name: string, fed: ReadonlySet<string>): boolean {
  const role = facts.queues.get(name)?.role;
  if (role?.kind !== "partition") return false;
  return facts.plan.queues.some(({ name: other, role: its }) => its.kind === "partition" && its.of === role.of && fed.has(other));
}

function* unusedExchanges(facts: Facts): Iterable<Fault> {
  const sources = new Set(facts.keysAt().keys());
  const targets = new Set<string>(facts.targets().map(({ exchange }: Target) => exchange));
  const bound = new Set(
    facts.plan.bindings.flatMap(({ destination, destinationType }) => (destinationType === "exchange" ? [destination] : [])),
  );
  const dead = new Set([...facts.plan.queues, ...facts.plan.templates].map((queue) => facts.deadLetters(queue)?.exchange));
  const alternates = new Set(facts.plan.exchanges.map(({ name }) => facts.alternate(name)));
  const shovels = new Set(Object.values(facts.topology.shovels ?? {}).flatMap(({ from, to }) => [from.exchange, to.exchange]));
  for (const { name, origin } of facts.plan.exchanges) {
    if ([sources, targets, bound, dead, alternates, shovels].some((names) => (names as ReadonlySet<string | undefined>).has(name)))
      continue;
    yield { path: origin, message: `Nothing is bound to exchange ${quote(name)}, and nothing is published to it.`, value: name };
  }
}

export const routingRules: readonly Rule[] = [
  {
    code: "message-unroutable",
    severity: "error",
    title: "A message that no queue gets",
    why: "The broker confirms it and drops it.",
    remedy: "Bind a queue that matches, or publish where something is bound.",
    find: unroutable,
  },
  {
    code: "message-to-internal",
    severity: "error",
    refused: true,
    title: "A message that is published to an internal exchange",
    why: "Only other exchanges may publish there: the broker closes the channel.",
    remedy: "Publish to an exchange that is bound to it.",
    find: toInternal,
  },
  {
    code: "binding-refused",
    severity: "error",
    refused: true,
    title: "A binding or an exchange that the broker refuses",
    why: "What is bound stays without its messages.",
    remedy: "Take one of the allowed values.",
    find: refusedBindings,
  },
  {
    code: "key-too-long",
    severity: "error",
    refused: true,
    title: "A routing key of more than 255 bytes",
    why: "Keys are AMQP short strings: no client can publish with it, and nothing ever matches it.",
    remedy: "Shorten the key, or put the data into headers or the body.",
    find: longKeys,
  },
  {
    code: "binding-duplicate",
    severity: "warning",
    title: "The same binding twice",
    why: "The broker has it once: one of the two says nothing, and removing it changes nothing.",
    remedy: "Leave one out.",
    find: duplicates,
  },
  {
    code: "binding-part-ignored",
    severity: "warning",
    title: "A part of a binding that the exchange does not look at",
    why: "The binding matches more, or less, than it seems to.",
    remedy: "Leave the part out, or choose an exchange type that compares it.",
    find: ignoredParts,
  },
  {
    code: "message-key-misleading",
    severity: "warning",
    title: "A message with a key that is not what it seems",
    why: "It is published with another key than it seems, or with a wildcard as plain text.",
    remedy: "Write the key with which it is published.",
    find: misleadingKeys,
  },
  {
    code: "queue-unfed",
    severity: "warning",
    title: "A queue that nothing feeds",
    why: "It stays empty: a binding or a message is missing, or the queue is not needed.",
    remedy: "Bind it to where messages are published, declare the message, or leave the queue out.",
    find: unfed,
  },
  {
    code: "exchange-unused",
    severity: "warning",
    title: "An exchange that nothing uses",
    why: "What somebody publishes there is dropped.",
    remedy: "Bind something to it, or leave it out.",
    find: unusedExchanges,
  },
];
