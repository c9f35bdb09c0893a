/** A node of the cluster is cut off from the others, and nobody who works with quorum queues suffers for long. */
import { outageCase } from "../cluster/outage.js";
import type { Probe } from "../probe.js";

export const nodePartitioned: Probe = {
  name: "node-partitioned",
  promise:
    "When a node is cut off from the others under load, publishing and consuming go on through these, nothing confirmed is lost, and it comes back.",
  level: "extended",
  profile: "full",
  needs: ["cluster", "faults"],
  cases: outageCase({
    done: "cut off",
    begin: (faults, node) => faults.partition(node),
    end: (faults, node) => faults.heal(node),
  }),
};
