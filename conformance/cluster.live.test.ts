// The promises of a cluster, on three real nodes: kept by one that is whole, broken by every mutation.
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { Management } from "../broker/index.js";
import { scratchName } from "../testing/broker.js";
import { TestCluster } from "../testing/cluster.js";
import { faultsOf } from "../testing/faults-of.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import { clusterTopology } from "./mutations/cluster.js";
import { clusterMutations } from "./mutations/index.js";
import { probes } from "./probes/index.js";
import { conform } from "./run.js";
import type { Target } from "./target.js";

const names = probes.filter(({ needs }) => needs?.includes("cluster")).map(({ name }) => name);

let cluster: TestCluster | undefined;
beforeAll(async () => void (cluster = await TestCluster.start()));
afterAll(() => cluster?.remove());

/** The topology in a vhost of its own, on nodes that are all well again after the test. */
async function provision() {
  if (!cluster) throw new Error("the cluster did not start");
  const whole = cluster;
  const vhost = scratchName("cluster");
  const installation: Target["installation"] = { topologies: [{ ...clusterTopology, name: vhost }] };
  const management = new Management(whole.management);
  onTestFinished(async () => {
    await whole.whole();
    await management.deleteVhost(vhost);
    await management.close();
  });
  await management.importDefinitions(definitions(compileInstallation(installation)));
  return { cluster: whole, management, vhost, target: whole.target(installation) };
}

it("a cluster that is whole keeps every promise", async () => {
  const { target } = await provision();
  const report = await conform(target, { profile: "full", only: names });
  expect(faultsOf(report)).toBe("");
  expect(report.probes.map(({ name, result }) => [name, result])).toEqual(names.map((name) => [name, "success"]));
});

it.each(clusterMutations.map((mutation) => [mutation.probe, mutation.name, mutation] as const))(
  "probe %s fails if %s",
  async (probe, _, { change, says }) => {
    const { target, ...broker } = await provision();
    await change(broker);
    const report = await conform(target, { profile: "full", only: [probe] });
    expect(faultsOf(report)).toMatch(says);
    expect(report.result).toBe("failure");
  },
);
