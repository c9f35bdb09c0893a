/** A queue that was made anew past the engine: its state has the old one, and an update to what is there would delete the new one. */
import { expect, test } from "vitest";
import { liveImage } from "../testing/live-image.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Queue } from "../topology/model.js";
import { behind, refuseBehind } from "./behind.js";
import { itemId } from "./items.js";

const planOf = (work: Queue) => compileInstallation({ topologies: [{ name: "shop", queues: { work } }] });
const [classic, quorum] = [planOf({ type: "classic" }), planOf({ type: "quorum" })];
const stateOf = ({ vhosts }: typeof classic) => ({
  queues: new Map(vhosts.flatMap(({ vhost, queues }) => queues.map((queue) => [itemId("queue", vhost.name, queue.name), queue] as const))),
});

test("only where the broker has what is declared, and the state has not", () => {
  expect(behind(quorum, liveImage(quorum), stateOf(classic))).toMatchObject([
    { vhost: "shop", queue: "work", differences: [{ field: "type", before: "classic", after: "quorum" }] },
  ]);
  expect(behind(quorum, liveImage(quorum), stateOf(quorum))).toEqual([]);
  // That one is a loss.
  expect(behind(quorum, liveImage(classic), stateOf(classic))).toEqual([]);
  expect(behind(quorum, { ...liveImage(quorum), vhosts: [] }, stateOf(classic))).toEqual([]);
  expect(behind(quorum, liveImage(quorum), {})).toEqual([]);
});

test("the refusal names the queue, both shapes, and what to do", () => {
  refuseBehind([]);
  expect(() => refuseBehind(behind(quorum, liveImage(quorum), stateOf(classic)))).toThrow(
    /1 queue is on the broker as declared already[^]*"work" in vhost "shop"[^]*type: expected "quorum", is "classic"[^]*refresh --yes/,
  );
});
