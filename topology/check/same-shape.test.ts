import { describe, expect, it } from "vitest";
import { compile } from "../compile/compile.js";
import type { Topology } from "../model.js";
import { contextiq, systems } from "../systems/index.js";
import { sameShape } from "./same-shape.js";

const base: Topology = {
  name: "t",
  exchanges: { x: { type: "topic" } },
  queues: { q: { type: "quorum", from: { x: "a" }, maxLength: 5, overflow: "drop-head", retry: ["1 second"] } },
  templates: { t: { type: "quorum", name: "t.{id}", from: { x: "{id}" }, expires: "1 minute" } },
  services: { s: { consumes: ["q"] } },
};
const against = (other: Partial<Topology>) =>
  sameShape(compile(base), compile({ ...base, ...other })).map(({ path, message }) => [path, message]);

describe("sameShape", () => {
  it("finds nothing in sizes", () => {
    const q = { ...base.queues?.["q"], maxLength: 50, messageTtl: "1 hour", retry: ["5 seconds"] } as never;
    expect(against({ queues: { q } })).toEqual([]);
    expect(sameShape(compile(contextiq, "dev"), compile(contextiq, "prod"))).toEqual([]);
  });

  it.each<[string, Partial<Topology>, string, RegExp]>([
    ["a queue less", { queues: {} }, "queues.q", /Only the first has the queue "q"/],
    ["a queue more", { queues: { ...base.queues, r: { type: "quorum" } } }, "queues.r", /Only the second has the queue "r"/],
    ["a type", { exchanges: { x: { type: "fanout" } } }, "exchanges.x", /"topic" for type in the first, and "fanout"/],
    [
      "a binding",
      { queues: { q: { type: "quorum", from: { x: "b" }, maxLength: 5, overflow: "drop-head", retry: ["1 second"] } } },
      "queues.q.from.x",
      /binding/,
    ],
    [
      "a setting",
      { queues: { q: { type: "quorum", from: { x: "a" }, maxLength: 5, overflow: "reject-publish", retry: ["1 second"] } } },
      "queues.q",
      /policy/,
    ],
    [
      "a rung",
      { queues: { q: { type: "quorum", from: { x: "a" }, maxLength: 5, overflow: "drop-head", retry: ["1 second", "2 seconds"] } } },
      "queues.q.retry[1]",
      /q\.retry\.2/,
    ],
    ["a right", { services: { s: {} } }, "services.s", /permission of user "t\.s"/],
    [
      "a key of a template",
      { templates: { t: { type: "quorum", name: "t.{id}", from: { x: "a" }, expires: "1 minute" } } },
      "templates.t",
      /template "t"/,
    ],
  ])("finds %s", (_, other, path, says) => {
    const found = against(other);
    expect(found.map(([at]) => at)).toContain(path);
    expect(found.map(([, message]) => message).join("\n")).toMatch(says);
  });

  it("finds nothing between a system and itself", () => {
    for (const system of Object.values(systems)) expect(sameShape(compile(system), compile(system))).toEqual([]);
  });
});
