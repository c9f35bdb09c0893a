/** The table of changes: complete, followed by `effectOf`, and the same as the page of the documentation. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import { CHANGES, effectOf, worst, type Kind, type PlannedByKind } from "./changes.js";
import { changesPage } from "./changes-page.js";
import { compile, compileInstallation } from "./compile/compile.js";
import type { InstallationPlan } from "./compile/plan.js";
import type { Queue } from "./model.js";

/** All objects of a plan, by kind. */
function objects({ vhosts, global }: InstallationPlan): [Kind, PlannedByKind[Kind]][] {
  const all = <K extends Kind>(kind: K, list: readonly PlannedByKind[K][]): [Kind, PlannedByKind[Kind]][] => list.map((one) => [kind, one]);
  return [
    ...vhosts.flatMap((plan) => [
      ...all("vhost", [plan.vhost]),
      ...all("exchange", plan.exchanges),
      ...all("queue", plan.queues),
      ...all("template", plan.templates),
      ...all("binding", plan.bindings),
      ...all("policy", plan.policies),
      ...all("operator policy", plan.operatorPolicies),
      ...all("user", plan.users),
      ...all("permission", plan.permissions),
      ...all("topic permission", plan.topicPermissions),
      ...all("parameter", plan.parameters),
    ]),
    ...all("user", global.users),
    ...all("permission", global.permissions),
    ...all("topic permission", global.topicPermissions),
    ...all("global parameter", global.parameters),
  ];
}

const queue = (definition: Queue) => compile({ name: "t", settings: "arguments", queues: { q: definition } }).queues[0]!;
const OURS = ["origin", "role", "generatedFor", "service", "template"];

describe("the table", () => {
  test("has a row for every field of every planned object that the broker knows", () => {
    const seen = new Set<Kind>();
    fc.assert(
      fc.property(arbitraryInstallation(), (installation) => {
        for (const [kind, object] of objects(compileInstallation(installation))) {
          seen.add(kind);
          for (const field of Object.keys(object).filter((name) => !OURS.includes(name))) {
            expect(
              CHANGES.some((change) => change.kind === kind && change.field === field),
              `${kind} ${field}`,
            ).toBe(true);
          }
        }
      }),
    );
    expect([...seen].sort()).toEqual([...new Set(CHANGES.map(({ kind }) => kind))].sort());
  });

  test("has one row for each", () => {
    const rows = CHANGES.map(({ kind, field }) => `${kind} ${field}`);
    expect(rows).toEqual([...new Set(rows)]);
  });

  test("is what the documentation says (update with `npx vitest run topology/changes -u`)", async () => {
    await expect(changesPage()).toMatchFileSnapshot("../docs/changes.md");
  });
});

describe("effectOf", () => {
  test("finds no difference between an object and itself", () => {
    fc.assert(
      fc.property(arbitraryInstallation(), (installation) => {
        for (const [kind, object] of objects(compileInstallation(installation)))
          expect(effectOf(kind, object, structuredClone(object))).toEqual([]);
      }),
    );
  });

  test("an argument of a queue replaces it and loses its messages, and the policy that would not is named", () => {
    const differences = effectOf(
      "queue",
      queue({ type: "quorum", messageTtl: "1 hour" }),
      queue({ type: "quorum", messageTtl: "2 hours", maxLength: 5 }),
    );
    expect(differences.map(({ field, before, after, effect }) => [field, before, after, effect])).toEqual([
      ['arguments["x-message-ttl"]', 3_600_000, 7_200_000, "replace and lose messages"],
      ['arguments["x-max-length"]', undefined, 5, "replace and lose messages"],
    ]);
    expect(differences[0]?.why).toContain("`message-ttl`");
  });

  test("another type is one difference, not two", () => {
    expect(effectOf("queue", queue({ type: "classic" }), queue({ type: "quorum" })).map(({ field }) => field)).toEqual(["type"]);
  });

  test("a key of a policy has its own row, others that of the definition", () => {
    const policy = (definition: object) =>
      compile({ name: "t", policies: { p: { pattern: "^q", definition: { ...definition } } } }).policies[0]!;
    const [length, overflow] = effectOf(
      "policy",
      policy({ "max-length": 9, overflow: "drop-head" }),
      policy({ "max-length": 5, overflow: "reject-publish" }),
    );
    expect(length).toMatchObject({ field: 'definition["max-length"]', effect: "in place", before: 9, after: 5 });
    expect(length?.why).toContain("at once");
    expect(overflow).toMatchObject({ field: 'definition["overflow"]', effect: "in place" });
  });

  test("a binding and an exchange are replaced, their messages stay", () => {
    const { bindings, exchanges } = compile({
      name: "t",
      exchanges: { x: { type: "topic" }, y: { type: "direct" } },
      queues: { q: { type: "quorum", from: { x: ["a", "b"] } } },
    });
    expect(worst(effectOf("binding", bindings[0]!, bindings[1]!))).toBe("replace");
    expect(worst(effectOf("exchange", exchanges[0]!, { ...exchanges[1]!, name: "x" }))).toBe("replace");
  });

  test("a password that differs is told without its hash", () => {
    const user = (passwordHash: string) => compile({ name: "t", users: { anna: { passwordHash } } }).users[0]!;
    expect(effectOf("user", user("old-hash"), user("new-hash"))).toEqual([
      { field: "passwordHash", effect: "in place", why: "Only for logging in: open connections stay" },
    ]);
  });

  test("the gravest of several counts", () => {
    expect(worst([{ effect: "in place" }, { effect: "replace and lose messages" }, { effect: "replace" }])).toBe(
      "replace and lose messages",
    );
    expect(worst([])).toBeUndefined();
  });
});
