/**
 * Everything that a user may be allowed or refused in a vhost, each as one request over AMQP that changes nothing. The broker looks at
 * permissions first; a request that it lets pass fails at the next thing it looks at, which is not to be had: 403 is a refusal, any
 * other answer (406, 404) is none. Seen on 4.3.6; source: `rabbit_channel:handle_method`.
 */
import type { ConfirmChannel } from "amqplib";
import type { ExchangeType } from "../../topology/model.js";
import { exactNames } from "../../topology/regex.js";
import type { Ground } from "../ground.js";
import { allTrials, exchangeName, WORD, type Trial } from "../routing-keys.js";
import { instances } from "./instances.js";
import { may, mayTopic, type KnownRights } from "./rights.js";

export interface Attempt {
  /** `publish to exchange "events"` */
  readonly what: string;
  /** What the topology says. */
  readonly allowed: boolean;
  readonly make: (channel: ConfirmChannel) => Promise<unknown>;
}

interface Target {
  readonly name: string;
  readonly type: ExchangeType | "default";
  readonly internal: boolean;
}

const BUILT_IN: readonly Target[] = (["direct", "fanout", "headers", "topic"] as const).map((type) => ({
  ...{ name: `amq.${type}`, type, internal: false },
}));

const quoted = (kind: "queue" | "exchange", name: string): string =>
  kind === "exchange" ? exchangeName(name) : `queue ${JSON.stringify(name)}`;

/** A forged user is what the broker looks at last, before it routes. */
const publish = (exchange: string, key: string) => (channel: ConfirmChannel) =>
  new Promise((resolve, reject) => {
    channel.publish(exchange, key, Buffer.alloc(0), { userId: "warren-nobody" }, (error) =>
      error ? reject(error as Error) : resolve(undefined),
    );
  });
/** No consumer has a priority that is a word. */
const consume = (queue: string) => (channel: ConfirmChannel) =>
  channel.consume(queue, () => undefined, { arguments: { "x-priority": WORD } });
/** No queue has a negative lifetime, and no exchange a number as its alternate: neither the one that is there, nor one that would be made. */
const declareQueue = (queue: string) => (channel: ConfirmChannel) =>
  channel.assertQueue(queue, { durable: true, arguments: { "x-expires": -1 } });
const declareExchange = (exchange: string, type: string) => (channel: ConfirmChannel) =>
  channel.assertExchange(exchange, type, { durable: true, arguments: { "alternate-exchange": 1 } });
/** Taking a binding away asks for the same as making it, and there is none with these arguments. */
const unbind = (kind: "queue" | "exchange", name: string, source: string, key: string) => (channel: ConfirmChannel) =>
  kind === "queue" ? channel.unbindQueue(name, source, key, { [WORD]: WORD }) : channel.unbindExchange(name, source, key, { [WORD]: WORD });

/** Keys to try at a topic exchange: those of the topology, those that the permissions name, and one that nobody says. */
function topicKeys(exchange: string, side: "write" | "read", tried: readonly Trial[], all: readonly KnownRights[]): string[] {
  const named = all.flatMap(({ topics }) => topics.filter((topic) => topic.exchange === exchange)).flatMap((topic) => keysOf(topic[side]));
  return [...new Set([...named, ...tried.filter((trial) => trial.exchange === exchange).map(({ key }) => key), WORD])];
}

/** Of a permission that names keys: these, with a word for each part that is open. */
const keysOf = (pattern: string): readonly string[] => exactNames(pattern.replaceAll("[^.]+", WORD)) ?? [];

/** @param held what the user has who tries; what it may bind with is chosen by it */
export async function attempts(ground: Ground, declared: KnownRights, held: KnownRights): Promise<Attempt[]> {
  const { plan } = ground;
  const tried = await ground.once("trials", async () => allTrials(plan));
  const exchanges: readonly Target[] = [{ name: "", type: "default", internal: false }, ...plan.exchanges, ...BUILT_IN];
  const queues = [...new Set([...plan.queues, ...instances(ground)].map(({ name }) => name))];
  const keys = (exchange: string, side: "write" | "read"): string[] => topicKeys(exchange, side, tried, [declared, held]);
  const all = [
    ...exchanges.filter(({ internal }) => !internal).flatMap((exchange) => publishing(exchange, declared, keys)),
    ...queues.map((queue) => ({
      ...{ what: `consume from ${quoted("queue", queue)}`, allowed: may(declared, "read", queue), make: consume(queue) },
    })),
    ...queues.map((queue) => ({
      ...{ what: `declare ${quoted("queue", queue)}`, allowed: may(declared, "configure", queue), make: declareQueue(queue) },
    })),
    ...exchanges
      .filter(({ type }) => type !== "default")
      .map(({ name, type }) => ({
        ...{ what: `declare ${quoted("exchange", name)}`, allowed: may(declared, "configure", name), make: declareExchange(name, type) },
      })),
    ...binding(
      queues,
      exchanges.filter(({ type }) => type !== "default"),
      declared,
      held,
      keys,
    ),
  ];
  // What is tried as source and as what is bound comes up twice.
  return [...new Map(all.map((attempt) => [attempt.what, attempt])).values()];
}

type Keys = (exchange: string, side: "write" | "read") => string[];

function publishing({ name, type }: Target, declared: KnownRights, keys: Keys): Attempt[] {
  const allowed = may(declared, "write", name);
  const to = `publish to ${quoted("exchange", name)}`;
  if (type !== "topic" || !allowed) return [{ what: to, allowed, make: publish(name, WORD) }];
  return keys(name, "write").map((key) => ({
    ...{ what: `${to} with key ${JSON.stringify(key)}`, allowed: mayTopic(declared, "write", name, key), make: publish(name, key) },
  }));
}

/** Binding asks for write on what is bound and read on its source: each is tried with a partner at which the other right is held. */
function binding(queues: readonly string[], exchanges: readonly Target[], declared: KnownRights, held: KnownRights, keys: Keys): Attempt[] {
  const bindable = [
    ...queues.map((name) => ({ kind: "queue" as const, name })),
    ...exchanges.map(({ name }) => ({ kind: "exchange" as const, name })),
  ];
  const source = exchanges.find(({ name }) => may(held, "read", name)) ?? exchanges[0];
  const bound = bindable.find(({ name }) => may(held, "write", name)) ?? bindable[0];
  const one = (to: (typeof bindable)[number], from: Target, key: string): Attempt => ({
    what: `bind ${quoted(to.kind, to.name)} to ${quoted("exchange", from.name)} with key ${JSON.stringify(key)}`,
    allowed:
      may(declared, "write", to.name) &&
      may(declared, "read", from.name) &&
      (from.type !== "topic" || mayTopic(declared, "read", from.name, key)),
    make: unbind(to.kind, to.name, from.name, key),
  });
  if (!source || !bound) return [];
  const sourceKey = (from: Target): string[] => (from.type === "topic" && may(held, "read", from.name) ? keys(from.name, "read") : [WORD]);
  const firstKey = sourceKey(source).find((key) => mayTopic(held, "read", source.name, key)) ?? WORD;
  return [
    ...bindable.map((to) => one(to, source, firstKey)),
    ...exchanges.flatMap((from) => sourceKey(from).map((key) => one(bound, from, key))),
  ];
}
