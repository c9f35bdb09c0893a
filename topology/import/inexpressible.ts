/** What definitions hold and a topology has no words for, taken out before the rest is read: each with its place and the reason. */
import { isBuiltinExchange } from "./builtin.js";
import { isObject } from "../plain.js";

/** Something that is on the broker and not in the file. */
export interface LeftOut {
  /** Where it stands in the definitions: `exchanges[3]`. */
  readonly path: string;
  readonly vhost?: string;
  /** `exchange "delayed"` */
  readonly what: string;
  readonly reason: string;
  /** `missing`: the topology lacks it. `meant`: who made it makes it again, or it is somebody else's business. */
  readonly kind: "missing" | "meant";
}

type Item = { readonly [key: string]: unknown };

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const quoted = (value: unknown): string => JSON.stringify(text(value));

const EXCHANGE_TYPES: readonly unknown[] = ["direct", "fanout", "topic", "headers", "x-consistent-hash", "x-local-random"];
const QUEUE_TYPES: readonly unknown[] = ["classic", "quorum", "stream"];

const argumentsOf = (item: Item): Item => (isObject(item["arguments"]) ? item["arguments"] : {});

/** Federation marks what it makes for itself; MQTT keeps the session of each client in a queue. */
const OF_FEDERATION = "federation makes it for itself";
const OF_MQTT = "it is the session of an MQTT client, which declares it itself";
const isMqtt = (name: string): boolean => /^mqtt-subscription-.*qos[01]$/.test(name);

type Reason = Pick<LeftOut, "reason" | "kind">;

function exchangeReason(exchange: Item): Reason | undefined {
  if ("x-internal-purpose" in argumentsOf(exchange)) return { reason: OF_FEDERATION, kind: "meant" };
  if (EXCHANGE_TYPES.includes(exchange["type"])) return undefined;
  return { reason: `a topology has no exchanges of type ${quoted(exchange["type"])}, which a plugin brings`, kind: "missing" };
}

function queueReason(queue: Item): Reason | undefined {
  const name = text(queue["name"]);
  if ("x-internal-purpose" in argumentsOf(queue)) return { reason: OF_FEDERATION, kind: "meant" };
  if (isMqtt(name)) return { reason: OF_MQTT, kind: "meant" };
  if (name.startsWith("amq.")) {
    return { reason: "the broker gave it its name; the client that uses it declares it anew", kind: "meant" };
  }
  const type = argumentsOf(queue)["x-queue-type"] ?? queue["type"] ?? "classic";
  return QUEUE_TYPES.includes(type)
    ? undefined
    : { reason: `a topology has no queues of type ${quoted(type)}, which a plugin brings`, kind: "missing" };
}

/** Names become keys, and this one is none that JavaScript's own tools keep: reading a topology refuses it. */
const UNNAMEABLE = "__proto__";
const NAMES = ["name", "user", "exchange", "vhost"] as const;
const NAMED = {
  ...{ vhosts: "vhost", users: "user", permissions: "permissions of user", topic_permissions: "topic permissions of user" },
  ...{ parameters: "parameter", global_parameters: "global parameter", policies: "policy", exchanges: "exchange", queues: "queue" },
} as const;

const unnameable = (item: Item): Reason | undefined =>
  NAMES.some((key) => item[key] === UNNAMEABLE)
    ? { reason: `a topology cannot hold the name ${quoted(UNNAMEABLE)}`, kind: "missing" }
    : undefined;

const REASONS: { readonly [key in keyof typeof NAMED]?: (item: Item) => Reason | undefined } = {
  exchanges: exchangeReason,
  queues: queueReason,
};

const identity = (vhost: unknown, kind: string, name: unknown): string => JSON.stringify([vhost ?? null, kind, name]);

export interface Expressible {
  readonly definitions: unknown;
  readonly leftOut: readonly LeftOut[];
}

/** Parts whose shape is none of definitions are left as they are: reading them tells what is wrong. */
export function expressible(definitions: unknown): Expressible {
  if (!isObject(definitions)) return { definitions, leftOut: [] };
  const list = (key: string): readonly unknown[] => (Array.isArray(definitions[key]) ? definitions[key] : []);
  const leftOut: LeftOut[] = [];
  const gone = new Map<string, LeftOut["kind"]>();
  const kept = (Object.keys(NAMED) as (keyof typeof NAMED)[]).map((key) => {
    const items = list(key).filter((item, index) => {
      const reason = isObject(item) ? (unnameable(item) ?? REASONS[key]?.(item)) : undefined;
      if (!reason || !isObject(item)) return true;
      gone.set(identity(item["vhost"], NAMED[key], item["name"]), reason.kind);
      leftOut.push({
        path: `${key}[${index}]`,
        ...inVhost(item),
        what: `${NAMED[key]} ${quoted(item["name"] ?? item["user"])}`,
        ...reason,
      });
      return false;
    });
    return [key, items] as const;
  });
  const bindings = list("bindings").filter((binding, index) => {
    if (!isObject(binding) || binding["source"] === "") return true;
    const { vhost, source, destination, destination_type: type } = binding;
    const what = `binding of ${text(type)} ${quoted(destination)} to exchange ${quoted(source)} with key ${quoted(binding["routing_key"])}`;
    const of = gone.get(identity(vhost, "exchange", source)) ?? gone.get(identity(vhost, text(type), destination));
    const at = { path: `bindings[${index}]`, ...inVhost(binding), what };
    const unnamed = unnameable(binding);
    if (of) leftOut.push({ ...at, reason: "one of its ends is left out", kind: of });
    else if (unnamed) leftOut.push({ ...at, ...unnamed });
    else if (text(source).startsWith("amq.") && !isBuiltinExchange(text(source))) {
      leftOut.push({ ...at, reason: "a topology cannot name this exchange of the broker's own", kind: "missing" });
    } else return true;
    return false;
  });
  const changed = { ...Object.fromEntries(kept), bindings };
  const given = Object.fromEntries(Object.entries(changed).filter(([key]) => Array.isArray(definitions[key])));
  return { definitions: { ...definitions, ...given }, leftOut };
}

const inVhost = (item: Item): { vhost?: string } => (typeof item["vhost"] === "string" ? { vhost: item["vhost"] } : {});
