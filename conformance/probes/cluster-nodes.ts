/** Every node that the target declares is up, and the cluster is well. */
import type { WireNode } from "../../broker/index.js";
import type { Ground } from "../ground.js";
import { Broken, type Case, type Probe } from "../probe.js";

/** Throws if there is any line. */
function none(lines: readonly string[]): void {
  if (lines.length > 0) throw new Broken(lines.join("\n"));
}

const nodesCase: Case = {
  name: "nodes",
  run: async (ground, note) => {
    const nodes = await ground.management.nodes();
    const { nodes: count = 0, nodeUrls = {} } = ground.target;
    const there = new Set(nodes.map(({ name }) => name));
    note("read", nodes.map(({ name, running }) => `${name} ${running ? "runs" : "is down"}`).join(", "));
    none([
      ...nodes.filter(({ running }) => !running).map(({ name }) => `node ${name} is in the cluster, and does not run`),
      ...Object.keys(nodeUrls)
        .filter((name) => !there.has(name))
        .map((name) => `node ${name} is declared, and is not in the cluster`),
      ...(nodes.length === count ? [] : [`the cluster has ${nodes.length} nodes (${[...there].join(", ")}), declared are ${count}`]),
    ]);
  },
};

/** Waits until every node that runs has its statistics. */
function seenNodes(ground: Ground): Promise<readonly WireNode[]> {
  let missing: string[] = [];
  return ground.eventually(
    "every node's statistics",
    async () => {
      const nodes = (await ground.management.nodes()).filter(({ running }) => running);
      missing = nodes.filter(({ mem_alarm }) => mem_alarm === undefined).map(({ name }) => name);
      return missing.length === 0 ? nodes : undefined;
    },
    ground.timeouts.counts,
    () => `none of ${missing.join(", ")}`,
  );
}

const alarmsCase: Case = {
  name: "alarms",
  run: async (ground, note) => {
    const nodes = await seenNodes(ground);
    note("read", `alarms of ${nodes.map(({ name }) => name).join(", ")}`);
    none(
      nodes.flatMap(({ name, mem_alarm, disk_free_alarm }) => [
        ...(mem_alarm ? [`node ${name} is out of memory (alarm): publishers are blocked`] : []),
        ...(disk_free_alarm ? [`node ${name} is out of disk space (alarm): publishers are blocked`] : []),
      ]),
    );
  },
};

const partitionsCase: Case = {
  name: "partitions",
  run: async (ground, note) => {
    const nodes = await seenNodes(ground);
    note("read", `partitions that ${nodes.map(({ name }) => name).join(", ")} see`);
    none(
      nodes.flatMap(({ name, partitions = [] }) =>
        partitions.length > 0 ? [`node ${name} takes itself to be cut off from ${partitions.join(", ")}`] : [],
      ),
    );
  },
};

const flagsCase: Case = {
  name: "feature flags",
  run: async (ground, note) => {
    // Those that are experiments are off until somebody wants them.
    const flags = (await ground.management.featureFlags()).filter(({ stability }) => stability !== "experimental");
    note("read", `${flags.length} stable feature flags`);
    none(flags.filter(({ state }) => state !== "enabled").map(({ name, state }) => `feature flag ${name} is ${state}, not enabled`));
  },
};

export const clusterNodes: Probe = {
  name: "cluster-nodes",
  promise: "Every declared node is up and in the cluster; none is cut off or has an alarm, and every stable feature flag is enabled.",
  level: "extended",
  profile: "read-only",
  needs: ["cluster"],
  cases: () => [nodesCase, alarmsCase, partitionsCase, flagsCase],
};
