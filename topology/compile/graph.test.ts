/** The flow graph: what has a node, which edges run between them, and that nothing in it dangles. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Topology } from "../model.js";
import { cgcg, contextiq, debias, foAnalytics, stage7, systems } from "../systems/index.js";
import { graph, type FlowGraph } from "./graph.js";

const one = (topology: Topology): FlowGraph => graph({ topologies: [topology] });
const node = (flow: FlowGraph, kind: string, name: string) => flow.nodes.find((each) => each.kind === kind && each.name === name);

/** `queue orders -> exchange orders.dlx [key]`, for every edge of a kind. */
function edges(flow: FlowGraph, kind: string): string[] {
  const name = (id: string): string => {
    const found = flow.nodes.find((each) => each.id === id);
    return `${found?.kind} ${found?.name}`;
  };
  return flow.edges
    .filter((edge) => edge.kind === kind)
    .map(({ from, to, keys }) => `${name(from)} -> ${name(to)}${keys.length === 0 ? "" : ` [${keys.join(", ")}]`}`);
}

describe("systems", () => {
  test("debias: one event to two queues, each with its ladder and dead letters", () => {
    const flow = one(debias);
    expect(edges(flow, "publishes")).toEqual(["message event -> exchange events", "publisher event-api -> message event"]);
    expect(edges(flow, "binding")).toEqual([
      "exchange events -> queue events.neo4j",
      "exchange events -> queue events.qdrant",
      "exchange events.dlx -> queue events.dlq",
    ]);
    expect(edges(flow, "dead-letter")).toEqual(["queue events.neo4j -> exchange events.dlx", "queue events.qdrant -> exchange events.dlx"]);
    expect(edges(flow, "retry")).toEqual(["queue events.neo4j -> ladder events.neo4j", "queue events.qdrant -> ladder events.qdrant"]);
    expect(edges(flow, "manages")).toEqual(["queue events.dlq -> consumer dlq-handler"]);
    expect(node(flow, "ladder", "events.neo4j")?.details).toEqual(["5 s", "30 s", "5 min"]);
    expect(node(flow, "queue", "events.neo4j")).toMatchObject({ type: "quorum", details: ["TTL 24 h", "max 100,000"] });
  });

  test("the ladder's own exchange, rungs and bindings are inside the ladder", () => {
    const names = one(contextiq).nodes.map(({ name }) => name);
    expect(names.filter((name) => name.includes(".retry"))).toEqual([]);
  });

  test("several keys between the same two are one edge", () => {
    expect(edges(one(contextiq), "binding")).toContain("exchange contextiq.events -> queue events.analytics [session.*, memory.*]");
  });

  test("a dead letter's other key stands at its edge", () => {
    expect(edges(one(foAnalytics), "dead-letter")).toEqual(["queue document_processing -> exchange fo_analytics [document.failed]"]);
  });

  test.each([
    [debias, ["events.dlq"]],
    [contextiq, ["dead_letter"]],
    // Fed by the same exchange as the queue whose dead letters it holds.
    [foAnalytics, ["document_processing_dlq"]],
    [cgcg, ["tasks.dead"]],
    [stage7, ["stage7.dead_letters"]],
  ])("$name: which queues hold dead letters", (topology, expected) => {
    const dead = one(topology).nodes.filter(({ deadLetters }) => deadLetters);
    expect(dead.map(({ name }) => name)).toEqual(expected);
  });

  test("a service that publishes and consumes is there twice, once in each part", () => {
    const flow = one(contextiq);
    expect(node(flow, "publisher", "extraction-worker")?.id).not.toBe(node(flow, "consumer", "extraction-worker")?.id);
    expect(node(flow, "publisher", "extraction-worker")).toBeDefined();
  });

  test("an instance's queue is called as the service calls it", () => {
    expect(edges(one(stage7), "consumes")).toContain("template {serviceType}-{serviceId} -> consumer brain [brain-{serviceId}]");
  });

  test("an environment's sizes are shown", () => {
    const sized: Topology = {
      name: "t",
      queues: { q: { type: "quorum", maxLength: 5 } },
      environments: { prod: { queues: { q: { maxLength: 7000 } } } },
    };
    expect(graph({ topologies: [sized] }, "prod").nodes[0]?.details).toEqual(["max 7,000"]);
    expect(graph({ topologies: [sized] }).nodes[0]?.details).toEqual(["max 5"]);
  });
});

describe("what is seldom", () => {
  const flow = one({
    name: "t",
    exchanges: {
      a: { type: "topic", alternateExchange: "lost" },
      lost: { type: "fanout", internal: true },
      h: { type: "headers", from: { a: "x.#" } },
    },
    queues: {
      direct: { type: "classic", deadLetterTo: { queue: "grave" }, maxPriority: 5, durable: false },
      grave: { type: "quorum", from: { lost: "" } },
      byHeader: { type: "quorum", from: { h: { headers: { region: "eu", n: 3 }, match: "any" }, "amq.topic": "k" } },
      parts: { type: "super-stream", partitions: 3, from: { a: "s" }, maxAge: "7 days" },
      lonely: { type: "quorum", deadLetterTo: "nowhere" },
    },
    messages: { m: { to: { queue: "direct" } }, s: { to: { queue: "parts" }, key: "k" } },
    services: { svc: { publishes: ["m", "ghost"], consumes: ["missing"] } },
    shovels: {
      out: { from: { queue: "grave" }, to: { uri: "amqps://user:geheim@far.example/v", exchange: "in", key: "k" } },
      hidden: { from: { queue: "grave" }, to: { uri: { secret: "far-uri" }, queue: "in" } },
    },
    federationUpstreams: { up: { uri: "amqp://user:geheim@up.example" } },
    policies: {
      fed: {
        pattern: "^a$",
        applyTo: "exchanges",
        definition: { "federation-upstream-set": "all", "alternate-exchange": "lost" },
        priority: 20,
      },
    },
  });

  test("alternate exchange, internal, headers, built-in exchange", () => {
    expect(edges(flow, "alternate")).toEqual(["exchange a -> exchange lost"]);
    expect(node(flow, "exchange", "lost")?.details).toEqual(["internal"]);
    expect(edges(flow, "binding")).toContain("exchange h -> queue byHeader [any of region=eu n=3]");
    expect(edges(flow, "binding")).toContain("exchange amq.topic -> queue byHeader [k]");
    expect(edges(flow, "binding")).toContain("exchange a -> exchange h [x.#]");
  });

  test("a super stream is one node, its exchange and partitions inside", () => {
    expect(node(flow, "queue", "parts")).toMatchObject({ type: "super-stream", details: ["3 partitions", "max age 7 d"] });
    expect(flow.nodes.filter(({ name }) => name.startsWith("parts"))).toHaveLength(1);
    expect(edges(flow, "publishes")).toContain("message s -> queue parts [k]");
    expect(edges(flow, "binding")).toContain("exchange a -> queue parts [s]");
  });

  test("straight to a queue, for messages and for dead letters", () => {
    expect(edges(flow, "publishes")).toContain("message m -> queue direct");
    expect(edges(flow, "dead-letter")).toContain("queue direct -> queue grave");
    expect(node(flow, "queue", "direct")?.details).toEqual(["transient", "priorities 0-5"]);
  });

  test("names that nobody declares have a node", () => {
    expect(flow.nodes.filter(({ kind }) => kind === "undeclared").map(({ name, type }) => `${type} ${name}`)).toEqual([
      "exchange nowhere",
      "message ghost",
      "queue missing",
    ]);
  });

  test("shovels and federation, without a credential", () => {
    expect(edges(flow, "shovel")).toEqual([
      "queue grave -> external amqps://far.example/v in [k]",
      "queue grave -> external broker of secret far-uri in",
    ]);
    expect(edges(flow, "federation")).toEqual(["external amqp://up.example -> exchange a"]);
    expect(JSON.stringify(flow)).not.toContain("geheim");
  });
});

const name = fc.string({ unit: "binary", maxLength: 8 });

test("every edge runs between nodes, and ids are unique, whatever the names", () => {
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), name, (names, other) => {
      const entries = <T>(value: (each: string) => T): Record<string, T> => Object.fromEntries(names.map((each) => [each, value(each)]));
      const topology: Topology = {
        name: other,
        exchanges: entries(() => ({ type: "topic" })),
        queues: entries((each) => ({ type: "quorum", from: { [each]: [each, other] }, deadLetterTo: other, retry: ["1 second"] })),
        messages: entries((each) => ({ to: each })),
        services: entries((each) => ({ publishes: [each], consumes: [each], manages: [other] })),
      };
      const flow = graph({ topologies: [topology, { ...topology, name: `${other}/2` }] });
      const ids = flow.nodes.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { from, to } of flow.edges) {
        expect(ids).toContain(from);
        expect(ids).toContain(to);
      }
    }),
    { numRuns: 50 },
  );
});

test("the same in every run", () => {
  const installation = { topologies: Object.values(systems) };
  expect(graph(installation)).toEqual(graph(installation));
});
