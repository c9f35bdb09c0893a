/** Messages that tell every binding from every other: one for each class of routing keys and headers. Pure. */
import type { Plan, PlannedBinding } from "../topology/compile/plan.js";
import { messageClasses } from "../topology/difference/classes.js";
import { Exchanges } from "../topology/difference/reachable.js";

export interface Trial {
  readonly exchange: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A word that no topology says. */
export const WORD = "warren-other";

/** More are not published to one exchange. */
const MOST = 5_000;

/** Keys that one binding key matches: `#` as no word, one and two. */
function keysFor(pattern: string): string[] {
  const words = pattern === "" ? [] : pattern.split(".");
  const fill = (many: readonly string[]): string =>
    words.flatMap((word) => (word === "*" ? [WORD] : word === "#" ? many : [word])).join(".");
  return words.includes("#") ? [fill([]), fill([WORD]), fill([WORD, WORD])] : [fill([])];
}

/** Headers that a binding asks for: all of them; each alone; and each with another value. */
function headersFor({ arguments: args }: PlannedBinding): Readonly<Record<string, unknown>>[] {
  const asked = Object.entries(args)
    .filter(([name]) => name !== "x-match")
    .map(([name, value]) => [name, value ?? WORD] as const);
  return [
    Object.fromEntries(asked),
    ...asked.map(([name, value]) => ({ [name]: value })),
    ...asked.map(([name]) => ({ ...Object.fromEntries(asked), [name]: WORD })),
  ];
}

/** Where the classes are too many: each binding by itself. */
function bindingByBinding(exchange: string, plans: readonly Plan[]): Trial[] {
  const bindings = plans.flatMap((plan) => plan.bindings);
  const keys = new Set(["", WORD, ...bindings.flatMap(({ routingKey }) => keysFor(routingKey))]);
  return [
    ...[...keys].map((key) => ({ exchange, key, headers: {} })),
    ...bindings.flatMap((binding) => headersFor(binding).map((headers) => ({ exchange, key: binding.routingKey, headers }))),
  ];
}

export interface Trials {
  readonly all: readonly Trial[];
  /** Whether every class of messages is there. */
  readonly complete: boolean;
}

/**
 * One message of each class that the bindings behind an exchange tell apart, in any of these plans: the topology's, and what is on the
 * broker. All messages of a class match the same bindings, so one stands for all.
 */
export function trialsOf(plans: readonly Plan[]): (exchange: string) => Trials {
  const prepared = plans.map((plan) => new Exchanges(plan));
  return (exchange) => trialsAt(exchange, plans, prepared);
}

function trialsAt(exchange: string, plans: readonly Plan[], prepared: readonly Exchanges[]): Trials {
  if (exchange === "") {
    const queues = plans.flatMap((plan) => plan.queues.map(({ name }) => name));
    return { all: [...new Set([...queues, WORD])].map((key) => ({ exchange, key, headers: {} })), complete: true };
  }
  const found = messageClasses(
    prepared.map((exchanges) => exchanges.tests(exchange)),
    [],
  );
  if ("reason" in found || found.classes.length > MOST) return { all: bindingByBinding(exchange, plans).slice(0, MOST), complete: false };
  return { all: found.classes.map(({ key, headers }) => ({ exchange, key, headers })), complete: true };
}

/** How an exchange is called. */
export const exchangeName = (exchange: string): string =>
  exchange === "" ? "the default exchange" : `exchange ${JSON.stringify(exchange)}`;

/** To which a client may publish; the default exchange first. */
export const publishable = (plan: Plan): string[] => ["", ...plan.exchanges.filter(({ internal }) => !internal).map(({ name }) => name)];

/** Of all exchanges to which a client may publish. */
export function allTrials(plan: Plan): Trial[] {
  const trials = trialsOf([plan]);
  return publishable(plan).flatMap((exchange) => trials(exchange).all);
}
