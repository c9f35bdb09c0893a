/** Names that may stand in a label: those of the topology. A queue of an instance is called by its template, anything else is "other". */
import { partitionQueue, placeholderRegex, retryExchange } from "../../topology/names.js";
import type { Topology } from "../../topology/model.js";

/** For every name that the topology does not know. */
export const OTHER = "other";

/** How the default exchange is called, which has no name. */
export const DEFAULT_EXCHANGE = "amq.default";

const BUILTIN_EXCHANGES = ["amq.direct", "amq.fanout", "amq.headers", "amq.match", "amq.topic"];

/** Most names that are remembered beyond those of the topology; one beyond is worked out anew each time. */
const REMEMBERED = 1_000;

export interface Labels {
  queue(name: string): string;
  message(name: string): string;
  exchange(name: string): string;
}

/** `queueLabel` decides for queues that the topology does not name itself; `undefined` leaves it to the templates. */
export function labels(topology: Topology, queueLabel?: (queue: string) => string | undefined): Labels {
  const messages = new Set(Object.keys(topology.messages ?? {}));
  const exchanges = new Set([...Object.keys(topology.exchanges ?? {}), ...BUILTIN_EXCHANGES]);
  const queues = new Map<string, string>();
  for (const [name, queue] of Object.entries(topology.queues ?? {})) {
    queues.set(name, name);
    if ("retry" in queue && queue.retry !== undefined && queue.retry.length > 0) exchanges.add(retryExchange(name));
    if (queue.type !== "super-stream") continue;
    exchanges.add(name);
    const keys = typeof queue.partitions === "number" ? Array.from({ length: queue.partitions }, (_, at) => String(at)) : queue.partitions;
    for (const key of keys) queues.set(partitionQueue(name, key), name);
  }
  const templates = Object.entries(topology.templates ?? {}).map(([name, template]) => ({
    name,
    regex: new RegExp(`^(?:${placeholderRegex(template.name)})$`),
  }));
  const limit = queues.size + REMEMBERED;

  return {
    queue(name) {
      const known = queues.get(name);
      if (known !== undefined) return known;
      const label = queueLabel?.(name) ?? templates.find(({ regex }) => regex.test(name))?.name ?? OTHER;
      if (queues.size < limit) queues.set(name, label);
      return label;
    },
    message: (name) => (messages.has(name) ? name : OTHER),
    exchange: (name) => (name === "" ? DEFAULT_EXCHANGE : exchanges.has(name) ? name : OTHER),
  };
}

/** `value`, if it is one of a closed list; for labels whose values are words of the code. */
export function oneOf<Value extends string>(values: readonly Value[], value: string): Value | typeof OTHER {
  return (values as readonly string[]).includes(value) ? (value as Value) : OTHER;
}
