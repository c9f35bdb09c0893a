import { expect, it } from "vitest";
import { compile } from "../../topology/compile/compile.js";
import type { Queue } from "../../topology/model.js";
import { declaredMembers } from "./placement.js";

function declared(queue: Queue, nodes: number) {
  const plan = compile({ name: "x", queues: { q: queue } });
  const [planned] = plan.queues;
  if (!planned) throw new Error("the plan has no queue");
  return declaredMembers(plan, planned, nodes);
}

it.each<[string, Queue, number, { count: number; by: string | undefined }]>([
  ["three by default", { type: "quorum" }, 5, { count: 3, by: undefined }],
  ["no more than there are nodes", { type: "quorum", quorumInitialGroupSize: 5 }, 3, { count: 3, by: "quorum-initial-group-size" }],
  ["fewer than the default", { type: "quorum", quorumInitialGroupSize: 1 }, 3, { count: 1, by: "quorum-initial-group-size" }],
  [
    "a target above the initial size",
    { type: "quorum", quorumInitialGroupSize: 1, targetGroupSize: 5 },
    5,
    { count: 5, by: "target-group-size" },
  ],
  ["a target below the default", { type: "quorum", targetGroupSize: 1 }, 5, { count: 3, by: undefined }],
  ["a stream on every node", { type: "stream" }, 5, { count: 5, by: undefined }],
  ["a stream on some", { type: "stream", initialClusterSize: 2 }, 5, { count: 2, by: "initial-cluster-size" }],
])("declared members: %s", (_, queue, nodes, expected) => {
  expect(declared(queue, nodes)).toEqual(expected);
});
