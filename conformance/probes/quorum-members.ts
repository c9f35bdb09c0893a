/** Every replicated queue has its members, and they are online. */
import type { PlannedQueue } from "../../topology/compile/plan.js";
import { declaredMembers, isReplicated, nodeList, placements } from "../cluster/placement.js";
import { Broken, type Case, type Probe } from "../probe.js";

function membersCase(queue: PlannedQueue): Case {
  const name = `queue ${JSON.stringify(queue.name)}`;
  return {
    name,
    run: async (ground, note) => {
      const found = (await ground.once("placements", () => placements(ground))).get(queue.name);
      if (!found) throw new Broken(`${name} is not on the broker`);
      if (!found.members)
        throw new Broken(`${name} is ${found.type} on ${found.node ?? "no node"}, without members; declared is ${queue.type}`);
      const { members, online = [] } = found;
      const { count, by } = declaredMembers(ground.plan, queue, ground.target.nodes ?? 1);
      const declared = `declared are ${count} (${by ?? "by default"})`;
      note("read", `members ${nodeList(members)}; online ${nodeList(online)}; ${declared}`);
      const off = members.filter((member) => !online.includes(member));
      const lines = [
        // Where nothing is said, more than the default is nobody's mistake.
        ...(members.length < count || (by !== undefined && members.length > count)
          ? [`${name} has ${members.length} ${members.length === 1 ? "member" : "members"} (${nodeList(members)}), ${declared}`]
          : []),
        ...off.map((member) => `${name}: its member on ${member} is not online`),
      ];
      if (lines.length > 0) throw new Broken(lines.join("\n"));
    },
  };
}

export const quorumMembers: Probe = {
  name: "quorum-members",
  promise: "Every quorum queue and stream has its declared number of members, and all are online.",
  level: "extended",
  profile: "read-only",
  needs: ["cluster"],
  cases: ({ queues }) => queues.filter(isReplicated).map(membersCase),
};
