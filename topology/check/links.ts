/** Rules about federation and shovels. */
import { path } from "../path.js";
import type { Facts } from "./facts.js";
import { quote, type Fault, type Rule } from "./rule.js";

function* incompleteShovels({ topology }: Facts): Iterable<Fault> {
  for (const [name, shovel] of Object.entries(topology.shovels ?? {}))
    for (const side of ["from", "to"] as const) {
      const { queue, exchange } = shovel[side];
      const given = [queue, exchange].filter((one) => one !== undefined);
      // A shovel may publish to the address that each message brings along.
      if (given.length === 1 || (side === "to" && given.length === 0)) continue;
      yield {
        path: `${path("shovels", name)}.${side}`,
        message: `Shovel ${quote(name)} has ${given.length === 0 ? "neither a queue nor an exchange" : "a queue and an exchange"} as ${side === "from" ? "source" : "target"}.`,
        allowed: ["queue", "exchange"],
      };
    }
}

function* unusedUpstreams({ topology, plan }: Facts): Iterable<Fault> {
  const definitions = plan.policies.map(({ definition }) => definition);
  const everything = definitions.some((definition) => definition["federation-upstream-set"] === "all");
  const used = new Set(definitions.map((definition) => definition["federation-upstream"]));
  const sets = plan.parameters.filter(({ component }) => component === "federation-upstream-set").map(({ value }) => JSON.stringify(value));
  for (const name of Object.keys(topology.federationUpstreams ?? {})) {
    if (everything || used.has(name) || sets.some((set) => set.includes(JSON.stringify(name)))) continue;
    yield { path: path("federationUpstreams", name), message: `No policy federates from upstream ${quote(name)}.`, value: name };
  }
}

export const linkRules: readonly Rule[] = [
  {
    code: "shovel-incomplete",
    severity: "error",
    refused: true,
    title: "A shovel that does not say from where or to where",
    why: "The broker refuses it.",
    remedy: "Name one queue, or one exchange, on each side.",
    find: incompleteShovels,
  },
  {
    code: "upstream-unused",
    severity: "warning",
    title: "A federation upstream that no policy uses",
    why: "Nothing is federated until a policy with federation-upstream matches an exchange or a queue.",
    remedy: 'Write a policy with { "federation-upstream": "NAME" }, or leave the upstream out.',
    find: unusedUpstreams,
  },
];
