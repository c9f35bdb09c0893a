/** What a copy of a queue's or an exchange's messages is bound to, and what it cannot see. Pure. */

export interface Binding {
  readonly exchange: string;
  readonly key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface Plan {
  readonly bindings: readonly Binding[];
  /** What will not be seen, or what else has to be known: a sentence each. */
  readonly notes: readonly string[];
}

/** Exchanges whose other queues get no less when one more is bound. */
const COPYING: readonly string[] = ["direct", "fanout", "topic", "headers"];

/** What of these bindings can stand once more, and a sentence for each exchange whose messages a copy would take from others. */
export function copyable(bindings: readonly Binding[], typeOf: (exchange: string) => string | undefined): Plan {
  const own = bindings.filter(({ exchange }) => exchange !== "");
  const copied = own.filter(({ exchange }) => COPYING.includes(typeOf(exchange) ?? ""));
  const others = [...new Set(own.filter((binding) => !copied.includes(binding)).map(({ exchange }) => exchange))];
  return {
    bindings: copied,
    notes: others.map(
      (exchange) =>
        `Not seen: messages by exchange "${exchange}" (${typeOf(exchange) ?? "unknown type"}), which would give the copy messages instead of another queue.`,
    ),
  };
}

/** A queue's own bindings once more. `dead`: the exchange and key by which it dead-letters, if it does. */
export function ofQueue(queue: string, bindings: readonly Binding[], typeOf: (exchange: string) => string | undefined): Plan {
  const { bindings: copied, notes } = copyable(bindings, typeOf);
  return {
    bindings: copied,
    notes: [
      `Not seen: messages that are in "${queue}" already, and those that come to it through the default exchange: published to the queue by name, back from a retry ladder, put back by "warren dlq requeue".`,
      ...notes,
    ],
  };
}

/** What is bound to an exchange once more, each binding once; or one key that is given. */
export function ofExchange(exchange: string, type: string, bindings: readonly Omit<Binding, "exchange">[], key: string | undefined): Plan {
  if (key !== undefined) {
    const note = `As long as this runs, a message to "${exchange}" that only this binding takes counts as routed: it is not returned to its publisher, and takes no alternate exchange.`;
    return { bindings: [{ exchange, key, arguments: {} }], notes: [note] };
  }
  const once = new Map(bindings.map((binding) => [JSON.stringify([binding.key, Object.entries(binding.arguments).sort()]), binding]));
  const { bindings: copied, notes } = copyable(
    [...once.values()].map((binding) => ({ ...binding, exchange })),
    () => type,
  );
  return {
    bindings: copied,
    notes: [`Not seen: messages that nothing which is bound to "${exchange}" now would get; --key binds another key.`, ...notes],
  };
}
