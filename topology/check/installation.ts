/** Rules about several topologies on one broker. */
import type { PlannedUser } from "../compile/plan.js";
import { equal } from "../equal.js";
import type { Installation } from "../model.js";
import { path } from "../path.js";
import type { Facts } from "./facts.js";
import { quote, type Rule, type SharedFault } from "./rule.js";
import { suggest } from "./suggest.js";

function* sameVhost(_: Installation, all: readonly Facts[]): Iterable<SharedFault> {
  for (const [kind, nameOf] of [
    ["vhost", ({ plan }: Facts) => plan.vhost.name],
    ["name", ({ plan }: Facts) => plan.topology],
  ] as const) {
    const seen = new Map<string, string>();
    for (const facts of all) {
      const name = nameOf(facts);
      const { topology } = facts;
      const first = seen.get(name);
      if (first === undefined) seen.set(name, topology.name);
      // Two of one name, in two vhosts, are found as such; two of one name in one vhost once.
      else if (kind === "vhost" || all.filter(({ plan }) => plan.topology === name && plan.vhost.name === facts.plan.vhost.name).length < 2)
        yield {
          topology: topology.name,
          path: kind === "vhost" && topology.vhost?.name !== undefined ? "vhost.name" : "name",
          message: `The topologies ${quote(first)} and ${quote(topology.name)} have one ${kind}, ${quote(name)}.`,
          value: name,
        };
    }
  }
}

/** What makes two users of one name different. */
const identity = ({ tags, limits, password, passwordHash }: Omit<PlannedUser, "name" | "origin">): unknown => ({
  tags: [...tags].sort(),
  limits: limits ?? {},
  password: password ?? null,
  passwordHash: passwordHash ?? null,
});

function* sameUser(installation: Installation, all: readonly Facts[]): Iterable<SharedFault> {
  const seen = new Map<string, { where: string; topology: string | undefined; identity: unknown }>();
  for (const [name, user] of Object.entries(installation.users ?? {}))
    seen.set(name, { where: "the installation", topology: undefined, identity: identity({ ...user, tags: user.tags ?? [] }) });
  for (const { topology, plan } of all)
    for (const user of plan.users) {
      const first = seen.get(user.name);
      if (!first) seen.set(user.name, { where: `topology ${quote(topology.name)}`, topology: topology.name, identity: identity(user) });
      // Within one topology it is a collision of names.
      else if (first.topology !== topology.name && !equal(first.identity, identity(user)))
        yield {
          topology: topology.name,
          path: user.origin,
          message: `User ${quote(user.name)} is another one in ${first.where}: tags, limits or password differ.`,
          value: user.name,
        };
    }
}

function* unknownVhosts(installation: Installation, all: readonly Facts[]): Iterable<SharedFault> {
  const vhosts = all.map(({ plan }) => plan.vhost.name);
  for (const [name, user] of Object.entries(installation.users ?? {}))
    for (const vhost of Object.keys(user.vhosts ?? {}))
      if (!vhosts.includes(vhost))
        yield {
          path: path("users", name, "vhosts", vhost),
          message: `User ${quote(name)} has rights in vhost ${quote(vhost)}, which no topology has.`,
          value: vhost,
          ...suggest(vhost, vhosts, "Add the topology of that vhost, or leave the rights out."),
        };
}

export const installationRules: readonly Rule[] = [
  {
    code: "vhost-collision",
    severity: "error",
    refused: true,
    title: "Two topologies with one vhost or one name",
    why: "A topology is one vhost: each of the two would take the other's objects for drift, and remove them.",
    remedy: "Give each a name and a vhost of its own, or make them one topology.",
    findAcross: sameVhost,
  },
  {
    code: "user-collision",
    severity: "error",
    refused: true,
    title: "A user with two definitions",
    why: "Users belong to the whole broker: the definition that is applied last would hold everywhere.",
    remedy: "Give the users different names, or define the user once, in the installation.",
    findAcross: sameUser,
  },
  {
    code: "undeclared-vhost",
    severity: "error",
    refused: true,
    title: "Rights in a vhost that no topology has",
    why: "The broker refuses permissions in a vhost that is not there.",
    remedy: "Correct the name.",
    findAcross: unknownVhosts,
  },
];
