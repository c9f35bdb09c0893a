/** Queues and bindings of RabbitMQ's definitions in the words of a topology. What does not fit a word exactly stays a raw argument. */
import { splitSettings } from "./compile/queue-settings.js";
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from "./definitions-format.js";
import { bytes, duration, maxAge, milliseconds, millisecondsOfMaxAge, size } from "./durations.js";
import { equal } from "./equal.js";
import type { Binding, HeaderMatch, HeaderValue, Keys, Queue, Sources } from "./model.js";
import { partitionQueue } from "./names.js";
import { settingOfArgument, settingOfPolicyKey, type QueueType, type Setting } from "./settings.js";

type Raw = { readonly [name: string]: unknown };

export const rawArguments = (given: Raw | readonly unknown[] | undefined): Raw =>
  given === undefined || Array.isArray(given) ? {} : (given as Raw);

const TYPES: readonly string[] = ["classic", "quorum", "stream"] satisfies QueueType[];

/** A queue's type: its argument, else what the export says beside it, else its vhost's default. */
export function queueType(definition: QueueDefinition, vhostDefault: string | undefined): QueueType {
  const given = rawArguments(definition.arguments)["x-queue-type"] ?? definition.type ?? vhostDefault;
  return typeof given === "string" && TYPES.includes(given) ? (given as QueueType) : "classic";
}

/** The word, if it means exactly the value. */
const exact = (value: unknown, word: string | undefined, meaning: (word: string) => unknown): string | undefined =>
  word !== undefined && meaning(word) === value ? word : undefined;

/** How an argument's value is written in a topology; `undefined` if it is none that the setting can have. */
function written(value: unknown, setting: Setting, type: QueueType): unknown {
  if (!setting.types.includes(type)) return undefined;
  switch (setting.kind) {
    case "duration":
      return exact(value, typeof value === "number" ? duration(value) : undefined, milliseconds);
    case "size":
      return exact(value, typeof value === "number" ? size(value) : undefined, bytes);
    case "max-age": {
      const ms = typeof value === "string" ? millisecondsOfMaxAge(value) : undefined;
      return exact(value, ms === undefined ? undefined : duration(ms), (word) => maxAge(milliseconds(word) ?? 0));
    }
    case "integer":
      return typeof value === "number" && (setting.min !== setting.max || value === setting.min) ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "text":
      return typeof value === "string" ? value : undefined;
    case "choice":
      return setting.choices?.includes(String(value)) && !setting.refused?.[type]?.includes(String(value)) ? value : undefined;
  }
}

/** `deadLetterTo` and `delayedRetry`, where the arguments say enough for them. */
function nested(inner: ReadonlyMap<string, Raw>, queues: ReadonlySet<string>): Raw {
  const fields: Record<string, unknown> = {};
  const dead = inner.get("deadLetterTo");
  if (dead?.["exchange"] !== undefined) {
    const { exchange, routingKey, strategy } = dead;
    const rest = strategy === undefined ? {} : { strategy };
    if (exchange === "" && typeof routingKey === "string" && queues.has(routingKey))
      fields["deadLetterTo"] = { queue: routingKey, ...rest };
    else fields["deadLetterTo"] = Object.keys(dead).length === 1 ? exchange : dead;
  }
  const delayed = inner.get("delayedRetry");
  if (delayed?.["type"] !== undefined && delayed["min"] !== undefined) fields["delayedRetry"] = delayed;
  return fields;
}

/** The words for arguments, or for the keys of a policy: each that there is one for. */
function wordsFrom(given: Raw, settingOf: (key: string) => Setting | undefined, type: QueueType, queues: ReadonlySet<string>): Raw {
  const fields: Record<string, unknown> = {};
  const inner = new Map<string, Raw>();
  for (const [key, value] of Object.entries(given)) {
    const setting = settingOf(key);
    const word = setting && written(value, setting, type);
    if (!setting || word === undefined) continue;
    const [field = "", part] = setting.field.split(".");
    if (part === undefined) fields[field] = word;
    else inner.set(field, { ...inner.get(field), [part]: word });
  }
  return { ...fields, ...nested(inner, queues) };
}

/** A policy's definition in the words of a queue; `undefined` if they do not say exactly the same. */
export function policyWords(definition: Raw, type: QueueType, queues: ReadonlySet<string>): Raw | undefined {
  const words = wordsFrom(definition, settingOfPolicyKey, type, queues);
  return equal(splitSettings({ type, ...words } as Queue, "policy").policy, definition) ? words : undefined;
}

/** A queue's settings in words, and as raw arguments what the words do not say exactly. */
function settingsFrom(given: Raw, type: QueueType, queues: ReadonlySet<string>): Raw {
  const words = wordsFrom(given, settingOfArgument, type, queues);
  const said = splitSettings({ type, ...words } as Queue, "arguments").arguments;
  const raw = Object.entries(given).filter(([argument, value]) => argument !== "x-queue-type" && !equal(said[argument], value));
  return { ...words, ...(raw.length > 0 ? { arguments: Object.fromEntries(raw) } : {}) };
}

/** One queue, without what feeds it. */
export function queueFrom(definition: QueueDefinition, vhostDefault: string | undefined, queues: ReadonlySet<string>): Queue {
  const type = queueType(definition, vhostDefault);
  return {
    type,
    ...(type === "classic" && definition.durable === false ? { durable: false } : {}),
    ...(type === "classic" && definition.auto_delete === true ? { autoDelete: true } : {}),
    ...settingsFrom(rawArguments(definition.arguments), type, queues),
  };
}

const MATCHES: readonly unknown[] = ["all", "any", "all-with-x", "any-with-x"] satisfies HeaderMatch[];

function keyOf(binding: BindingDefinition, headersExchanges: ReadonlySet<string>): string | Binding {
  const given = Object.entries(rawArguments(binding.arguments));
  const key = binding.routing_key ?? "";
  if (given.length === 0) return key;
  const headers: [string, HeaderValue][] = [];
  const rest: [string, unknown][] = [];
  let match: HeaderMatch | undefined;
  for (const [name, value] of given) {
    if (!headersExchanges.has(binding.source)) rest.push([name, value]);
    else if (name === "x-match" && MATCHES.includes(value)) match = value as HeaderMatch;
    else if (name !== "x-match" && ["string", "number", "boolean"].includes(typeof value)) headers.push([name, value as HeaderValue]);
    else rest.push([name, value]);
  }
  return {
    ...(key === "" ? {} : { key }),
    ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
    ...(match === undefined ? {} : { match }),
    ...(rest.length > 0 ? { arguments: Object.fromEntries(rest) } : {}),
  };
}

/** `from` of an object that these bindings feed. */
export function sourcesFrom(bindings: readonly BindingDefinition[], headersExchanges: ReadonlySet<string>): { from?: Sources } {
  const bySource = new Map<string, (string | Binding)[]>();
  for (const binding of bindings) {
    const keys = bySource.get(binding.source) ?? [];
    bySource.set(binding.source, [...keys, keyOf(binding, headersExchanges)]);
  }
  if (bySource.size === 0) return {};
  return { from: Object.fromEntries([...bySource].map(([source, keys]) => [source, (keys.length === 1 ? keys[0] : keys) as Keys])) };
}

/** A super stream, with what of the definitions it stands for. */
export interface RecognisedSuperStream {
  readonly name: string;
  readonly queue: Queue;
  readonly partitions: readonly string[];
}

/**
 * A super stream, where exchange, streams and bindings are exactly what `create_super_stream` makes
 * (source: `rabbit_stream_manager`); otherwise the objects stay what they are.
 */
export function superStreamFrom(
  exchange: ExchangeDefinition,
  bindings: readonly BindingDefinition[],
  queues: ReadonlyMap<string, QueueDefinition>,
  feeding: ReadonlyMap<string, readonly BindingDefinition[]>,
): RecognisedSuperStream | undefined {
  const { name } = exchange;
  const plain = exchange.type === "direct" && exchange.durable !== false && exchange.auto_delete !== true && exchange.internal !== true;
  if (!plain || !equal(rawArguments(exchange.arguments), { "x-super-stream": true }) || queues.has(name) || bindings.length === 0)
    return undefined;
  const keys: string[] = [];
  const settings: Raw[] = [];
  for (const binding of bindings) {
    const order = rawArguments(binding.arguments)["x-stream-partition-order"];
    const key = binding.routing_key ?? "";
    const queue = queues.get(binding.destination);
    const own =
      typeof order === "number" &&
      equal(rawArguments(binding.arguments), { "x-stream-partition-order": order }) &&
      binding.destination_type === "queue" &&
      binding.destination === partitionQueue(name, key);
    if (!own || !queue || queueType(queue, undefined) !== "stream" || queue.durable === false || queue.auto_delete === true)
      return undefined;
    if (feeding.get(binding.destination)?.length !== 1) return undefined;
    keys[order] = key;
    settings.push(rawArguments(queue.arguments));
  }
  const complete = Object.keys(keys).length === bindings.length && keys.length === bindings.length;
  if (!complete || settings.some((other) => !equal(other, settings[0]))) return undefined;
  const counted = keys.every((key, index) => key === String(index));
  const words = settingsFrom(settings[0] ?? {}, "stream", new Set());
  return {
    name,
    queue: { type: "super-stream", partitions: counted ? keys.length : keys, ...words } as Queue,
    partitions: keys.map((key) => partitionQueue(name, key)),
  };
}
