/** Every object that the topology declares is there, exactly as it is declared, and nothing besides. */
import { drift, readLive, type Drift, type ItemKind } from "../../broker/index.js";
import type { Plan } from "../../topology/compile/plan.js";
import type { Ground } from "../ground.js";
import { Broken, type Case, type Probe } from "../probe.js";

const KINDS: Readonly<Record<ItemKind, (plan: Plan) => number>> = {
  vhost: () => 1,
  exchange: ({ exchanges }) => exchanges.length,
  queue: ({ queues }) => queues.length,
  binding: ({ bindings }) => bindings.length,
  policy: ({ policies }) => policies.length,
  "operator policy": ({ operatorPolicies }) => operatorPolicies.length,
  user: ({ users }) => users.length,
  permission: ({ permissions }) => permissions.length,
  "topic permission": ({ topicPermissions }) => topicPermissions.length,
  parameter: ({ parameters }) => parameters.length,
  "global parameter": () => 0,
};

const differences = (ground: Ground): Promise<Drift> =>
  ground.once("drift", async () => {
    const live = await readLive(ground.management, [ground.vhost]);
    const global = { users: [], permissions: [], topicPermissions: [], parameters: [] };
    return drift({ vhosts: [ground.plan], global }, live);
  });

const text = (value: unknown): string => (value === null ? "not set" : JSON.stringify(value));

function kindCase(kind: ItemKind, count: number): Case {
  return {
    name: kind,
    run: async (ground, note) => {
      const found = await differences(ground);
      const here = <T extends { readonly kind: ItemKind; readonly name: string }>(list: readonly T[]): T[] =>
        list.filter((entry) => entry.kind === kind && !entry.name.startsWith(ground.run));
      const lines = [
        ...here(found.missing).map(({ name }) => `${kind} ${JSON.stringify(name)} is missing`),
        ...here(found.mismatched).map(
          ({ name, field, expected, actual, winner }) =>
            `${kind} ${JSON.stringify(name)}: ${field} is ${text(actual)}, declared is ${text(expected)}${winner === undefined ? "" : ` (${winner} decides)`}`,
        ),
        ...here(found.extra).map(({ name }) => `${kind} ${JSON.stringify(name)} is on the broker and not in the topology`),
      ];
      note("read", `${count} declared, ${lines.length} ${lines.length === 1 ? "difference" : "differences"}`);
      if (lines.length > 0) throw new Broken(lines.join("\n"));
    },
  };
}

export const objects: Probe = {
  name: "objects",
  promise: "Every declared object exists with exactly its settings, and there is nothing besides.",
  level: "core",
  profile: "read-only",
  cases: (plan) =>
    (Object.keys(KINDS) as ItemKind[]).filter((kind) => kind !== "global parameter").map((kind) => kindCase(kind, KINDS[kind](plan))),
};
