import { describe, expect, it } from "vitest";
import { z } from "zod";
import { compile } from "./compile/compile.js";
import type { Topology } from "./model.js";
import { contextiq, debias, stage7 } from "./systems/index.js";

const rights = (topology: Topology, service: string) => {
  const plan = compile(topology);
  const user = topology.services?.[service]?.user ?? `${topology.name}.${service}`;
  const found = plan.permissions.find((permission) => permission.user === user);
  const topics = plan.topicPermissions.filter((permission) => permission.user === user);
  return {
    configure: found?.configure,
    write: found?.write,
    read: found?.read,
    topics: Object.fromEntries(topics.map(({ exchange, write, read }) => [exchange, { write, read }])),
  };
};

const shop: Topology = {
  name: "shop",
  exchanges: { orders: { type: "topic" }, dead: { type: "topic" }, plain: { type: "fanout" } },
  queues: {
    billing: {
      type: "quorum",
      from: { orders: "order.#" },
      deadLetterTo: { exchange: "dead", routingKey: "billing" },
      retry: ["1 second"],
    },
    dead: { type: "quorum", from: { dead: "#" } },
    parts: { type: "super-stream", partitions: 2 },
  },
  messages: {
    order: { to: "orders", key: "order.{region}" },
    direct: { to: { queue: "billing" } },
    part: { to: { queue: "parts" }, key: "1" },
    all: { to: "plain" },
  },
  services: {},
};
const withService = (service: NonNullable<Topology["services"]>[string], more: Partial<Topology> = {}) =>
  rights({ ...shop, ...more, services: { s: service } }, "s");

describe("the least permissions of a service", () => {
  it("that does nothing are none", () => expect(withService({})).toEqual({ configure: "", write: "", read: "", topics: {} }));

  it("that publishes: the exchange, and its keys where it is a topic exchange", () => {
    expect(withService({ publishes: ["order", "all"] })).toEqual({
      configure: "",
      write: "^(orders|plain)$",
      read: "",
      topics: { orders: { write: "^order\\.[^.]+$", read: "" } },
    });
  });

  it("that publishes to a queue: the default exchange", () => {
    expect(withService({ publishes: ["direct"] }).write).toBe("^amq\\.default$");
    expect(withService({ publishes: ["part"] }).write).toBe("^parts$");
  });

  it("that consumes: its queue, its ladder, its dead letters", () => {
    expect(withService({ consumes: ["billing"] })).toEqual({
      configure: "",
      write: "^(billing\\.retry|dead)$",
      read: "^billing$",
      topics: { dead: { write: "^billing$", read: "" } },
    });
    expect(withService({ consumes: ["parts"] }).read).toBe("^parts-.+$");
  });

  it("that gets requests: the default exchange, for the replies", () => {
    expect(withService({ consumes: ["billing"] }, { messages: { ask: { to: "orders", key: "order.ask", reply: z.string() } } }).write).toBe(
      "^(amq\\.default|billing\\.retry|dead)$",
    );
  });

  it("that declares: what the declaration asks for, more where settings are arguments", () => {
    expect(withService({ declares: ["billing"] })).toMatchObject({ configure: "^billing$", write: "^billing$", read: "^orders$" });
    expect(withService({ declares: ["billing"] }, { settings: "arguments" })).toMatchObject({
      configure: "^billing$",
      write: "^(billing|dead)$",
      read: "^(billing|orders)$",
    });
  });

  it("are replaced by those written out", () => {
    expect(withService({ publishes: ["order"], permissions: { read: "x" } })).toMatchObject({ write: "^orders$", read: "x" });
  });
});

describe("the five systems", () => {
  it("let a worker of contextiq reach its own queue only", () => {
    expect(rights(contextiq, "consolidation-worker")).toEqual({
      configure: "",
      write: "^(consolidation\\.requests\\.retry|contextiq\\.consolidation|contextiq\\.dlx)$",
      read: "^consolidation\\.requests$",
      topics: { "contextiq.consolidation": { write: "^consolidation\\.result$", read: "" } },
    });
  });

  it("let an instance of stage7 have the inboxes of its type", () => {
    expect(rights(stage7, "brain")).toMatchObject({
      configure: "^brain-[^.]+$",
      read: "^(brain-[^.]+|stage7)$",
      topics: { stage7: { write: "^(message\\.[^.]+|message\\.all)$", read: "^(message\\.[^.]+|message\\.all|message\\.brain)$" } },
    });
    // It answers requests, over the default exchange.
    expect(rights(stage7, "brain").write).toBe("^(amq\\.default|brain-[^.]+|stage7|stage7\\.dlx)$");
  });

  it("let debias's applications declare what they declare", () => {
    expect(rights(debias, "neo4j-worker")).toMatchObject({
      configure: "^events\\.neo4j$",
      write: "^(events\\.dlx|events\\.neo4j|events\\.neo4j\\.retry)$",
      read: "^(events|events\\.neo4j)$",
    });
  });
});
