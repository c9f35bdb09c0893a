/** Messages that try every binding of a topology: one for each way that a routing key or headers can meet it, and one that meets none. Pure. */
import type { Plan, PlannedBinding } from "../topology/compile/plan.js";
import { placeholders } from "../topology/names.js";
import type { Router } from "../topology/routing.js";

export interface Trial {
  readonly exchange: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A word that no topology says. */
export const WORD = "warren-other";

/** Keys that a binding key of a topic exchange matches: `#` as no word, one and two. */
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

const filled = (key: string): string => placeholders(key).reduce((text, name) => text.replaceAll(`{${name}}`, WORD), key);

/**
 * For every exchange that a client may publish to. Of those that take the same bindings to the same queues, one.
 */
export function trials(plan: Plan, router: Router): Trial[] {
  const keys = new Set([
    "",
    WORD,
    ...plan.bindings.flatMap(({ routingKey }) => keysFor(routingKey)),
    ...plan.queues.map(({ name }) => name),
  ]);
  const headers = [{}, ...plan.bindings.flatMap(headersFor)];
  const types = new Map(plan.exchanges.map(({ name, type }) => [name, type]));
  const exchanges = plan.exchanges.filter(({ internal }) => !internal).map(({ name }) => name);
  return ["", ...exchanges].flatMap((exchange) => {
    const seen = new Set<string>();
    const reachesHeaders = plan.bindings.some(({ source }) => types.get(source) === "headers");
    const all = [...keys].flatMap((key) =>
      (reachesHeaders ? headers : [{}]).map((each) => ({ exchange, key: filled(key), headers: each })),
    );
    return all.filter((trial) => {
      const { paths, queues } = router.route(trial.exchange, trial.key, { headers: trial.headers });
      const steps = paths.flatMap((path) => path.map(({ exchange: at, to, binding }) => [at, to, binding?.routingKey, binding?.arguments]));
      const way = JSON.stringify([queues, steps]);
      return seen.has(way) ? false : seen.add(way) && true;
    });
  });
}
