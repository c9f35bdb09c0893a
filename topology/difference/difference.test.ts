/** What is compared with what; messages, services, users and links, by example. */
import { expect, it, test } from "vitest";
import type { Installation, Topology } from "../model.js";
import { systems } from "../systems/index.js";
import { difference } from "./difference.js";
import { texts, type Unnamed } from "../../testing/topology-pairs.js";

const q = { type: "quorum" } as const;

it("messages, services, users, links", () => {
  const old: Unnamed = {
    exchanges: { e: { type: "fanout" }, f: { type: "fanout" } },
    messages: { moved: { to: "e" }, gone: { to: "e" } },
    services: { out: {} },
    users: { u: { passwordHash: "", tags: ["monitoring"] } },
    shovels: { s: { from: { queue: "a" }, to: { exchange: "e" } } },
  };
  const now: Unnamed = {
    ...old,
    messages: { moved: { to: "f", key: "k" }, fresh: { to: "e" } },
    services: { in: {} },
    users: { u: { passwordHash: "", tags: ["administrator"] } },
    shovels: {},
  };
  expect(texts(old, now)).toEqual([
    'breaking: message moved is published to f with key "k" instead of e',
    "breaking: service out is gone, and its user t.out",
    "breaking: user u has the tags administrator instead of monitoring",
    "breaking: shovel s is gone",
    "notice: message gone is declared no longer (to e)",
    "notice: message fresh is new (to e)",
    "notice: service in is new, with user t.in",
  ]);
});

it("vhosts: matched by name, by topology, or alone", () => {
  const of = (...names: [string, string][]): Installation => ({
    topologies: names.map(([name, vhost]) => ({ name, vhost: { name: vhost }, queues: { a: q } })),
  });
  const kinds = (old: Installation, now: Installation): string[] =>
    difference(old, now).changes.map(({ kind, vhost }) => `${kind} ${vhost}`);
  expect(kinds(of(["a", "v"]), of(["b", "v"]))).toEqual([]);
  expect(kinds(of(["a", "v"]), of(["b", "w"]))).toEqual(["vhost-renamed w"]);
  expect(kinds(of(["a", "v"], ["b", "w"]), of(["b", "w"], ["c", "x"]))).toEqual(["vhost-removed v", "vhost-added x"]);
});

it("what comes from a broker is compared by what a broker knows", () => {
  const code: Topology = {
    name: "t",
    exchanges: { e: { type: "topic" } },
    queues: { a: { ...q, from: { e: "#" }, retry: ["1 second"] } },
    templates: { inbox: { ...q, name: "in-{id}", from: { e: "{id}" } } },
    messages: { m: { to: "e", key: "k" } },
    services: { s: { publishes: ["m"] } },
  };
  const { templates: _t, messages: _m, services: _s, ...known } = code;
  const live: Installation = {
    topologies: [{ ...known, queues: { ...known.queues, "in-7": { ...q, from: { e: "7" } } } }, { name: "others" }],
  };
  expect(difference(live, { topologies: [code] }, { exported: "old" }).changes).toEqual([]);
  expect(difference({ topologies: [code] }, live, { exported: "now" }).changes).toEqual([]);
  expect(difference(live, { topologies: [code] }).changes.length).toBeGreaterThan(3);
});

test.each(Object.entries(systems))("%s and itself", (_name, system) => {
  expect(difference({ topologies: [system] }, { topologies: [system] }, { environment: "prod" })).toEqual({
    version: 1,
    changes: [],
    unknown: [],
  });
});
