/** A policy that only an update brings is named, the one that is there already or comes with the queue is not. */
import { expect, test } from "vitest";
import { liveImage } from "../testing/live-image.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Plan, PlannedQueue } from "../topology/compile/plan.js";
import type { Topology } from "../topology/model.js";
import { laterPolicies } from "./later.js";

const planOf = (more: Partial<Topology>, maxLength?: number) =>
  compileInstallation({
    topologies: [{ name: "shop", queues: { work: { type: "quorum", ...(maxLength === undefined ? {} : { maxLength }) } }, ...more }],
  });
const later = (wanted: ReturnType<typeof planOf>, there: ReturnType<typeof planOf>) => {
  const plan = wanted.vhosts[0] as Plan;
  return laterPolicies(plan, plan.queues[0] as PlannedQueue, liveImage(there).vhosts[0]);
};
const definition = { "max-length": 5 };
const quorums: Partial<Topology> = { policies: { quorums: { pattern: ".*", applyTo: "quorum_queues", priority: 1, definition } } };

test("of the queue's new type, where it is not on the broker as it is to be", () => {
  expect(later(planOf(quorums), planOf({}))).toEqual([{ kind: "policy", name: "quorums" }]);
  expect(later(planOf(quorums), planOf(quorums))).toEqual([]);
  const classics: Partial<Topology> = { policies: { classics: { pattern: ".*", applyTo: "classic_queues", priority: 1, definition } } };
  expect(later(planOf(classics), planOf({}))).toEqual([]);
  // Its own comes with it, and wins.
  expect(later(planOf(quorums, 7), planOf({}))).toEqual([]);
  const operators: Partial<Topology> = { operatorPolicies: { all: { pattern: ".*", applyTo: "queues", priority: 1, definition } } };
  expect(later(planOf(operators), planOf({}))).toEqual([{ kind: "operator policy", name: "all" }]);
});
