// What the five systems ask of a cluster, counted over their objects.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { objectsOf, prod } from "./prod.js";
import { bytesOf, bytesText, coresText, millicoresOf } from "./quantities.js";
import { readProdSettings, type ProdInput } from "./settings.js";
import { sizeOf, sizeTable, type Size } from "./sizes.js";

const sized = (name: string, input: ProdInput = {}) =>
  sizeOf(objectsOf(prod({ topologies: [systems[name] as Topology] }, readProdSettings(input), { environment: "prod" })));
const GIB = 2 ** 30;

describe("sizes", () => {
  it("of ContextIQ are those of its description: three nodes, and workers from 2 to 20", () => {
    const { rows, least, most } = sized("contextiq");
    const row = (of: string) => rows.find((each) => each.of === of);
    expect(row("RabbitmqCluster rabbitmq")?.least).toEqual({
      ...{ pods: 3, millicores: 3000, memoryBytes: 12 * GIB, volumes: 3, volumeBytes: 60 * GIB },
    });
    expect(row("Deployment contextiq-extraction-worker")?.least).toMatchObject({ pods: 2, millicores: 500, memoryBytes: GIB / 2 });
    expect(row("Deployment contextiq-extraction-worker")?.most).toMatchObject({ pods: 20, millicores: 5000, memoryBytes: 5 * GIB });
    expect([least.pods, most.pods]).toEqual([18, 64]);
  });

  it("of each system fit a cluster of a usual size, and their sum is that of their rows", () => {
    for (const name of Object.keys(systems)) {
      const { rows, least, most } = sized(name);
      expect(least.pods, name).toBeLessThan(25);
      expect(most.millicores, name).toBeLessThan(20_000);
      expect(most.memoryBytes, name).toBeLessThan(32 * GIB);
      for (const key of ["pods", "millicores", "memoryBytes", "volumes", "volumeBytes"] as const satisfies (keyof Size)[]) {
        expect(rows.reduce((sum, row) => sum + row.least[key], 0)).toBe(least[key]);
        expect(least[key]).toBeLessThanOrEqual(most[key]);
      }
    }
  });

  it("count no volume where there is none, and one pod number where nothing scales", () => {
    const { rows, least } = sized("debias", { cluster: { storage: { size: "0" } }, autoscaling: { kind: "none" } });
    expect(least).toMatchObject({ volumes: 0, volumeBytes: 0 });
    for (const row of rows) expect(row.least).toEqual(row.most);
  });

  it("are a table for people", () => {
    const lines = sizeTable(sized("debias")).split("\n");
    expect(lines[1]).toMatch(/^RabbitmqCluster rabbitmq +3 +3 +12Gi +3 \(60Gi\)$/);
    expect(lines[2]).toMatch(/^Deployment debias-neo4j-worker +1 - 5 +200m - 1 +256Mi - 1.3Gi$/);
    expect(lines.at(-1)).toMatch(/^together /);
  });
});

describe("quantities", () => {
  it("are read as Kubernetes writes them", () => {
    expect(["500m", "2", "0.5", "x", "1Gi"].map(millicoresOf)).toEqual([500, 2000, 500, NaN, NaN]);
    expect(["0", "1k", "1Ki", "1.5Gi", "4G", "-1", ""].map(bytesOf)).toEqual([0, 1000, 1024, 1.5 * GIB, 4e9, NaN, NaN]);
  });

  it("come back from text as they went", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (bytes) => bytesOf(bytesText(bytes)) === bytes));
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e6 }), (cores) => millicoresOf(coresText(cores)) === cores));
  });
});
