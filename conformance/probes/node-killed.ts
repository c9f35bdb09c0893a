/** A node of the cluster dies, and nobody who works with quorum queues suffers for long. */
import { outageCase } from "../cluster/outage.js";
import type { Probe } from "../probe.js";

export const nodeKilled: Probe = {
  name: "node-killed",
  promise:
    "When a node is killed under load, publishing and consuming go on through the others, nothing confirmed is lost, and it comes back.",
  level: "extended",
  profile: "full",
  needs: ["cluster", "faults"],
  cases: outageCase({
    done: "killed",
    begin: (faults, node) => faults.kill(node),
    end: (faults, node) => faults.start(node),
  }),
};
