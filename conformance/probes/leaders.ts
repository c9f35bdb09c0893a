/** The leaders of quorum queues are spread over the nodes, where the topology asks for it. */
import type { Plan } from "../../topology/compile/plan.js";
import { effectiveSettings } from "../../topology/policies.js";
import { placements } from "../cluster/placement.js";
import { Broken, Untried, type Case, type Probe } from "../probe.js";

const balanced = (plan: Plan): string[] =>
  plan.queues
    .filter((queue) => queue.type === "quorum" && effectiveSettings(plan, queue).get("queue-leader-locator")?.value === "balanced")
    .map(({ name }) => name);

/** How often each node stands in the list. */
function tally(nodes: readonly string[], leaders: readonly (string | null | undefined)[]): Map<string, number> {
  return new Map(nodes.map((node) => [node, leaders.filter((leader) => leader === node).length]));
}

/** The most that one of so many nodes may lead: its share, and one more. */
const most = (queues: number, nodes: number): number => Math.ceil(queues / nodes) + 1;

const shown = (counts: ReadonlyMap<string, number>): string => [...counts].map(([node, count]) => `${node} ${count}`).join(", ");

/**
 * The broker balances when a queue is declared, over all that the cluster holds. So a node leads too many if it leads more than its share and one of
 * these queues, and more than its share and one of all replicated queues of the cluster.
 */
function leadersCase(names: readonly string[]): Case {
  return {
    name: "quorum queues",
    run: async (ground, note) => {
      const nodes = (await ground.management.nodes()).map(({ name }) => name).sort();
      if (names.length < nodes.length)
        throw new Untried(`${names.length} queues are declared to have balanced leaders; that says nothing about ${nodes.length} nodes`);
      const here = await ground.once("placements", () => placements(ground));
      const all = (await ground.management.placements()).map(({ leader }) => leader).filter(Boolean);
      const leaders = tally(
        nodes,
        names.map((name) => here.get(name)?.leader),
      );
      const everywhere = tally(nodes, all);
      note("read", `leaders of ${names.length} queues: ${shown(leaders)}; of all ${all.length} in the cluster: ${shown(everywhere)}`);
      const limit = most(names.length, nodes.length);
      const lines = nodes
        .filter((node) => (leaders.get(node) ?? 0) > limit && (everywhere.get(node) ?? 0) > most(all.length, nodes.length))
        .map(
          (node) =>
            `node ${node} leads ${leaders.get(node)} of the ${names.length} quorum queues that are declared to have balanced leaders (${shown(leaders)}); at most ${limit} is balanced. rabbitmq-queues rebalance quorum spreads them`,
        );
      if (lines.length > 0) throw new Broken(lines.join("\n"));
    },
  };
}

export const leaders: Probe = {
  name: "leaders",
  promise: "No node leads more than its share, and one, of the quorum queues whose leader locator is balanced.",
  level: "extended",
  profile: "read-only",
  needs: ["cluster"],
  cases: (plan) => {
    const names = balanced(plan);
    return names.length === 0 ? [] : [leadersCase(names)];
  },
};
