/** Kinds of messages proposed for an exchange that somebody may publish to: from topic permissions where they name keys, else from its bindings. */
import type { Plan, PlannedBinding } from "../compile/plan.js";
import type { HeaderValue, Message, TopicPermission, Topology } from "../model.js";
import { BUILTIN } from "../routing.js";
import { alternatives } from "./expressions.js";

/** A message under the name that it gets. */
export interface Sent {
  readonly name: string;
  readonly message: Message;
}

/** More keys than a person would list. */
const MOST = 12;

const PLACEHOLDERS = ["event", "id", "region", "kind", "part", "word"];

/** Words of a pattern, each wildcard a placeholder of its own. */
function keyOfPattern(pattern: string): string {
  let at = 0;
  const words = pattern.split(".").map((word) => (word === "*" || word === "#" ? `{${PLACEHOLDERS[at++] ?? `word${at}`}}` : word));
  return words.join(".");
}

/** Keys that an expression of a topic permission allows, as Warren writes it; `undefined` if it is another one. */
function keysOfExpression(expression: string): string[] | undefined {
  const keys = alternatives(expression).map((part) => {
    let at = 0;
    const key = part.replaceAll("[^.]+", () => `{${PLACEHOLDERS[at++] ?? `word${at}`}}`).replace(/\\([^A-Za-z0-9])/g, "\u0000$1");
    const bare = key.replace(/\u0000./gs, "").replace(/\{\w+\}/g, "");
    return /[\\^$|?*+()[\]{}.]/.test(bare) ? undefined : key.replaceAll("\u0000", "");
  });
  return keys.length === 0 || keys.includes(undefined) ? undefined : (keys as string[]);
}

const headersOf = ({ arguments: given }: PlannedBinding): { [name: string]: HeaderValue } =>
  Object.fromEntries(
    Object.entries(given).filter(
      (entry): entry is [string, HeaderValue] => entry[0] !== "x-match" && ["string", "number", "boolean"].includes(typeof entry[1]),
    ),
  );

/** `session.{event}` is called `session`; one with headers after their texts; where that is nothing, it is called after its exchange. */
function nameOf(exchange: string, { key = "", headers = {} }: Message): string {
  const texts = Object.values(headers).filter((value): value is string => typeof value === "string");
  const words = [...key.split("."), ...texts].filter((word) => word !== "" && !word.includes("{"));
  return words.length > 0 ? words.join(".") : exchange;
}

export class MessageBook {
  readonly #types: ReadonlyMap<string, string>;
  readonly #kept = new Map<string, Message>();

  constructor(
    topology: Topology,
    private readonly plan: Plan,
  ) {
    const internal = new Set(Object.entries(topology.exchanges ?? {}).flatMap(([name, exchange]) => (exchange.internal ? [name] : [])));
    this.#types = new Map(
      [...BUILTIN, ...plan.exchanges].flatMap(({ name, type }) => (internal.has(name) ? [] : [[name, type as string] as const])),
    );
  }

  get messages(): { [name: string]: Message } {
    return Object.fromEntries([...this.#kept].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  keep(sent: readonly Sent[]): void {
    for (const { name, message } of sent) this.#kept.set(name, message);
  }

  /** None where there is nothing that such a message would reach. */
  sentTo(exchange: string, rights: TopicPermission | undefined): Sent[] {
    const type = this.#types.get(exchange);
    const bindings = this.plan.bindings.filter(({ source }) => source === exchange);
    if (type === undefined || (bindings.length === 0 && rights === undefined)) return [];
    const messages = this.#messages(exchange, type, bindings, rights);
    if (messages.length > MOST) return [];
    const taken = new Map<string, Message>();
    return messages.map((message) => {
      const name = this.#name(exchange, message, taken);
      taken.set(name, message);
      return { name, message };
    });
  }

  #messages(exchange: string, type: string, bindings: readonly PlannedBinding[], rights: TopicPermission | undefined): Message[] {
    if (type === "headers") return bindings.map((binding) => ({ to: exchange, headers: headersOf(binding) }));
    const named = rights ? keysOfExpression(rights.write) : undefined;
    if (named) return named.map((key) => ({ to: exchange, key }));
    if (rights) return [];
    if (type === "x-consistent-hash") return [{ to: exchange, key: "{key}" }];
    const keys = [...new Set(bindings.map(({ routingKey }) => (type === "topic" ? keyOfPattern(routingKey) : routingKey)))].sort();
    if (type !== "topic" && type !== "direct") return [{ to: exchange }];
    return keys.map((key) => (key === "" ? { to: exchange } : { to: exchange, key }));
  }

  /** The same message has the same name, whoever sends it; another one has another. */
  #name(exchange: string, message: Message, taken: ReadonlyMap<string, Message>): string {
    const wanted = nameOf(exchange, message);
    const same = JSON.stringify(message);
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? wanted : number === 2 ? `${exchange} ${wanted}` : `${exchange} ${wanted} ${number - 1}`;
      const other = this.#kept.get(name) ?? taken.get(name);
      if (other === undefined || JSON.stringify(other) === same) return name;
    }
  }
}
