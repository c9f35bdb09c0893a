/** A plan with a given number of bindings, most of them of topic exchanges, and messages to it. The same every time. */
import { compile } from "../topology/compile/compile.js";
import type { Plan } from "../topology/compile/plan.js";
import type { Binding, Exchange, Queue } from "../topology/model.js";

export interface RoutedMessage {
  readonly kind: "topic" | "direct" | "headers" | "through exchanges";
  readonly exchange: string;
  readonly key: string;
  readonly headers: { readonly [name: string]: unknown };
}

const COUNTRIES = ["de", "fr", "it", "es", "pl", "nl", "us", "br", "in", "jp"];
const EVENTS = ["created", "paid", "packed", "shipped", "returned", "cancelled"];

/** Numbers that look random: a linear congruence. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Of ten bindings seven are patterns of a topic exchange, two keys of a direct one; a few ask for headers or bind exchanges. */
export function routingSample(bindings: number): { readonly plan: Plan; readonly messages: readonly RoutedMessage[] } {
  const next = numbers(7);
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const customers = Math.max(1, Math.round(bindings / 8));
  const customer = (): string => `c${next(customers)}`;
  const pattern = (): string => {
    const choice = next(20);
    // Those that match much are few, as where somebody watches or keeps everything.
    if (choice === 0 && next(40) === 0) return pick(["#", "order.#", `order.${pick(COUNTRIES)}.#`]);
    if (choice < 8) return `order.${pick(COUNTRIES)}.${customer()}.${pick(EVENTS)}`;
    if (choice < 13) return `order.*.${customer()}.${pick(EVENTS)}`;
    if (choice < 18) return `order.${pick(COUNTRIES)}.${customer()}.#`;
    return `#.${customer()}.${pick(EVENTS)}`;
  };
  const exchanges: Record<string, Exchange> = {
    orders: { type: "topic" },
    jobs: { type: "direct" },
    match: { type: "headers" },
    front: { type: "topic" },
  };
  const perQueue = 10;
  const regions = Math.max(1, Math.round(bindings / 200));
  for (let region = 0; region < regions; region++) exchanges[`region-${region}`] = { type: "topic", from: { front: `*.r${region}.#` } };
  const queues: Record<string, Queue> = {};
  for (let left = bindings - regions, index = 0; left > 0; left -= perQueue, index++) {
    const from: Record<string, (string | Binding)[]> = {};
    for (let one = 0; one < Math.min(perQueue, left); one++) {
      const choice = next(100);
      if (choice < 70) (from["orders"] ??= []).push(pattern());
      else if (choice < 90) (from["jobs"] ??= []).push(`job.${next(bindings)}`);
      else if (choice < 92)
        (from["match"] ??= []).push({ headers: { customer: customer(), event: pick(EVENTS) }, match: pick(["all", "any"]) });
      else (from[`region-${next(regions)}`] ??= []).push(`order.*.${customer()}.#`);
    }
    queues[`queue-${index}`] = { type: "quorum", from };
  }
  const plan = compile({ name: "bench", exchanges, queues });
  const jobs = plan.bindings.filter(({ source }) => source === "jobs").map(({ routingKey }) => routingKey);
  const behind = plan.bindings.filter(({ source }) => source.startsWith("region-"));
  const message = (): RoutedMessage => {
    const choice = next(100);
    const headers = {};
    if (choice < 70) return { kind: "topic", exchange: "orders", key: `order.${pick(COUNTRIES)}.${customer()}.${pick(EVENTS)}`, headers };
    if (choice < 90) return { kind: "direct", exchange: "jobs", key: pick(jobs) ?? "", headers };
    if (choice < 92)
      return { kind: "headers", exchange: "match", key: "", headers: { customer: customer(), event: pick(EVENTS), region: "eu" } };
    const { source = "region-0", routingKey = "" } = pick(behind) ?? {};
    const key = `order.r${source.slice("region-".length)}.${routingKey.split(".")[2] ?? ""}.paid`;
    return { kind: "through exchanges", exchange: "front", key, headers };
  };
  return { plan, messages: Array.from({ length: 5000 }, message) };
}
