// Which services run as containers: those that consume, of the systems that have handlers, each as often as it is asked for, with all that it needs.
import { describe, expect, it } from "vitest";
import { forEnvironment } from "../topology/environments.js";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { jobsOf } from "./worker-jobs.js";

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

  it("are all of them, those with instances of their own too, but none that only publishes or looks after dead letters", () => {
    const names = (system: string) => [...new Set(jobsOf([systems[system] as Topology], 1, 0).workers.map(({ service }) => service))];
    expect(names("contextiq")).toEqual([
      ...["extraction-worker", "consolidation-worker", "result-handler", "event-handler", "analytics", "logging", "webhook"],
    ]);
    expect(names("fo-analytics")).toEqual(["worker"]);
    expect(names("cgcg")).toEqual(["api", "worker"]);
    expect(names("stage7")).toEqual(["post-office", "mission-control", "brain", "agent-set", "librarian"]);
  });

  it("have names that are given once, in all systems, and none without being asked for", () => {
    const names = jobsOf(all, 3, 10).workers.map(({ name }) => name);
    expect(names.length).toBe(3 * 17);
    expect(new Set(names).size).toBe(names.length);
    expect(jobsOf(all, 0, 0)).toEqual({ workers: [], load: [] });
  });

  it("are as many as the topology promises, in its environment", () => {
    const extracting = (replicas: number, environment?: string) =>
      jobsOf([forEnvironment(systems["contextiq"] as Topology, environment)], replicas, 0)
        .workers.filter(({ service }) => service === "extraction-worker")
        .map(({ name }) => name);
    expect(extracting(1)).toEqual(["contextiq-extraction-worker-0", "contextiq-extraction-worker-1"]);
    expect(extracting(1, "dev")).toEqual(["contextiq-extraction-worker-0"]);
    expect(extracting(3, "dev").length).toBe(3);
    expect(extracting(0)).toEqual([]);
  });

  it("are not of a topology without reference handlers", () => {
    const own: Topology = { name: "mine", queues: { q: { type: "quorum" } }, services: { s: { consumes: ["q"] } } };
    expect(jobsOf([own], 1, 10)).toEqual({ workers: [], load: [] });
  });

  it("get secrets as files alone, and only those that they need", () => {
    const { workers } = jobsOf(all, 1, 0);
    for (const { variables } of workers) expect(Object.keys(variables).filter((name) => /SECRET|TOKEN|KEY/.test(name))).toEqual([]);
    const files = Object.fromEntries(workers.filter((job) => job.files.length > 0).map((job) => [job.name, job.files]));
    expect(files).toMatchObject({
      "cgcg-api-0": ["CGCG_API_KEYS_FILE"],
      "stage7-post-office-0": ["STAGE7_TOKEN_FILE", "STAGE7_CLIENT_SECRET_FILE"],
      "stage7-brain-0": ["STAGE7_TOKEN_FILE"],
    });
    expect(Object.keys(files).every((name) => /^(cgcg-api|stage7)/.test(name))).toBe(true);
  });

  it("of Stage7 listen where the others find them", () => {
    const brains = jobsOf([systems["stage7"] as Topology], 2, 0).workers.filter(({ service }) => service === "brain");
    expect(brains.map(({ variables }) => variables["WARREN_API_HOST"])).toEqual(["stage7-brain-0", "stage7-brain-1"]);
  });
});

describe("a load", () => {
  it("is of messages that its user may publish, each system's rate shared by them", () => {
    const { load } = jobsOf(all, 0, 25);
    expect([...new Set(load.map(({ system }) => system))].sort()).toEqual(Object.keys(systems).sort());
    expect(new Set(load.map(({ name }) => name)).size).toBe(load.length);
    for (const { system, service, user, command } of load) {
      const topology = all.find(({ name }) => name === system);
      expect(topology?.services?.[service]?.publishes).toContain(command[2]);
      expect(user).toBe(`${system}.${service}`);
      expect(command.slice(3, 5)).toEqual(["--service", service]);
    }
    const rates = (of: string) => load.filter(({ system }) => system === of).map(({ name, command }) => [name, command[6]]);
    expect(rates("debias")).toEqual([["debias-load", "25"]]);
    expect(rates("contextiq")).toEqual([
      ["contextiq-load", "13"],
      ["contextiq-load-2", "13"],
    ]);
    expect(load.find(({ name }) => name === "contextiq-load-2")?.command.slice(-2)).toEqual(["--key", "event=created"]);
  });
});
