import { describe, expect, it } from "vitest";
import { check } from "../check/check.js";
import { compile } from "../compile/compile.js";
import type { Service } from "../model.js";
import { router } from "../routing.js";
import { systems, contextiq, debias, stage7 } from "./index.js";

describe.each(Object.entries(systems))("%s", (name, system) => {
  it.each(["dev", "prod"])("has nothing to find in %s that it does not answer for", (environment) => {
    expect(check({ topologies: [system] }, { environment }).filter(({ silenced }) => silenced === undefined)).toEqual([]);
  });

  it("is called what its file is called", () => expect(system.name).toBe(name));
});

const queues = (system: Parameters<typeof compile>[0], exchange: string, key: string) =>
  [...router(compile(system)).route(exchange, key).queues].sort();

describe("contextiq", () => {
  it("brings an event to every subscriber, each with a queue of its own", () => {
    expect(queues(contextiq, "contextiq.events", "session.created")).toEqual([
      "events.analytics",
      "events.logging",
      "events.webhook",
      "session.events",
    ]);
    expect(queues(contextiq, "contextiq.events", "memory.updated")).toEqual(["events.analytics", "events.logging", "memory.events"]);
    const consumed = Object.values<Service>(contextiq.services).flatMap(({ consumes = [] }) => consumes);
    expect(new Set(consumed).size).toBe(consumed.length);
  });

  it("says that its description's sample key reaches no queue", () => {
    const findings = check({
      topologies: [
        { ...contextiq, messages: { ...contextiq.messages, sample: { to: "contextiq.extraction", key: "extraction.result.success" } } },
      ],
    });
    expect(findings.filter(({ severity }) => severity === "error")).toMatchObject([
      { path: "messages.sample.key", value: "extraction.result.success" },
    ]);
  });
});

describe("debias", () => {
  it("brings every event to both databases' queues", () => {
    expect(queues(debias, "events", "user.event")).toEqual(["events.neo4j", "events.qdrant"]);
  });

  it("declares with the very arguments of its applications", () => {
    const plan = compile(debias);
    expect(plan.queues.find(({ name }) => name === "events.neo4j")?.arguments).toEqual({
      "x-queue-type": "quorum",
      "x-message-ttl": 86_400_000,
      "x-dead-letter-exchange": "events.dlx",
      "x-max-length": 100_000,
    });
    expect(plan.queues.find(({ name }) => name === "events.dlq")?.arguments).toEqual({
      "x-queue-type": "quorum",
      "x-message-ttl": 604_800_000,
    });
  });
});

describe("stage7", () => {
  it("may bring a message to any inbox", () => {
    expect(router(compile(stage7)).reach("stage7", "message.{recipient}")).toEqual(["{serviceType}-{serviceId}"]);
  });
});
