/** The table of what an update does says what the resources do. */
import { expect, test } from "vitest";
import { CHANGES, type Kind } from "../topology/changes.js";
import { KINDS, type KindName } from "./own/kinds.js";
import { moved } from "./moved.js";

const OWN: Partial<Record<Kind, KindName>> = {
  exchange: "exchange",
  queue: "queue",
  binding: "binding",
  policy: "policy",
  "operator policy": "operator-policy",
  user: "user",
  permission: "permissions",
  parameter: "parameter",
  "global parameter": "global-parameter",
};

test.each(Object.entries(OWN) as [Kind, KindName][])("%s: replaced are the fields that its own resource has fixed", (kind, own) => {
  const replaced = CHANGES.filter((change) => change.kind === kind && change.effect !== "in place" && !change.field.includes("["));
  const fields = new Set(replaced.map(({ field }) => field));
  // A queue's type is an argument to its resource; the vhost is no field of a planned object.
  if (kind === "queue") fields.delete("type");
  expect([...fields].filter((field) => field !== "vhost").sort()).toEqual(
    [...KINDS[own].fixed].filter((field) => field !== "vhost").sort(),
  );
});

test("what moves between the provider's resource and an own one", () => {
  const policy = (value: unknown) => ({
    name: "p",
    pattern: "",
    applyTo: "all" as const,
    priority: 0,
    definition: { "max-length": value },
    origin: "",
  });
  expect(moved("policy", "t", policy(1), policy(2))).toBeUndefined();
  expect(moved("policy", "t", policy(1), policy(true))).toMatch(/own/);
  expect(moved("policy", "a@b", policy(1), policy(2))).toBeUndefined();
  const rights = (write: string) => ({ user: "u", configure: "", write, read: "", origin: "" });
  expect(moved("permission", "t", rights("a"), rights("b"))).toBeUndefined();
  expect(moved("permission", "t", rights(""), rights("b"))).toMatch(/own/);
});
