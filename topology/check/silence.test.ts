import { describe, expect, it } from "vitest";
import type { Topology } from "../model.js";
import { check } from "./check.js";
import { runRuleCases } from "./rule-cases.js";
import { silenceRules } from "./silence.js";

const unbounded = { queues: { q: { type: "quorum" }, r: { type: "quorum" } } } as const;
const silence = (code: string, path?: string, reason = "it is small") => ({
  silence: [{ code, reason, ...(path === undefined ? {} : { path }) }],
});

runRuleCases(silenceRules, [
  {
    code: "silence-unused",
    finds: { ...unbounded, ...silence("queue-unbounded", "queues.s") },
    at: "silence[0]",
    value: "queues.s",
    quiet: { ...unbounded, ...silence("queue-unbounded", "queues.q") },
  },
  {
    code: "silence-unused",
    about: "a code that does not exist",
    finds: { ...unbounded, ...silence("queue-unbound") },
    at: "silence[0]",
    value: "queue-unbound",
    says: 'Did you mean "queue-unbounded"?',
    quiet: { ...unbounded, ...silence("queue-unbounded") },
  },
  {
    code: "silence-refused",
    finds: { queues: { "amq.q": { type: "quorum" } }, ...silence("name-refused") },
    at: "silence[0]",
    value: "name-refused",
    quiet: { ...unbounded, ...silence("queue-unbounded") },
  },
  {
    code: "silence-without-reason",
    finds: { ...unbounded, ...silence("queue-unbounded", undefined, " ") },
    at: "silence[0]",
    value: " ",
    quiet: { ...unbounded, ...silence("queue-unbounded") },
  },
]);

describe("a silence", () => {
  const silenced = (topology: Omit<Topology, "name">) =>
    check({ topologies: [{ name: "t", ...topology }] })
      .filter(({ code }) => code === "queue-unbounded")
      .map(({ path, silenced: reason }) => [path, reason]);

  it("holds at its path and below, with its reason", () => {
    expect(silenced({ ...unbounded, ...silence("queue-unbounded", "queues.q") })).toEqual([
      ["queues.q", "it is small"],
      ["queues.r", undefined],
    ]);
  });

  it("holds everywhere without a path", () => {
    expect(silenced({ ...unbounded, ...silence("queue-unbounded") }).map(([, reason]) => reason)).toEqual(["it is small", "it is small"]);
  });

  it("holds for its topology alone", () => {
    const quiet: Topology = { name: "quiet", ...unbounded, ...silence("queue-unbounded") };
    const found = check({ topologies: [quiet, { name: "loud", ...unbounded }] }).filter(({ code }) => code === "queue-unbounded");
    expect(found.map(({ topology, silenced: reason }) => [topology, reason !== undefined])).toEqual([
      ["quiet", true],
      ["quiet", true],
      ["loud", false],
      ["loud", false],
    ]);
  });

  it("without a reason, or for what is refused, silences nothing", () => {
    expect(silenced({ ...unbounded, ...silence("queue-unbounded", undefined, "") }).every(([, reason]) => reason === undefined)).toBe(true);
    const refused = check({ topologies: [{ name: "t", queues: { "amq.q": { type: "quorum" } }, ...silence("name-refused") }] });
    expect(refused.find(({ code }) => code === "name-refused")).not.toHaveProperty("silenced");
  });

  it("holds for an environment's finding by its path in the topology", () => {
    const found = check({
      topologies: [
        {
          name: "t",
          queues: { q: { type: "quorum", maxLength: 5, retry: ["1 second", "2 seconds"] } },
          environments: { "pre-prod": { queues: { q: { retry: ["9 seconds", "2 seconds"] } } } },
          ...silence("ladder-not-growing", "queues.q"),
        },
      ],
    }).filter(({ code }) => code === "ladder-not-growing");
    expect(found).toMatchObject([{ path: 'environments["pre-prod"].queues.q.retry[1]', silenced: "it is small" }]);
  });
});
