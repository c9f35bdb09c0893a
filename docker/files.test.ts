// What the broker's container starts with: only the hash of a password, and only the plugins that are needed.
import { describe, expect, it } from "vitest";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Topology } from "../topology/model.js";
import { bootDefinitions, brokerConf, DEFINITIONS_FILE, enabledPlugins } from "./files.js";
import { pluginsOf } from "../topology/compile/plugins.js";

describe("the definitions for the start", () => {
  const text = bootDefinitions({ name: "warren", password: "sekret", salt: "s" });

  it("hold one administrator, whose password is not in them", () => {
    expect(JSON.parse(text)).toMatchObject({ users: [{ name: "warren", tags: ["administrator"] }] });
    expect(text).not.toContain("sekret");
  });

  it("are the same in every run, and others for another password", () => {
    expect(bootDefinitions({ name: "warren", password: "sekret", salt: "s" })).toBe(text);
    expect(bootDefinitions({ name: "warren", password: "other", salt: "s" })).not.toBe(text);
  });
});

it("the configuration names the definitions and the memory that there is, and spreads the leaders of queues", () => {
  expect(brokerConf({ memoryMb: 512 }).split("\n")).toEqual(
    expect.arrayContaining([
      `load_definitions = ${DEFINITIONS_FILE}`,
      "total_memory_available_override_value = 512MB",
      "queue_leader_locator = balanced",
    ]),
  );
});

describe("the configuration of a node", () => {
  const conf = (more: Partial<Parameters<typeof brokerConf>[0]>): string[] => brokerConf({ memoryMb: 512, ...more }).split("\n");

  it("names the nodes that a new one joins", () => {
    expect(conf({}).filter((line) => line.startsWith("cluster_formation"))).toEqual([]);
    expect(conf({ peers: ["broker-0", "broker-1"] })).toEqual(
      expect.arrayContaining([
        "cluster_formation.peer_discovery_backend = classic_config",
        "cluster_formation.classic_config.nodes.1 = rabbit@broker-0",
        "cluster_formation.classic_config.nodes.2 = rabbit@broker-1",
      ]),
    );
  });

  it("has TLS beside plain listeners, or alone", () => {
    expect(conf({}).join()).not.toMatch(/ssl|listeners/);
    const both = conf({ tls: { plain: true } });
    expect(both).toEqual(expect.arrayContaining(["listeners.ssl.1 = 5671", "management.ssl.port = 15671", "management.tcp.port = 15672"]));
    expect(both).not.toContain("listeners.tcp = none");
    const alone = conf({ tls: { plain: false } });
    expect(alone).toContain("listeners.tcp = none");
    expect(alone.join()).not.toMatch(/management\.tcp/);
  });
});

describe("plugins", () => {
  const of = (topology: Partial<Topology>): string[] => pluginsOf(compileInstallation({ topologies: [{ name: "t", ...topology }] }));
  const always = ["rabbitmq_management", "rabbitmq_prometheus"];

  it("are written as Erlang reads them", () => {
    expect(enabledPlugins(["a", "b"])).toBe("[a,b].\n");
  });

  it.each<[string, Partial<Topology>, string[]]>([
    ["nothing special", { queues: { q: { type: "quorum" } } }, []],
    ["a hash exchange", { exchanges: { x: { type: "x-consistent-hash" } } }, ["rabbitmq_consistent_hash_exchange"]],
    ["a stream", { queues: { s: { type: "stream" } } }, ["rabbitmq_stream", "rabbitmq_stream_management"]],
    ["a super stream", { queues: { s: { type: "super-stream", partitions: 2 } } }, ["rabbitmq_stream", "rabbitmq_stream_management"]],
    ["a template of streams", { templates: { s: { type: "stream", name: "s.{id}" } } }, ["rabbitmq_stream", "rabbitmq_stream_management"]],
    ["a shovel", { shovels: { s: { from: { queue: "a" }, to: { queue: "b" } } } }, ["rabbitmq_shovel", "rabbitmq_shovel_management"]],
    ["an upstream", { federationUpstreams: { u: { uri: "amqp://a" } } }, ["rabbitmq_federation", "rabbitmq_federation_management"]],
    [
      "a federating policy",
      { policies: { p: { pattern: "x", definition: { "federation-upstream-set": "all" } } } },
      ["rabbitmq_federation", "rabbitmq_federation_management"],
    ],
  ])("for %s", (_what, topology, more) => {
    expect(of(topology)).toEqual([...always, ...more].sort());
  });
});
