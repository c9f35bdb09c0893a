/** Follows a message from exchange to exchange, and tells what is certain and by which ways. */
import { edge, type Edge, type ExchangeIndex, type Matched, type Routed } from "./exchange-index.js";
import { MAX_PATHS, type Choice, type Path, type Route } from "./route.js";

export interface Exchange {
  readonly index: ExchangeIndex;
  readonly internal: boolean;
  /** Its alternate exchange, if that exists; looked up once it is needed. */
  readonly alternate: () => Edge | undefined;
}

/** Which edges a message takes at every exchange that it can come to; each is visited once, so cycles end. */
function visit(
  exchanges: ReadonlyMap<string, Exchange>,
  start: Exchange,
  message: Routed,
): Map<string, Matched & Pick<ExchangeIndex, "oneOf">> {
  const visited = new Map<string, Matched & Pick<ExchangeIndex, "oneOf">>();
  const toVisit = [start];
  visited.set(start.index.name, { sure: [], maybe: [], oneOf: start.index.oneOf });
  for (const { index, alternate } of toVisit) {
    const matched = visited.get(index.name) as Matched;
    index.match(message, matched);
    if (matched.sure.length === 0) {
      const instead = alternate();
      if (instead && matched.maybe.length === 0) matched.sure.push(instead);
      else if (instead) matched.maybe.push(edge({ ...instead.step, condition: "unmatched" }));
    }
    for (const edges of [matched.sure, matched.maybe]) {
      for (const { step } of edges) {
        if (step.toType !== "exchange" || visited.has(step.to)) continue;
        const next = exchanges.get(step.to);
        if (!next) continue;
        visited.set(step.to, { sure: [], maybe: [], oneOf: next.index.oneOf });
        toVisit.push(next);
      }
    }
  }
  return visited;
}

export function walk(exchanges: ReadonlyMap<string, Exchange>, start: Exchange, message: Routed): Route {
  const visited = visit(exchanges, start, message);
  const queues = new Set<string>();
  const instances = new Map<string, { template: string; queue: string }>();
  const choices: Choice[] = [];
  let sure = true;
  for (const [exchange, matched] of visited) {
    for (const { step } of matched.sure) if (step.toType === "queue") queues.add(step.to);
    for (const { step } of matched.maybe) {
      if (step.instanceOf !== undefined) instances.set(`${step.instanceOf} ${step.to}`, { template: step.instanceOf, queue: step.to });
      else if (step.toType === "queue") queues.add(step.to);
    }
    const choice = matched.oneOf ? destinations([...matched.sure, ...matched.maybe]) : [];
    if (choice.length > 1) choices.push({ exchange, oneOf: choice });
    sure &&= matched.maybe.length === 0 && choice.length <= 1;
  }
  const found = [...queues];
  const reached = sure ? undefined : certainly(visited, start.index.name);
  const none = queues.size === 0 && instances.size === 0;
  return {
    queues: found,
    certain: reached ? found.filter((queue) => reached.queues.has(queue)) : found,
    instances: [...instances.values()],
    choices,
    unroutable: none,
    mayBeUnroutable: none || (reached !== undefined && !reached.any),
    paths: paths(visited, start.index.name),
  };
}

function destinations(edges: readonly Edge[]): Choice["oneOf"] {
  const distinct = new Map(edges.map(({ step }) => [`${step.toType} ${step.to}`, { to: step.to, toType: step.toType }]));
  return [...distinct.values()];
}

interface Certain {
  readonly queues: ReadonlySet<string>;
  /** Whether some queue gets the message in every case. */
  readonly any: boolean;
}

/** What is reached however each choice falls: all of what every sure step leads to, of a choice what all its options share. Grows to a fixed point. */
function certainly(visited: ReadonlyMap<string, Matched & Pick<ExchangeIndex, "oneOf">>, start: string): Certain {
  const known = new Map<string, Certain>();
  const nothing: Certain = { queues: new Set(), any: false };
  const behind = ({ step }: Edge): Certain => {
    if (step.toType === "exchange") return known.get(step.to) ?? nothing;
    return { queues: new Set(step.instanceOf === undefined ? [step.to] : []), any: true };
  };
  for (let grown = true; grown;) {
    grown = false;
    for (const [exchange, { sure, maybe, oneOf }] of visited) {
      // Without one binding that is surely there, a choice may have nothing to choose from.
      const options = (oneOf && sure.length > 0 ? [...sure, ...maybe] : sure).map(behind);
      const [first, ...rest] = options;
      if (!first) continue;
      const next: Certain = oneOf
        ? {
            queues: new Set([...first.queues].filter((queue) => rest.every(({ queues }) => queues.has(queue)))),
            any: options.every(({ any }) => any),
          }
        : { queues: new Set(options.flatMap(({ queues }) => [...queues])), any: options.some(({ any }) => any) };
      const before = known.get(exchange) ?? nothing;
      if (next.queues.size === before.queues.size && next.any === before.any) continue;
      known.set(exchange, next);
      grown = true;
    }
  }
  return known.get(start) ?? nothing;
}

/** All ways to queues, no exchange twice in one; with too many of them one way to every exchange, and all last steps from there. */
function paths(visited: ReadonlyMap<string, Matched>, start: string): Path[] {
  const first = visited.get(start) as Matched;
  if (visited.size === 1) return [...first.sure, ...first.maybe].filter(({ step }) => step.toType === "queue").map(({ path }) => path);
  const found: Path[] = [];
  // Ways that end nowhere cost time too, so steps are counted and not only ways.
  let budget = MAX_PATHS * 50;
  const follow = (exchange: string, before: Path): void => {
    const { sure = [], maybe = [] } = visited.get(exchange) ?? {};
    for (const edges of [sure, maybe]) {
      for (const { step } of edges) {
        if (--budget < 0 || found.length > MAX_PATHS) return;
        if (step.toType === "queue") found.push([...before, step]);
        else if (step.to !== start && !before.some(({ to, toType }) => toType === "exchange" && to === step.to))
          follow(step.to, [...before, step]);
      }
    }
  };
  follow(start, []);
  return budget < 0 || found.length > MAX_PATHS ? shortest(visited, start) : found;
}

function shortest(visited: ReadonlyMap<string, Matched>, start: string): Path[] {
  const ways = new Map<string, Path>([[start, []]]);
  const found: Path[] = [];
  for (const [exchange, way] of ways) {
    const { sure = [], maybe = [] } = visited.get(exchange) ?? {};
    for (const { step } of [...sure, ...maybe]) {
      if (step.toType === "queue") found.push([...way, step]);
      else if (!ways.has(step.to)) ways.set(step.to, [...way, step]);
    }
  }
  return found;
}
