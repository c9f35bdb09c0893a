/** A message that has arrived, against the ways that the topology has for it: when it came, how, and what is written on it. */
import type { ConsumeMessage } from "amqplib";
import { equal } from "../topology/equal.js";
import type { Outcome } from "./amqp.js";
import type { End } from "./ends.js";
import { Broken } from "./probe.js";
import { deathsOf } from "./seen.js";

/** A message on its way. */
export interface Letter extends Outcome {
  readonly id: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** When it was published, by the clock of this process. */
  readonly at: number;
  /** When the broker had confirmed it. */
  readonly confirmedAt: number;
}

export interface Arrival {
  readonly message: {
    readonly fields: Pick<ConsumeMessage["fields"], "exchange" | "routingKey">;
    readonly properties: ConsumeMessage["properties"];
  };
  readonly at: number;
}

/** Throws a Broken unless it is as one of the ways to its queue has it. `who`: `queue "orders": a rejected message`. */
export function judge({ message, at }: Arrival, who: string, letter: Letter, ways: readonly End[], wait: number): void {
  const [first] = ways;
  if (!first) return;
  const to = `${who} reached ${JSON.stringify(first.queue)}`;
  const passed = at - letter.at;
  const least = wait + Math.min(...ways.map(({ after }) => after));
  if (passed < least) throw new Broken(`${to} after ${passed} ms, before its ${least} ms were over`);
  const headers = (message.properties.headers ?? {}) as Record<string, unknown>;
  const deaths = deathsOf(headers);
  if (!ways.some((way) => equal(way.deaths, deaths)))
    throw new Broken(`${to} with x-death ${JSON.stringify(deaths)}, by the topology it is ${JSON.stringify(first.deaths)}`);
  const { exchange, routingKey } = message.fields;
  if (!ways.some((way) => way.exchange === exchange && way.key === routingKey)) {
    const by = (name: string, key: string): string => `exchange ${JSON.stringify(name)} and key ${JSON.stringify(key)}`;
    throw new Broken(`${to} by ${by(exchange, routingKey)}, by the topology it is ${by(first.exchange, first.key)}`);
  }
  for (const [header, value] of Object.entries(letter.headers)) {
    if (!equal(headers[header], value))
      throw new Broken(`${to} with header ${header} ${JSON.stringify(headers[header])}, it was ${JSON.stringify(value)}`);
  }
}

/** What of a message came to a queue, in words. */
export function told(letter: Letter, queue: string, arrivals: readonly Arrival[]): string {
  const deaths = ({ properties }: Arrival["message"]): string =>
    deathsOf((properties.headers ?? {}) as Record<string, unknown>)
      .map(({ reason, queue: from, count }) => `${reason} in ${JSON.stringify(from)}${count > 1 ? ` ${count} times` : ""}`)
      .join(", ");
  const each = arrivals.map(({ message, at }) => `after ${at - letter.at} ms (${deaths(message) || "not dead-lettered"})`);
  return `${JSON.stringify(queue)}: ${each.join(" and ") || "nothing"}`;
}
