/** The peer of the routing model: every binding of an exchange is matched with the message, one by one. */
import type { PlannedBinding, PlannedExchange } from "../topology/compile/plan.js";
import type { RoutedMessage } from "./routing-sample.js";

function topic(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === "#") return topic(rest, words) || (words.length > 0 && topic(pattern, words.slice(1)));
  return words.length > 0 && (first === "*" || first === words[0]) && topic(rest, words.slice(1));
}

const split = (key: string): string[] => (key === "" ? [] : key.split("."));

function matches(type: PlannedExchange["type"], { routingKey, arguments: args }: PlannedBinding, { key, headers }: RoutedMessage): boolean {
  if (type === "fanout") return true;
  if (type === "direct") return routingKey === key;
  if (type === "topic") return topic(split(routingKey), split(key));
  const asked = Object.entries(args).filter(([name]) => !name.startsWith("x-"));
  const holds = ([name, value]: readonly [string, unknown]): boolean => headers[name] === value;
  return args["x-match"] === "any" ? asked.some(holds) : asked.every(holds);
}

/** The queues that get a message. */
export function naiveRoute(plan: {
  readonly exchanges: readonly PlannedExchange[];
  readonly bindings: readonly PlannedBinding[];
}): (message: RoutedMessage) => string[] {
  const types = new Map(plan.exchanges.map(({ name, type }) => [name, type]));
  const bySource = new Map<string, PlannedBinding[]>();
  for (const binding of plan.bindings) bySource.set(binding.source, [...(bySource.get(binding.source) ?? []), binding]);
  return (message) => {
    const queues = new Set<string>();
    const seen = new Set([message.exchange]);
    for (const exchange of seen) {
      const type = types.get(exchange);
      for (const binding of bySource.get(exchange) ?? [])
        if (type && matches(type, binding, message)) (binding.destinationType === "queue" ? queues : seen).add(binding.destination);
    }
    return [...queues];
  };
}
