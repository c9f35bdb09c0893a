/** The pages about Kubernetes say of rules and sizes what is so today. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { policyRules } from "../k8s/index.js";
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
