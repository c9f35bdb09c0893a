/** All that decides where messages of one exchange go: the exchanges behind it, and what their bindings compare. */
import type { Arguments, Plan } from "../compile/plan.js";
import type { ExchangeType } from "../model.js";
import { placeholders } from "../names.js";
import { alternateExchange } from "../policies.js";
import { BUILTIN } from "../routing.js";
import { openWords, splitKey } from "../routing/overlap.js";
import { MANY, ONE, type Token } from "./patterns.js";

/** What the bindings behind one exchange compare; equal patterns and arguments stand once. */
export interface Tests {
  readonly keys: ReadonlyMap<string, readonly Token[]>;
  readonly headers: ReadonlyMap<string, Arguments>;
  /** Keys of templates in which one placeholder stands in two words, so that these have to be the same: no pattern can say that. */
  readonly repeated: readonly string[];
  /** Types of exchanges of which it is not known where they send a message. */
  readonly foreign: readonly string[];
}

interface Bound {
  readonly key: string;
  readonly arguments: Arguments;
  readonly to: string;
  readonly toType: "queue" | "exchange" | "template";
}

interface Node {
  readonly type: string;
  readonly bindings: readonly Bound[];
  readonly alternate: string | undefined;
  /** The same text for two exchanges that do the same. */
  readonly text: string;
}

const KNOWN: ReadonlySet<string> = new Set<ExchangeType>(["direct", "fanout", "topic", "headers", "x-consistent-hash", "x-local-random"]);

const token = (word: ReturnType<typeof openWords>[number]): Token => (typeof word === "string" ? word : { open: word.text });

/** A routing key with placeholders, each a word or a part of one. */
export const keyTokens = (key: string): Token[] => openWords(key).map(token);

/** A binding key; placeholders count for templates alone. */
function bindingTokens(key: string, topic: boolean, template: boolean): Token[] {
  return splitKey(key).map((word) => {
    if (topic && word === "*") return ONE;
    if (topic && word === "#") return MANY;
    const open = template ? openWords(word)[0] : undefined;
    return open === undefined ? word : token(open);
  });
}

function isRepeated(key: string): boolean {
  const words = splitKey(key).flatMap((word) => [...new Set(placeholders(word))]);
  return new Set(words).size < words.length;
}

const tokenText = (one: Token): string => (one === ONE ? "*" : one === MANY ? "#" : JSON.stringify(one));

/** The exchanges of one plan, prepared for many questions. */
export class Exchanges {
  private readonly nodes = new Map<string, Node>();

  constructor(plan: Plan) {
    const exchanges = new Map([...BUILTIN, ...plan.exchanges].map((exchange) => [exchange.name, exchange]));
    const queues = new Set(plan.queues.map(({ name }) => name));
    const lists = new Map<string, Bound[]>([...exchanges.keys()].map((name) => [name, []]));
    for (const { source, destination, destinationType, routingKey, arguments: args } of plan.bindings) {
      // As the broker would not have it.
      if (destination === "" || !(destinationType === "queue" ? queues : exchanges).has(destination)) continue;
      lists.get(source)?.push({ key: routingKey, arguments: args, to: destination, toType: destinationType });
    }
    for (const { template, bindings } of plan.templates) {
      for (const { source, routingKey, arguments: args } of bindings)
        lists.get(source)?.push({ key: routingKey, arguments: args, to: template, toType: "template" });
    }
    for (const [name, exchange] of exchanges) {
      const to = alternateExchange(plan, exchange)?.value;
      const alternate = typeof to === "string" && to !== "" && exchanges.has(to) ? to : undefined;
      const bindings = lists.get(name) ?? [];
      const lines = bindings.map(({ key, arguments: args, to: destination, toType }) => JSON.stringify([toType, destination, key, args]));
      const text = JSON.stringify([name, exchange.type, alternate ?? null, [...new Set(lines)].sort()]);
      this.nodes.set(name, { type: exchange.type, bindings, alternate, text });
    }
  }

  get names(): string[] {
    return [...this.nodes.keys()];
  }

  private behind(exchange: string): Map<string, Node> {
    const found = new Map<string, Node>();
    const queue = [exchange];
    for (const name of queue) {
      const node = this.nodes.get(name);
      if (!node || found.has(name)) continue;
      found.set(name, node);
      queue.push(...node.bindings.filter(({ toType }) => toType === "exchange").map(({ to }) => to));
      if (node.alternate !== undefined) queue.push(node.alternate);
    }
    return found;
  }

  /** The same for two exchanges behind which everything is the same. */
  identity(exchange: string): string {
    return [...this.behind(exchange).values()]
      .map(({ text }) => text)
      .sort()
      .join("\n");
  }

  tests(exchange: string): Tests {
    const keys = new Map<string, readonly Token[]>();
    const headers = new Map<string, Arguments>();
    const repeated: string[] = [];
    const foreign: string[] = [];
    for (const { type, bindings } of this.behind(exchange).values()) {
      if (!KNOWN.has(type)) foreign.push(type);
      for (const { key, arguments: args, toType } of bindings) {
        if (type === "headers") headers.set(JSON.stringify(args), args);
        if (type !== "direct" && type !== "topic") continue;
        const tokens = bindingTokens(key, type === "topic", toType === "template");
        keys.set(tokens.map(tokenText).join(" "), tokens);
        if (toType === "template" && isRepeated(key)) repeated.push(key);
      }
    }
    return { keys, headers, repeated, foreign };
  }
}
