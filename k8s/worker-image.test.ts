// Who runs the worker's image without one being chosen is told of it; who runs none of it need not choose.
import { expect, test } from "vitest";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { objectsOf, prod } from "./prod.js";
import { readProdSettings, type ProdInput } from "./settings.js";
import { missingImage } from "./worker-image.js";

const bare: ProdInput = { workers: { deploy: false }, monitoring: { exporter: false } };
function missing(input: ProdInput, system: Topology = systems.debias as Topology) {
  const made = prod({ topologies: [system] }, readProdSettings(input), { environment: "prod" });
  return missingImage({ ...made, objects: objectsOf(made) });
}

test("all that would run it are named, with the way to an image", () => {
  const { fault, remedy, exitCode } = missing({}) ?? {};
  expect(fault).toBe(
    "warren:kubernetes.workers.image names no image, and these would run it: Deployment warren-workers/debias-neo4j-worker, Deployment warren-workers/debias-qdrant-worker, Deployment warren-monitoring/exporter.",
  );
  expect(remedy).toMatch(/^npm run worker-image .*'warren:kubernetes\.workers\.image' NAME/);
  expect(exitCode).toBe(2);
});

test.each<[string, ProdInput, RegExp]>([
  ["a worker", { ...bare, workers: { deploy: true } }, /: Deployment warren-workers\/debias-neo4j-worker, [^,]*debias-qdrant-worker\.$/],
  ["the exporter", { ...bare, monitoring: {} }, /: Deployment warren-monitoring\/exporter\.$/],
  ["the store", { ...bare, workers: { deploy: false, store: true } }, /: Deployment warren-workers\/store\.$/],
  ["the load", { ...bare, workers: { deploy: false, load: 1 } }, /: Deployment warren-workers\/\S*load\S*\.$/],
])("%s alone runs it", (_, input, who) => expect(missing(input)?.fault).toMatch(who));

test.each<[string, ProdInput]>([
  ["one that was chosen", { workers: { image: "registry.example/worker:1" } }],
  ["nothing of it", bare],
])("%s: no fault", (_, input) => expect(missing(input)).toBeUndefined());

test("an application with an image of its own needs no other", () => {
  const shop: Topology = { name: "shop", queues: { orders: { type: "quorum" } }, services: { packer: { consumes: ["orders"] } } };
  expect(missing({ ...bare, workers: {}, services: { shop: { packer: { image: "shop/packer:7" } } } }, shop)).toBeUndefined();
});
