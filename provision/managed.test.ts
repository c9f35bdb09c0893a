// What is read from the stack's state, and what a delete is refused for.
import { describe, expect, it } from "vitest";
import { compileInstallation } from "../topology/compile/compile.js";
import { refuseDelete } from "./delete-hooks.js";
import { versionOf } from "./guard.js";
import { managedIn } from "./managed.js";

describe("the objects that a stack has made", () => {
  it("are its queues and vhosts, official and own", () => {
    expect(
      managedIn({
        "urn:1": { type: "rabbitmq:index/queue:Queue", outputs: { name: "a", vhost: "v", settings: {} } },
        "urn:2": { type: "pulumi-nodejs:dynamic/warren:Queue", outputs: { spec: { name: "b@c", vhost: "v" } } },
        "urn:3": { type: "rabbitmq:index/vHost:VHost", outputs: { name: "v" } },
        "urn:4": { type: "rabbitmq:index/exchange:Exchange", outputs: { name: "x", vhost: "v" } },
        "urn:5": { type: "rabbitmq:index/queue:Queue" },
        "urn:6": { type: "pulumi:pulumi:Stack", outputs: {} },
      }),
    ).toEqual({
      queues: [
        { vhost: "v", queue: "a" },
        { vhost: "v", queue: "b@c" },
      ],
      vhosts: ["v"],
    });
    expect(managedIn({})).toEqual({ queues: [], vhosts: [] });
  });
});

describe("a delete", () => {
  it("is refused for messages, with every queue and count; and for a count that the broker does not say", () => {
    const held = [
      { vhost: "v", queue: "empty", messages: 0 },
      { vhost: "v", queue: "one", messages: 1 },
      { vhost: "v", queue: "many", messages: 42 },
      { vhost: "w", queue: "stream", messages: undefined },
    ];
    expect(() => refuseDelete(held)).toThrow(
      /"one" in vhost "v" holds 1 message\n.*"many" in vhost "v" holds 42 messages\n.*"stream" in vhost "w" holds an unknown number of messages\n.*allowDataLoss/,
    );
    expect(() => refuseDelete(held)).not.toThrow(/"empty"/);
  });

  it("of empty queues, or of none, goes on", () => {
    expect(() => refuseDelete([{ vhost: "v", queue: "q", messages: 0 }])).not.toThrow();
    expect(() => refuseDelete([])).not.toThrow();
  });
});

it("the version that a plan asks for is the newest of its topologies", () => {
  const of = (...versions: ("4.0" | "4.1" | "4.2" | "4.3")[]): string =>
    versionOf(compileInstallation({ topologies: versions.map((brokerVersion, index) => ({ name: `t${index}`, brokerVersion })) }));
  expect(of("4.0", "4.2", "4.1")).toBe("4.2");
  expect(of("4.0")).toBe("4.0");
  expect(of()).toBe("4.0");
});
