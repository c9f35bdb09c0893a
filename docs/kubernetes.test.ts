/** The pages about Kubernetes say of rules, sizes and settings what is so today. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { policyRules, readProdSettings } from "../k8s/index.js";
import { settingRows } from "../k8s/settings-page.js";
import { systems } from "../topology/systems/index.js";
import { pages } from "./kubernetes.gen.js";

test("they are up to date: npx tsx docs/kubernetes.gen.ts writes them anew", async () => {
  for (const [path, text] of await pages()) expect(readFileSync(path, "utf8"), path).toBe(text);
});

test("every rule and every system has its place, and the guide its table", async () => {
  const named = new Map([...(await pages())].map(([path, text]) => [basename(path), text]));
  for (const { code, why } of policyRules)
    expect(named.get("kubernetes-rules.md")).toMatch(new RegExp(`\\| \`${code}\`.*\\| .*${why.slice(0, 20)}`));
  for (const name of Object.keys(systems)) expect(named.get("kubernetes-sizes.md")).toContain(`\n## ${name}\n`);
  expect(named.get("kubernetes.md")).toMatch(/kubernetes\.gen\.ts -->\n\n```\n +pods +CPU +memory +volumes\nRabbitmqCluster rabbitmq +3 /);
});

test("every setting has its place, with what it is, which values it takes and what holds without it", () => {
  const rows = [...settingRows().values()].flatMap((part) => part.rows);
  for (const { key, allowed, meaning } of rows) expect([allowed, meaning], key).not.toContain("");
  for (const [name, { meaning }] of settingRows()) expect(meaning, name).not.toBe("");
  const keys = new Set(rows.map(({ key }) => key));
  // Whatever has a default is read from nothing; a table for each of these keys, or a row for what they are in.
  const paths = (value: unknown, at: string): string[] =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !keys.has(at)
      ? Object.entries(value).flatMap(([key, each]) => paths(each, at === "" ? key : `${at}.${key}`))
      : [at];
  const { services: _, ...read } = readProdSettings({});
  expect(paths(read, "").filter((path) => !keys.has(path))).toEqual([]);
  expect(rows.find(({ key }) => key === "services.TOPOLOGY.SERVICE.replicas.min")).toEqual({
    ...{ key: "services.TOPOLOGY.SERVICE.replicas.min", allowed: "0 or more", initial: "has to be said", meaning: "At least." },
  });
  expect(rows.find(({ key }) => key === "cluster.storage.size")).toMatchObject({ initial: "`20Gi`" });
  expect(rows.find(({ key }) => key === "network.dns")?.allowed).toContain("`cidr`");
});
