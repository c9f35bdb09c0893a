/** Rules about federation and shovels. */
import { path } from "../path.js";
import { brokerRegex } from "../regex.js";
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

const SCHEMES = /^amqps?:\/\//i;

/** What the broker refuses in a shovel or an upstream (seen on 4.3.6). */
function* refusedLinks({ topology }: Facts): Iterable<Fault> {
  const uris = [
    ...Object.entries(topology.federationUpstreams ?? {}).map(([name, { uri }]) => ({
      at: `${path("federationUpstreams", name)}.uri`,
      uri,
    })),
    ...Object.entries(topology.shovels ?? {}).flatMap(([name, { from, to }]) => [
      { at: `${path("shovels", name)}.from.uri`, uri: from.uri },
      { at: `${path("shovels", name)}.to.uri`, uri: to.uri },
    ]),
  ];
  for (const { at, uri } of uris)
    for (const one of [uri].flat())
      if (typeof one === "string" && !SCHEMES.test(one)) {
        const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(one)?.[0];
        yield {
          path: at,
          // What follows may hold a password.
          message: `The URI ${scheme === undefined ? "has no scheme" : `begins with "${scheme}"`}, which the broker does not take.`,
          value: scheme ?? "",
          allowed: ["amqp://", "amqps://"],
        };
      }
  for (const [name, { from }] of Object.entries(topology.shovels ?? {}))
    if (typeof from.deleteAfter === "number" && !(from.deleteAfter >= 0))
      yield {
        path: `${path("shovels", name)}.from.deleteAfter`,
        message: `Shovel ${quote(name)} is to be deleted after ${from.deleteAfter} messages.`,
        value: from.deleteAfter,
        allowed: ["never", "queue-length", "0 or more"],
      };
}

function* unusedUpstreams({ topology, plan }: Facts): Iterable<Fault> {
  const definitions = plan.policies.map(({ definition }) => definition);
  const everything = definitions.some((definition) => definition["federation-upstream-set"] === "all");
  const used = new Set(definitions.map((definition) => definition["federation-upstream"]));
  const patterns = definitions.flatMap((definition) => {
    const pattern = definition["federation-upstream-pattern"];
    const compiled = typeof pattern === "string" ? brokerRegex(pattern) : undefined;
    return compiled && "regex" in compiled ? [compiled.regex] : [];
  });
  const sets = plan.parameters.filter(({ component }) => component === "federation-upstream-set").map(({ value }) => JSON.stringify(value));
  for (const name of Object.keys(topology.federationUpstreams ?? {})) {
    if (everything || used.has(name) || sets.some((set) => set.includes(JSON.stringify(name)))) continue;
    if (patterns.some((pattern) => pattern.test(name))) continue;
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
    code: "link-refused",
    severity: "error",
    refused: true,
    title: "A shovel or an upstream with a value that the broker does not take",
    why: "The broker refuses it.",
    remedy: "Take one of the allowed values.",
    find: refusedLinks,
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
