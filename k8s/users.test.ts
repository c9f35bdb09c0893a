// Users beside the services' own: two that take turns, the autoscaler that sees and takes nothing, the exporter with what its copies need.
import { expect, it } from "vitest";
import { check } from "../topology/check/check.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { systems } from "../topology/systems/index.js";
import { readProdSettings } from "./settings.js";
import { generations, generationUser, withUsers } from "./users.js";

const installation = { topologies: [systems.contextiq] };
const at = (generation: number) => readProdSettings({ services: { contextiq: { "extraction-worker": { generation } } } });
const planned = (generation: number) => compileInstallation(withUsers(installation, at(generation), "prod"));

it("a service has one user until its generation is raised, then two that take turns", () => {
  expect([1, 2, 3, 4].map((each) => generationUser("me", each))).toEqual(["me", "me.2", "me", "me.2"]);
  const users = (generation: number): string[] =>
    generations(installation, at(generation))
      .filter(({ service }) => service === "extraction-worker")
      .map(({ user, generation: each }) => `${user} ${each}`);
  const name = users(1)[0]?.replace(/ 1$/, "");
  expect(users(1)).toEqual([`${name} 1`]);
  expect(users(2)).toEqual([`${name} 1`, `${name}.2 2`]);
  expect(users(3)).toEqual([`${name}.2 2`, `${name} 3`]);
});

it("the second user has the rights of the first, no more and no fewer", () => {
  const { vhosts, global } = planned(2);
  const [plan] = vhosts;
  const second = global.users.find(({ name }) => name.endsWith(".2"))?.name ?? "";
  const first = second.replace(/\.2$/, "");
  const of = (user: string) => ({
    permissions: [...(plan?.permissions ?? []), ...global.permissions]
      .filter((each) => each.user === user)
      .map(({ configure, write, read }) => ({ configure, write, read })),
    topics: [...(plan?.topicPermissions ?? []), ...global.topicPermissions]
      .filter((each) => each.user === user)
      .map(({ exchange, write, read }) => ({ exchange, write, read })),
  });
  expect(of(first).permissions).toHaveLength(1);
  expect(of(second)).toEqual(of(first));
});

it("the autoscaler may see and touch nothing, the exporter reads where the dead arrive and no queue of work", () => {
  const { global } = planned(1);
  const rights = (user: string) => global.permissions.find((each) => each.user === user);
  expect(global.users.map(({ name, tags }) => [name, tags])).toEqual([
    ["warren-autoscaler", ["monitoring"]],
    ["warren-exporter", ["administrator"]],
  ]);
  expect(rights("warren-autoscaler")).toMatchObject({ configure: "", write: "", read: "" });
  const read = new RegExp(rights("warren-exporter")?.read ?? "");
  expect(["amq.gen-x", "dead_letter", "contextiq.dlx"].map((name) => read.test(name))).toEqual([true, true, true]);
  expect(["extraction.requests", "contextiq.events"].map((name) => read.test(name))).toEqual([false, false]);
});

it.each(Object.entries(systems))("%s with these users has no finding that it has not without them", (_name, topology) => {
  const findings = (each: Parameters<typeof check>[0]): unknown[] => check(each, { environment: "prod" });
  const own = { topologies: [topology] };
  expect(findings(withUsers(own, readProdSettings({}), "prod"))).toEqual(findings(own));
});
