/** Reading: what is right passes as it is, every fault is told at its place, nothing throws. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { arbitraryInstallation, arbitraryTopology } from "../testing/arbitrary-topology.js";
import { check } from "./check/check.js";
import type { Finding } from "./check/finding.js";
import { read } from "./read.js";
import { systems } from "./systems/index.js";

const faults = (value: unknown, label = "file.json") => read(value, label).findings;
const brief = (findings: readonly Finding[]) => findings.map(({ code, path }) => [code, path]);
const inQueue = (queue: object) => faults({ name: "t", queues: { q: queue } });
const only = (findings: readonly Finding[]): Finding => {
  expect(brief(findings)).toHaveLength(1);
  return findings[0]!;
};

describe("what is right", () => {
  test.each(Object.entries(systems))("the system %s", (name, system) => {
    expect(read(system, name)).toEqual({ installation: { topologies: [system] }, findings: [] });
  });

  test("random topologies, alone, in a list and in an installation", () => {
    fc.assert(
      fc.property(arbitraryTopology(), arbitraryInstallation(), (topology, installation) => {
        expect(read(topology, "t")).toEqual({ installation: { topologies: [topology] }, findings: [] });
        expect(read([topology], "t")).toEqual({ installation: { topologies: [topology] }, findings: [] });
        expect(read(installation, "i")).toEqual({ installation, findings: [] });
      }),
    );
  });

  test("keeps schemas as they are, and takes a key set to undefined for one left out", () => {
    const schema = z.object({ id: z.string() });
    const { installation, findings } = read({ name: "t", description: undefined, messages: { m: { to: "amq.topic", schema } } }, "t");
    expect(findings).toEqual([]);
    expect(installation?.topologies[0]).toStrictEqual({ name: "t", messages: { m: { to: "amq.topic", schema } } });
    expect(installation?.topologies[0]?.messages?.["m"]?.schema).toBe(schema);
  });
});

describe("what is wrong", () => {
  test("all faults at once, each at its place", () => {
    const findings = faults({
      name: "t",
      exchanges: { x: { type: "topci" }, y: { kind: "fanout" } },
      queues: { q: { type: "quorum", maxLength: "many", from: { x: [5] } }, "a.b": { type: "classic", retry: ["5 seconds", "soon"] } },
      services: { s: { consums: ["q"], replicas: { min: 1 } } },
      silence: [{ code: "x" }],
    });
    expect(brief(findings).sort()).toEqual(
      [
        ["wrong-value", "exchanges.x.type"],
        ["missing-key", "exchanges.y.type"],
        ["wrong-type", "queues.q.maxLength"],
        ["wrong-type", "queues.q.from.x[0]"],
        ["wrong-type", 'queues["a.b"].retry[1]'],
        ["unknown-key", "services.s.consums"],
        ["missing-key", "services.s.replicas.max"],
        ["missing-key", "silence[0].reason"],
      ].sort(),
    );
    for (const finding of findings) {
      expect(finding).toMatchObject({ severity: "error", topology: "t" });
      expect(finding.remedy).not.toBe("");
    }
    expect(read({ name: 5 }, "t").installation).toBeUndefined();
  });

  test("a value that is none of those allowed: which are, and which was meant", () => {
    const finding = only(faults({ name: "t", exchanges: { x: { type: "topci" } } }));
    expect(finding).toMatchObject({
      value: "topci",
      allowed: ["direct", "fanout", "topic", "headers", "x-local-random", "x-consistent-hash"],
    });
    expect(finding.message).toBe('exchanges.x.type is "topci"; did you mean "topic"?');
  });

  test("an unknown key: the known ones, and which was meant", () => {
    const finding = only(inQueue({ type: "quorum", maxLenght: 5 }));
    expect(finding).toMatchObject({ code: "unknown-key", path: "queues.q.maxLenght", value: "maxLenght", remedy: "write `maxLength`" });
    expect(finding.message).toBe('a quorum queue has no key "maxLenght"; did you mean "maxLength"?');
    expect(finding.allowed).toContain("deliveryLimit");
  });

  test.each([
    [{ type: "quorum", maxPriority: 5 }, "only classic queues have it: leave it out, or choose another type"],
    [{ type: "stream", messageTtl: "1 day" }, "only classic and quorum queues have it: leave it out, or choose another type"],
    [{ type: "quorum", "x-message-ttl": 5 }, "write `messageTtl`"],
    [{ type: "quorum", "dead-letter-exchange": "x" }, "write `deadLetterTo.exchange`"],
    [{ type: "stream", durable: true }, "leave it out: a stream queue is always durable and never deletes itself"],
    [{ type: "stream", retry: ["1 second"] }, "leave it out: consuming does not take a message out of a stream"],
    [{ type: "classic", deadLetterTo: { exchange: "x", strategy: "at-least-once" } }, "leave it out: only quorum queues have it"],
  ])("a key of another queue type, or by another name: %j", (queue, remedy) => {
    expect(only(inQueue(queue))).toMatchObject({ code: "unknown-key", remedy });
  });

  test.each([
    [{ exhange: "x" }, ["missing-key exchange", "unknown-key exhange"]],
    [{ exchange: "x", queue: "q" }, ["unknown-key queue"]],
    [{ queue: 5 }, ["wrong-type queue"]],
  ])("of several forms, the one that was probably meant: %j", (deadLetterTo, expected) => {
    const found = inQueue({ type: "quorum", deadLetterTo }).map(
      ({ code, path }) => `${code} ${path.replace("queues.q.deadLetterTo.", "")}`,
    );
    expect(found.sort()).toEqual(expected);
  });

  test("a form that is none of them: all are named", () => {
    expect(only(inQueue({ type: "quorum", deadLetterTo: 5 }))).toMatchObject({
      code: "wrong-type",
      message: "queues.q.deadLetterTo is 5, not a string or an object",
      value: 5,
    });
  });

  test.each(["30", "30 secs", "1.0001 ms", 30, null])("a duration %j: how one is written", (messageTtl) => {
    expect(only(inQueue({ type: "quorum", messageTtl })).remedy).toContain('"30 seconds"');
  });

  test("a password in plain text is not repeated", () => {
    const findings = [
      ...faults({ name: "t", users: { anna: { password: "hunter2" } } }),
      ...faults({ name: "t", users: { anna: "hunter2" } }),
      ...faults({ name: "t", users: { anna: { password: { secret: 9731 } } } }),
      ...faults({ name: "t", users: { anna: { passwordHash: 9731 } } }),
      ...faults({ name: "t", shovels: { s: { from: { uri: [5, "amqp://u:hunter2@h"] }, to: { uri: { secret: "s", uri: "hunter2" } } } } }),
      ...faults({ users: [{ name: "anna", password_hash: ["hunter2"] }], parameters: [{ component: 5, name: "s", value: "hunter2" }] }),
    ];
    expect(findings.length).toBeGreaterThanOrEqual(7);
    expect(JSON.stringify(findings)).not.toMatch(/hunter2|9731/);
  });

  test("a finding names its topology, by its name or its place", () => {
    const findings = faults({ topologies: [{ name: "a", queues: 5 }, { queues: {} }], global: 1 }, "all.json");
    expect(findings.map(({ code, topology, path }) => [code, topology, path])).toEqual([
      ["unknown-key", "all.json", "global"],
      ["wrong-type", "a", "queues"],
      ["missing-key", "all.json topologies[1]", "name"],
    ]);
  });

  test.each([null, undefined, 5, "topology", true])("%j is no topology", (value) => {
    expect(only(faults(value))).toMatchObject({ code: "wrong-type", path: "" });
  });

  test("a name that JavaScript loses is refused", () => {
    const finding = only(faults(JSON.parse('{ "name": "t", "queues": { "__proto__": { "type": "quorum" } } }')));
    expect(finding).toMatchObject({ code: "wrong-value", path: "queues.__proto__" });
  });
});

describe("definitions", () => {
  const inVhost = { vhost: "/", durable: true, auto_delete: false, arguments: {} };

  test("their faults have their own places", () => {
    const findings = faults({
      rabbit_version: "4.3.6",
      vhosts: [{ name: "/" }],
      queues: [
        { ...inVhost, name: 5 },
        { name: "q", vhost: "/", arguments: [1] },
      ],
      exchanges: [{ ...inVhost, name: "x", type: "x-delayed-message" }],
      policies: [{ vhost: "/", name: "p", pattern: "^", definition: {}, priority: "5" }],
    });
    expect(brief(findings)).toEqual([
      ["wrong-type", "policies[0].priority"],
      ["wrong-type", "queues[0].name"],
      ["wrong-type", "queues[1].arguments"],
      ["wrong-value", "exchanges[0].type"],
    ]);
  });

  test("an object without its vhost, among others that have theirs", () => {
    expect(brief(faults({ vhosts: [{ name: "/" }], queues: [{ name: "q", durable: true, arguments: {} }] }))).toEqual([
      ["missing-key", "queues[0].vhost"],
    ]);
  });

  test("what a topology cannot say is told", () => {
    const { installation, findings } = read(
      {
        vhosts: [{ name: "/" }],
        users: [{ name: "old", password_hash: "x", hashing_algorithm: "rabbit_password_hashing_md5", tags: "" }],
        permissions: [{ user: "gone", vhost: "/", configure: "", write: "", read: "" }],
        queues: [{ ...inVhost, name: "amq.gen-1" }],
        bindings: [
          { vhost: "/", source: "amq.topic", destination: "inner", destination_type: "exchange", routing_key: "#", arguments: {} },
          { vhost: "/", source: "", destination: "amq.gen-1", destination_type: "queue", routing_key: "amq.gen-1", arguments: {} },
        ],
      },
      "export.json",
    );
    expect(installation?.topologies.map(({ name }) => name)).toEqual(["/"]);
    expect(installation?.users).toEqual({ old: {} });
    expect(findings.map(({ code, severity, path }) => [code, severity, path])).toEqual([
      ["left-out", "warning", "queues[0]"],
      ["left-out", "warning", "bindings[0]"],
      ["left-out", "warning", "permissions[0]"],
      ["left-out", "warning", "users[0].hashing_algorithm"],
    ]);
    expect(findings[1]?.remedy).toContain("probably an internal exchange, which exports leave out");
  });

  test("bindings from and to what the export does not hold, such as internal exchanges", () => {
    const binding = (source: string, destination_type: string, destination: string) => ({
      vhost: "/",
      source,
      destination,
      destination_type,
      routing_key: "k",
      arguments: {},
    });
    const { installation, findings } = read(
      {
        vhosts: [{ name: "/" }, { name: "other" }],
        exchanges: [
          { ...inVhost, name: "outer", type: "topic" },
          { ...inVhost, vhost: "other", name: "inner", type: "topic" },
        ],
        queues: [{ ...inVhost, name: "q" }],
        bindings: [
          binding("outer", "exchange", "inner"),
          binding("inner", "queue", "q"),
          binding("outer", "queue", "gone"),
          binding("inner", "queue", "gone"),
          binding("inner", "exchange", "amq.topic"),
          binding("outer", "exchange", "amq.topic"),
          binding("outer", "queue", "q"),
          binding("amq.direct", "queue", "q"),
        ],
      },
      "export.json",
    );
    const [topology] = installation?.topologies ?? [];
    expect(topology?.queues).toEqual({ q: { type: "classic", from: { outer: "k", "amq.direct": "k" } } });
    expect(topology?.exchanges).toEqual({ outer: { type: "topic" } });
    expect(check(installation!).filter(({ code }) => code === "undeclared-name")).toEqual([]);
    const internal = "probably an internal exchange, which exports leave out: add it to the file, or read the live broker with --broker";
    const queue = "probably an exclusive queue, which exports leave out: if it is not, add it to the file";
    expect(findings.map(({ code, severity, path, value, remedy }) => [code, severity, path, value, remedy])).toEqual([
      ["left-out", "warning", "bindings[0]", "inner", internal],
      ["left-out", "warning", "bindings[1]", "inner", internal],
      ["left-out", "warning", "bindings[2]", "gone", queue],
      ["left-out", "warning", "bindings[3]", "inner", internal],
      ["left-out", "warning", "bindings[4]", "inner", internal],
      ["left-out", "warning", "bindings[5]", "amq.topic", "a topology cannot bind the broker's own exchange"],
    ]);
    expect(findings.slice(1, 4).map(({ message }) => message)).toEqual([
      'the binding from "inner" to queue "q" with key "k" is left out: exchange "inner" is not in the file',
      'the binding from "outer" to queue "gone" with key "k" is left out: queue "gone" is not in the file',
      'the binding from "inner" to queue "gone" with key "k" is left out: exchange "inner" and queue "gone" are not in the file',
    ]);
  });

  test("a queue that would become another is an error", () => {
    const { installation, findings } = read(
      {
        vhosts: [{ name: "/" }],
        queues: [
          { ...inVhost, name: "a", arguments: { "x-queue-type": "quorrum" } },
          { ...inVhost, name: "b", durable: false, arguments: { "x-queue-type": "quorum" } },
        ],
      },
      "export.json",
    );
    expect(installation).toBeUndefined();
    expect(brief(findings)).toEqual([
      ["wrong-value", 'queues[0].arguments["x-queue-type"]'],
      ["wrong-value", "queues[1].durable"],
    ]);
  });
});

describe("never throws", () => {
  /** Puts something else at a random place of a value. */
  const broken = (value: unknown, steps: readonly number[], replacement: unknown): unknown => {
    const [step, ...rest] = steps;
    if (step === undefined || typeof value !== "object" || value === null) return replacement;
    const entries = Object.entries(value);
    if (entries.length === 0) return replacement;
    const at = step % entries.length;
    const changed = entries.map(([key, inner], index): [string, unknown] => [key, index === at ? broken(inner, rest, replacement) : inner]);
    return Array.isArray(value) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed);
  };
  const safely = (value: unknown) => {
    const { installation, findings } = read(value, "fuzz");
    const errors = findings.filter(({ severity }) => severity === "error");
    // Either there is something to work with, or it is said why not.
    expect(installation === undefined).toBe(errors.length > 0);
  };

  test("on any JSON", () => {
    const key = fc.constantFrom("name", "queues", "exchanges", "topologies", "vhosts", "rabbit_version", "users", "parameters", "bindings");
    fc.assert(fc.property(fc.jsonValue(), safely), { numRuns: 300 });
    fc.assert(fc.property(fc.dictionary(key, fc.jsonValue()), safely), { numRuns: 500 });
  });

  test("on topologies with something else somewhere in them", () => {
    fc.assert(
      fc.property(
        arbitraryInstallation(),
        fc.array(fc.nat({ max: 20 }), { maxLength: 6 }),
        fc.jsonValue(),
        (installation, steps, value) => {
          safely(broken(installation, steps, value));
          safely(broken(installation.topologies[0], steps, value));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("on data that is nested deep, or in a circle", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level++) deep = { deep };
    safely({ name: "t", queues: { q: { type: "quorum", arguments: { deep } } } });
    safely({ vhosts: [{ name: "/" }], queues: [{ vhost: "/", name: "q", arguments: { "x-queue-type": "quorum", deep } }] });
    const circle: Record<string, unknown> = { name: "t" };
    circle["queues"] = circle;
    safely(circle);
  });
});
