/** Definitions and back: nothing is lost between a plan, the definitions, and the topology that is read from them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../../testing/arbitrary-topology.js";
import { definitionsSchema } from "../definitions-format.js";
import { fromDefinitions } from "../from-definitions.js";
import { leftOut } from "../from-definitions-left-out.js";
import type { Installation } from "../model.js";
import { read } from "../read.js";
import { systems } from "../systems/index.js";
import { compileInstallation } from "./compile.js";
import { definitions, leftOutOfDefinitions } from "./definitions.js";

const of = (installation: Installation) => definitions(compileInstallation(installation));

describe("definitions", () => {
  test("read back and compiled again, they are the same", () => {
    fc.assert(
      fc.property(arbitraryInstallation(), (installation) => {
        const first = of(installation);
        expect(leftOut(first, "test")).toEqual([]);
        expect(of(fromDefinitions(first))).toEqual(first);
      }),
      { numRuns: 300 },
    );
  });

  test("what is read from them is a topology like any other", () => {
    fc.assert(
      fc.property(arbitraryInstallation(), (installation) => {
        const { installation: back, findings } = read(JSON.parse(JSON.stringify(of(installation))), "export.json");
        expect(findings).toEqual([]);
        expect(read(back, "again").findings).toEqual([]);
      }),
    );
  });

  test.each(Object.entries(systems))("of the system %s survive too", (_name, system) => {
    const first = of({ topologies: [system] });
    expect(first.queues?.length).toBeGreaterThan(0);
    expect(of(fromDefinitions(definitionsSchema.parse(JSON.parse(JSON.stringify(first)))))).toEqual(first);
  });

  test("leave out who has no password hash, his permissions, and what needs a secret; and say so", () => {
    const plan = compileInstallation({
      topologies: [
        {
          name: "shop",
          queues: { orders: { type: "quorum" } },
          templates: { own: { type: "classic", name: "own-{id}", messageTtl: "1 minute" } },
          services: { billing: { consumes: ["orders"] } },
          users: {
            anna: { passwordHash: "abc", permissions: { configure: "", write: "", read: ".*" } },
            bert: { password: { secret: "bert" }, permissions: { configure: "", write: "", read: ".*" } },
          },
          shovels: { out: { from: { queue: "orders" }, to: { uri: { secret: "elsewhere" }, queue: "orders" } } },
        },
      ],
      globalParameters: { plain: 1, hidden: { a: [{ secret: "g" }] } },
    });
    const result = definitions(plan);
    expect(result.users?.map(({ name }) => name)).toEqual(["anna"]);
    expect(result.permissions?.map(({ user }) => user)).toEqual(["anna"]);
    expect(result.parameters).toEqual([]);
    expect(result.global_parameters).toEqual([{ name: "plain", value: 1 }]);
    expect(result.queues?.map(({ name }) => name)).toEqual(["orders"]);
    expect(result.policies?.map(({ name }) => name)).toEqual(["template:own"]);
    expect(leftOutOfDefinitions(plan).map(({ kind, name, vhost, origin }) => [kind, name, vhost, origin])).toEqual([
      ["user", "shop.billing", "shop", "services.billing"],
      ["user", "bert", "shop", "users.bert"],
      ["permission", "shop.billing", "shop", "services.billing"],
      ["permission", "bert", "shop", "users.bert.permissions"],
      ["parameter", "shovel out", "shop", "shovels.out"],
      ["template", "own-{id}", "shop", "templates.own"],
      ["global parameter", "hidden", undefined, "globalParameters.hidden"],
    ]);
  });

  test("have every field of every object as the broker takes it", () => {
    const anna = {
      passwordHash: "abc",
      tags: ["monitoring"],
      limits: { maxConnections: 1, maxChannels: 2 },
      permissions: { configure: "c", write: "w", read: "r" },
      topicPermissions: { x: { write: "tw", read: "tr" } },
    };
    const result = of({
      topologies: [
        {
          name: "v",
          settings: "arguments",
          exchanges: {
            x: {
              type: "topic",
              durable: false,
              autoDelete: true,
              internal: true,
              alternateExchange: "amq.fanout",
              from: { "amq.topic": "#" },
            },
          },
          queues: {
            q: { type: "classic", durable: false, autoDelete: true, maxLength: 5, from: { x: { key: "k", arguments: { a: 1 } } } },
          },
          policies: { p: { pattern: "^p", applyTo: "exchanges", priority: 3, definition: { "alternate-exchange": "x" } } },
          operatorPolicies: { o: { pattern: "^o", priority: 4, definition: { "max-length": 6 } } },
          parameters: [{ component: "c", name: "n", value: [1] }],
          users: { anna },
        },
      ],
      globalParameters: { g: "value" },
    });
    expect(result).toEqual({
      vhosts: [{ name: "v" }],
      users: [
        {
          name: "anna",
          password_hash: "abc",
          hashing_algorithm: "rabbit_password_hashing_sha256",
          tags: ["monitoring"],
          limits: { "max-connections": 1, "max-channels": 2 },
        },
      ],
      permissions: [{ user: "anna", vhost: "v", configure: "c", write: "w", read: "r" }],
      topic_permissions: [{ user: "anna", vhost: "v", exchange: "x", write: "tw", read: "tr" }],
      parameters: [
        { vhost: "v", component: "c", name: "n", value: [1] },
        {
          vhost: "v",
          component: "operator_policy",
          name: "o",
          value: { pattern: "^o", "apply-to": "queues", priority: 4, definition: { "max-length": 6 } },
        },
      ],
      global_parameters: [{ name: "g", value: "value" }],
      policies: [{ vhost: "v", name: "p", pattern: "^p", "apply-to": "exchanges", priority: 3, definition: { "alternate-exchange": "x" } }],
      exchanges: [
        {
          name: "x",
          vhost: "v",
          type: "topic",
          durable: false,
          auto_delete: true,
          internal: true,
          arguments: { "alternate-exchange": "amq.fanout" },
        },
      ],
      queues: [{ name: "q", vhost: "v", durable: false, auto_delete: true, arguments: { "x-queue-type": "classic", "x-max-length": 5 } }],
      bindings: [
        { source: "amq.topic", vhost: "v", destination: "x", destination_type: "exchange", routing_key: "#", arguments: {} },
        { source: "x", vhost: "v", destination: "q", destination_type: "queue", routing_key: "k", arguments: { a: 1 } },
      ],
    });
  });

  test("write a vhost's settings where the broker reads them", () => {
    const { vhosts, parameters } = of({
      topologies: [
        {
          name: "shop",
          vhost: { description: "d", tags: ["t"], defaultQueueType: "quorum", deletionProtection: true, limits: { maxQueues: 5 } },
        },
      ],
    });
    expect(vhosts).toEqual([
      { name: "shop", metadata: { description: "d", tags: ["t"], default_queue_type: "quorum", protected_from_deletion: true } },
    ]);
    expect(parameters).toEqual([{ vhost: "shop", component: "vhost-limits", name: "limits", value: { "max-queues": 5 } }]);
  });

  test("have a user that several topologies name once", () => {
    const anna = { passwordHash: "abc", tags: ["monitoring"] };
    expect(
      of({
        topologies: [
          { name: "a", users: { anna } },
          { name: "b", users: { anna } },
        ],
      }).users,
    ).toHaveLength(1);
  });
});
