// Which services run as containers: those that consume, of the systems that have handlers, each as often as it is asked for.
import { describe, expect, it } from "vitest";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { jobsOf } from "./workers.js";

const all = Object.values(systems) as readonly Topology[];

describe("workers", () => {
  it("are the services that consume, as their own users", () => {
    const { workers, load } = jobsOf([systems.debias as Topology], 2, 0);
    expect(workers.map(({ name }) => name)).toEqual([
      "debias-neo4j-worker-0",
      "debias-neo4j-worker-1",
      "debias-qdrant-worker-0",
      "debias-qdrant-worker-1",
    ]);
    expect(workers[0]).toMatchObject({ user: "debias.neo4j-worker", command: ["work", "debias", "--service", "neo4j-worker"] });
    expect(load).toEqual([]);
  });

  it("have names that are given once, in all systems, and none without being asked for", () => {
    const names = jobsOf(all, 3, 10).workers.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(10);
    expect(new Set(names).size).toBe(names.length);
    expect(jobsOf(all, 0, 0)).toEqual({ workers: [], load: [] });
  });

  it("are not of a topology without reference handlers", () => {
    const own: Topology = { name: "mine", queues: { q: { type: "quorum" } }, services: { s: { consumes: ["q"] } } };
    expect(jobsOf([own], 1, 10)).toEqual({ workers: [], load: [] });
  });
});

it("a load is of a message that its user may publish", () => {
  const { load } = jobsOf(all, 0, 25);
  expect(load.map(({ system }) => system).sort()).toEqual(Object.keys(systems).sort());
  for (const { system, service, command } of load) {
    const topology = all.find(({ name }) => name === system);
    expect(topology?.services?.[service]?.publishes).toContain(command[2]);
    expect(command.slice(3)).toEqual(["--rate", "25", "--for", "24h"]);
  }
});
