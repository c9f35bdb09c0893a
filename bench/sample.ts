/** Topologies of a given size, for measurements. */
import { compile } from "../topology/compile/compile.js";
import type { Topology } from "../topology/model.js";

/** How many objects a broker holds for it: exchanges, queues, bindings and policies. */
export function objectsOf(topology: Topology): number {
  const plan = compile(topology);
  return plan.exchanges.length + plan.queues.length + plan.bindings.length + plan.policies.length;
}

const inGroups = (names: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(names.length / 50) }, (_, index) => names.slice(index * 50, (index + 1) * 50));

/** One topic exchange for fifty queues, each with a binding and a policy of its own; exactly `objects` in all, from 5 on. */
export function sample(objects: number): Topology {
  const exchanges: Record<string, { type: "topic" }> = {};
  const queues: Record<string, { type: "quorum"; from: Record<string, string>; maxLength: number }> = {};
  let left = objects;
  while (left >= 3) {
    const index = Object.keys(queues).length;
    const exchange = `exchange-${Math.floor(index / 50)}`;
    if (!(exchange in exchanges)) {
      exchanges[exchange] = { type: "topic" };
      left -= 1;
    }
    if (left < 3) break;
    queues[`queue-${index}`] = { type: "quorum", from: { [exchange]: `key.${index}.#` }, maxLength: 1000 };
    left -= 3;
  }
  for (let index = 0; index < left; index++) exchanges[`spare-${index}`] = { type: "topic" };
  return {
    name: `bench-${objects}`,
    exchanges,
    queues,
    messages: Object.fromEntries(Object.keys(exchanges).map((name) => [name, { to: name, key: "key.{n}" }])),
    // As many services as it takes for permissions that a broker accepts.
    services: {
      ...Object.fromEntries(inGroups(Object.keys(exchanges)).map((names, index) => [`publisher-${index}`, { publishes: names }])),
      ...Object.fromEntries(inGroups(Object.keys(queues)).map((names, index) => [`consumer-${index}`, { consumes: names }])),
    },
  };
}
