// Users beside the services' own: two that take turns, the autoscaler that sees and takes nothing, the exporter with what its copies need.
import { expect, it } from "vitest";
import { liveConsumers } from "../exporter/readings.js";
import { subjects } from "../exporter/subjects.js";
import { check } from "../topology/check/check.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { contextiq } from "../topology/systems/contextiq.js";
import { systems } from "../topology/systems/index.js";
import type { Installation } from "../topology/model.js";
import { prod } from "./prod.js";
import { readProdSettings, type ProdInput, type ProdSettings } from "./settings.js";
import { generationUser } from "./users.js";

const installation = { topologies: [contextiq] };
const at = (generation: number) => readProdSettings({ services: { contextiq: { "extraction-worker": { generation } } } });
const withUsers = (own: Installation, settings: ProdSettings): Installation => ({
  ...own,
  users: { ...own.users, ...prod(own, settings, { environment: "prod" }).users },
});
const planned = (generation: number) => compileInstallation(withUsers(installation, at(generation)));

it("a service has one user until its generation is raised, then two that take turns, each generation with a Secret", () => {
  expect([1, 2, 3, 4].map((each) => generationUser("me", each))).toEqual(["me", "me.2", "me", "me.2"]);
  const secrets = (generation: number): string[] =>
    prod(installation, at(generation))
      .secrets.filter(({ name }) => name.startsWith("contextiq-extraction-worker-"))
      .map(({ name, user }) => `${user} in ${name}`);
  const user = "contextiq.extraction-worker";
  const secret = "contextiq-extraction-worker-credentials";
  expect(secrets(1)).toEqual([`${user} in ${secret}-1`]);
  expect(secrets(2)).toEqual([`${user} in ${secret}-1`, `${user}.2 in ${secret}-2`]);
  expect(secrets(3)).toEqual([`${user}.2 in ${secret}-2`, `${user} in ${secret}-3`]);
});

it("whatever the generation, the exporter counts the consumers of new pods and of those that still run", () => {
  const [subject] = subjects(installation);
  for (const generation of [1, 2, 3, 4]) {
    const pods = prod(installation, at(generation)).secrets.filter(({ name }) => name.startsWith("contextiq-extraction-worker-"));
    const consumers = pods.map(({ user }) => ({
      consumer_tag: user,
      queue: { vhost: "contextiq", name: "extraction.requests" },
      channel_details: { user },
    }));
    const counted = liveConsumers(subject ?? { expected: [] }, consumers).filter(({ service }) => service === "extraction-worker");
    expect(counted.map(({ queue, count }) => [queue, count])).toEqual([["extraction.requests", generation === 1 ? 1 : 2]]);
  }
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
    ["warren-autoscaler", ["management"]],
    ["warren-exporter", ["administrator"]],
  ]);
  expect(rights("warren-autoscaler")).toMatchObject({ configure: "", write: "", read: "" });
  const read = new RegExp(rights("warren-exporter")?.read ?? "");
  expect(["amq.gen-x", "dead_letter", "contextiq.dlx"].map((name) => read.test(name))).toEqual([true, true, true]);
  expect(["extraction.requests", "contextiq.events"].map((name) => read.test(name))).toEqual([false, false]);
});

it("without the exporter no user is an administrator", () => {
  const administrators = (monitoring: ProdInput["monitoring"]): string[] =>
    compileInstallation(withUsers(installation, readProdSettings({ monitoring })))
      .global.users.filter(({ tags }) => tags.includes("administrator"))
      .map(({ name }) => name);
  expect(administrators({})).toEqual(["warren-exporter"]);
  expect(administrators({ exporter: false })).toEqual([]);
  expect(administrators({ enabled: false })).toEqual([]);
});

it.each(Object.entries(systems))("%s with these users has no finding that it has not without them", (_name, topology) => {
  const findings = (each: Parameters<typeof check>[0]): unknown[] => check(each, { environment: "prod" });
  const own = { topologies: [topology] };
  expect(findings(withUsers(own, readProdSettings({})))).toEqual(findings(own));
});
