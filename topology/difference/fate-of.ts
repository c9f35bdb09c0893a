/** What becomes of messages in one queue, or in the queues of a template, of one side; and which messages come there. */
import { fate } from "../explain.js";
import type { Follower } from "../explain/dead-letters.js";
import type { Departure, Fate, Reason } from "../explain/fate.js";
import type { PlannedQueue, PlannedTemplate } from "../compile/plan.js";
import { fill, placeholders, retryExchange } from "../names.js";
import type { MessageHeaders } from "../routing.js";
import { splitKey } from "../routing/overlap.js";
import type { Side } from "./side.js";
import { invent } from "./words.js";

type Holder = NonNullable<ReturnType<Follower["holder"]>>;
type Lying = Parameters<Follower["depart"]>[1];

/** A message that comes to a queue. */
export interface Arrival {
  readonly exchange: string;
  readonly key: string;
  readonly headers: MessageHeaders;
}

/** Arrivals of one queue that are looked at. */
const ARRIVALS = 20;

/** A queue or a template of one side. */
export class Held {
  private readonly holder: Holder | undefined;

  constructor(
    readonly side: Side,
    readonly planned: PlannedQueue | PlannedTemplate,
  ) {
    this.holder = side.follower.holder(planned.name, "template" in planned ? planned.template : undefined);
  }

  private lying({ exchange, key, headers }: Arrival): Lying {
    return { exchange, keys: [key], bcc: [], headers, deaths: [], trail: [this.planned.name] };
  }

  get straight(): Arrival {
    return { exchange: "", key: this.planned.name, headers: {} };
  }

  fate(): Omit<Fate, "queue" | "certain" | "paths" | "instanceOf"> | undefined {
    return this.holder && fate(this.side.follower, this.side.plan, this.holder, this.lying(this.straight), undefined);
  }

  departure(arrival: Arrival, reason: Reason): Departure | undefined {
    return this.holder && this.side.follower.depart(this.holder, this.lying(arrival), reason);
  }

  /** What happens at each failure, as long as the ladder lasts. */
  rungs(): Departure[] {
    const name = this.planned.name;
    const message = this.lying(this.straight);
    return Array.from({ length: this.side.rungs(name) }, (_, index) =>
      this.side.follower.publish(retryExchange(name), { ...message, keys: [String(index + 1)] }),
    );
  }
}

/** A key that a binding key matches: any word for each of its wildcards and placeholders. */
function keyFor(pattern: string, topic: boolean): string {
  const words = splitKey(pattern);
  const other = invent(new Set(words));
  const filled = (word: string): string => fill(word, Object.fromEntries(placeholders(word).map((name) => [name, other])));
  if (!topic) return filled(pattern);
  return words.flatMap((word) => (word === "#" ? [] : [word === "*" ? other : filled(word)])).join(".");
}

/** By queue, or name of a template: messages that surely or perhaps come there, declared ones first. */
export function arrivals({ plan, declared, planned, follower, templates }: Side): ReadonlyMap<string, readonly Arrival[]> {
  const typeOf = (exchange: string): string | undefined => planned.get(exchange)?.type ?? (exchange === "amq.topic" ? "topic" : undefined);
  const candidates: Arrival[] = [
    ...declared.map(({ exchange, key, headers }) => ({ exchange, key: keyFor(key, false), headers })),
    ...[...plan.bindings, ...plan.templates.flatMap(({ bindings }) => bindings)].map(({ source, routingKey, arguments: args }) => {
      const { "x-match": _match, ...headers } = typeOf(source) === "headers" ? args : {};
      return { exchange: source, key: keyFor(routingKey, typeOf(source) === "topic"), headers };
    }),
  ];
  const found = new Map<string, Arrival[]>();
  const seen = new Set<string>();
  for (const arrival of candidates) {
    const id = JSON.stringify(arrival);
    if (seen.has(id)) continue;
    seen.add(id);
    const { queues, instances } = follower.route(arrival.exchange, [arrival.key], arrival.headers, "broker");
    for (const name of [...queues, ...instances.map(({ template }) => templates.get(template)?.name ?? "")]) {
      const known = found.get(name);
      if (!known) found.set(name, [arrival]);
      else if (known.length < ARRIVALS) known.push(arrival);
    }
  }
  return found;
}
