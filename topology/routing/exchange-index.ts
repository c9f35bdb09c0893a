/** One exchange and its bindings, indexed by what its type compares: which bindings a message matches. */
import type { PlannedExchange, PlannedQueue } from "../compile/plan.js";
import { WarrenError } from "../errors.js";
import type { MessageHeaders } from "./headers.js";
import { HeadersIndex } from "./headers-index.js";
import { fill } from "../names.js";
import { capture, fits, keysMeet, openWords, splitKey, type Word } from "./overlap.js";
import type { Step } from "./route.js";
import { TopicIndex } from "./topic.js";

/** A message on its way: its keys (routing key, CC, BCC) and headers. */
export class Routed {
  private words: Word[][] | undefined;

  constructor(
    readonly keys: readonly string[],
    readonly headers: MessageHeaders,
    /** Whether `{placeholders}` in keys stand for any text without a dot. */
    readonly open: boolean,
  ) {}

  get keyWords(): readonly Word[][] {
    return (this.words ??= this.keys.map((key) => (this.open ? openWords(key) : splitKey(key))));
  }
}

/** A binding as a step of a path, and what it leads to. */
export interface Edge {
  readonly step: Step;
  /** The step alone, as a path. */
  readonly path: readonly [Step];
}

export const edge = (step: Step): Edge => ({ step, path: [step] });

/** The edges of one exchange that a message takes. */
export interface Matched {
  /** It takes all of these; of those of a `oneOf` exchange one. */
  readonly sure: Edge[];
  /** Those that depend on whether an instance is there, or on how placeholders are filled in. */
  readonly maybe: Edge[];
}

export interface ExchangeIndex {
  readonly name: string;
  /** Whether it hands a message to one of its destinations only. */
  readonly oneOf: boolean;
  readonly add: (key: string, step: Step) => void;
  readonly match: (message: Routed, into: Matched) => void;
}

/** Bindings by key, for keys that are compared as they are. */
class KeyIndex {
  private readonly byKey = new Map<string, Edge[]>();
  /** Bindings of templates with placeholders in their keys. */
  private readonly open: { readonly key: string; readonly step: Step }[] = [];

  add(key: string, step: Step): void {
    if (step.instanceOf !== undefined && isOpen(openWords(key))) this.open.push({ key, step });
    else {
      const known = this.byKey.get(key);
      if (known) known.push(edge(step));
      else this.byKey.set(key, [edge(step)]);
    }
  }

  match(message: Routed, into: Matched): void {
    message.keys.forEach((key, index) => {
      if (message.open && isOpen(message.keyWords[index] ?? [])) {
        const fit = fits(key);
        for (const [literal, edges] of this.byKey) if (fit(literal)) for (const found of edges) perhaps(found, into);
      } else for (const found of this.byKey.get(key) ?? []) take(found, into);
      if (this.open.length > 0) openBindings(this.open, message.keyWords[index] ?? [], false, into);
    });
  }
}

const isOpen = (words: readonly Word[]): boolean => words.some((word) => typeof word !== "string");

function take(found: Edge, into: Matched): void {
  (found.step.instanceOf === undefined ? into.sure : into.maybe).push(found);
}

/** Takes an edge on which the message goes only if placeholders are filled in accordingly. */
function perhaps(found: Edge, into: Matched): void {
  into.maybe.push(found.step.instanceOf === undefined ? edge({ ...found.step, condition: "placeholder" }) : found);
}

/** Bindings with placeholders of their own: the instance's name is filled in as far as a routing key without placeholders tells. */
function openBindings(
  bindings: readonly { readonly key: string; readonly step: Step }[],
  words: readonly Word[],
  wildcards: boolean,
  into: Matched,
): void {
  const literal = words.every((word) => typeof word === "string") ? words : undefined;
  for (const { key, step } of bindings) {
    if (literal) {
      const values = capture(key, literal, wildcards);
      if (values) into.maybe.push(edge({ ...step, to: fill(step.to, values) }));
    } else if (keysMeet(key, words, wildcards)) into.maybe.push(edge(step));
  }
}

class TopicBindings {
  private readonly index = new TopicIndex<Edge>();
  private readonly open: { readonly key: string; readonly step: Step }[] = [];

  add(key: string, step: Step): void {
    if (step.instanceOf !== undefined && isOpen(openWords(key))) this.open.push({ key, step });
    else this.index.add(key, edge(step));
  }

  match(message: Routed, into: Matched): void {
    for (const words of message.keyWords) {
      this.index.match(words, (found, certain) => {
        if (certain) take(found, into);
        else perhaps(found, into);
      });
      openBindings(this.open, words, true, into);
    }
  }
}

/** The default exchange: a queue's name is its key (source: `rabbit_exchange:route`). */
export class DefaultExchange implements ExchangeIndex {
  readonly name = "";
  readonly oneOf = false;
  private readonly keys = new KeyIndex();

  constructor(queues: readonly PlannedQueue[], templates: readonly { readonly template: string; readonly name: string }[]) {
    const to = { exchange: "", via: "default", toType: "queue" } as const;
    for (const { name } of queues) this.keys.add(name, { ...to, to: name });
    for (const { template, name } of templates) this.keys.add(name, { ...to, to: name, instanceOf: template, condition: "instance" });
  }

  add(): void {
    throw new WarrenError("A binding names the default exchange, to which the broker refuses bindings.");
  }

  match(message: Routed, into: Matched): void {
    this.keys.match(message, into);
  }
}

/** An exchange without its bindings yet; `add` them. An error is thrown for a type that is not one of RabbitMQ's own, when a message comes to it. */
export function exchangeIndex({ name, type }: Pick<PlannedExchange, "name" | "type">): ExchangeIndex {
  switch (type) {
    case "direct": {
      const keys = new KeyIndex();
      return { name, oneOf: false, add: (key, step) => keys.add(key, step), match: (message, into) => keys.match(message, into) };
    }
    case "topic": {
      const topics = new TopicBindings();
      return { name, oneOf: false, add: (key, step) => topics.add(key, step), match: (message, into) => topics.match(message, into) };
    }
    case "headers": {
      const bindings = new HeadersIndex<Edge>();
      return {
        name,
        oneOf: false,
        add: (_key, step) => bindings.add(step.binding?.arguments ?? {}, edge(step)),
        match: ({ headers }, into) => bindings.match(headers, (found) => take(found, into)),
      };
    }
    case "fanout":
    case "x-consistent-hash":
    case "x-local-random": {
      const all: Edge[] = [];
      const oneOf = type !== "fanout";
      return {
        name,
        oneOf,
        add: (_key, step) => all.push(edge(oneOf && step.condition === undefined ? { ...step, condition: "one-of" } : step)),
        match: (_message, into) => {
          for (const found of all) take(found, into);
        },
      };
    }
    default: {
      const unknown: never = type;
      return {
        name,
        oneOf: false,
        add: () => undefined,
        match: () => {
          throw new WarrenError(
            `Exchange ${JSON.stringify(name)} has the type ${JSON.stringify(unknown)}, of which it is not known where it sends a message.`,
            {
              allowed: ["direct", "fanout", "topic", "headers", "x-consistent-hash", "x-local-random"],
            },
          );
        },
      };
    }
  }
}
