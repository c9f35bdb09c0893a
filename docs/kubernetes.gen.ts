// Writes what the pages about Kubernetes say of rules, sizes and settings: npx tsx docs/kubernetes.gen.ts. A test says when they are out of date.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { numbersTable, objectsOf, prod, readProdSettings, sizeCells, sizeOf, sizeTable, type Prod } from "../k8s/index.js";
import { policyRulesPage } from "../k8s/rules/page.js";
import { settingsPage } from "../k8s/settings-page.js";
import type { Topology } from "../topology/model.js";
import { contextiq, systems } from "../topology/systems/index.js";

const page = (name: string): string => join(__dirname, name);

const settings = readProdSettings({});
const made = (system: Topology): Prod => prod({ topologies: [system] }, settings, { environment: "prod" });

const block = (text: string): string => `\`\`\`\n${text}\n\`\`\`\n`;

const INTRODUCTION = `# Sizes on Kubernetes

What each of the five systems asks of a cluster with the defaults of the [prod stack](kubernetes.md): pods, the CPU and memory that they ask for, and volumes, at the fewest
and at the most that autoscaling allows. A stack's own numbers stand in its preview; where they come from is in [sizing.md](sizing.md#in-the-prod-stack).

<!-- Generated from the objects of the systems: npx tsx docs/kubernetes.gen.ts -->
`;

function sizesPage(): string {
  const all = Object.entries(systems).map(([name, system]) => ({ name, objects: made(system) }));
  const rows = all.map(({ name, objects }) => `| [${name}](#${name}) | ${sizeCells(sizeOf(objectsOf(objects))).join(" | ")} |`);
  const parts = all.map(
    ({ name, objects }) =>
      `## ${name}\n\n${block(sizeTable(sizeOf(objectsOf(objects))))}\nThe numbers of its services, and where they come from:\n\n${block(numbersTable(objects.services, settings))}`,
  );
  return [INTRODUCTION, "| system | pods | CPU | memory | volumes |", "| --- | --- | --- | --- | --- |", ...rows, "", ...parts].join("\n");
}

/** The block behind the comment that says what it is. */
function withContextIq(text: string): string {
  const size = sizeTable(sizeOf(objectsOf(made(contextiq))));
  return text.replace(
    /(<!-- Generated: npx tsx docs\/kubernetes\.gen\.ts -->\n\n)```\n[^]*?\n```\n/,
    (_, mark: string) => mark + block(size),
  );
}

const formatted = async (path: string, text: string): Promise<string> =>
  format(text, { ...(await resolveConfig(path)), parser: "markdown" });

/** What has to stand in each page, by its path. */
export async function pages(): Promise<ReadonlyMap<string, string>> {
  const [rules, sizes, keys, guide] = [
    page("kubernetes-rules.md"),
    page("kubernetes-sizes.md"),
    page("kubernetes-settings.md"),
    page("kubernetes.md"),
  ];
  return new Map([
    [rules, await formatted(rules, policyRulesPage())],
    [sizes, await formatted(sizes, sizesPage())],
    [keys, await formatted(keys, settingsPage())],
    [guide, withContextIq(readFileSync(guide, "utf8"))],
  ]);
}

async function write(): Promise<void> {
  for (const [path, text] of await pages()) writeFileSync(path, text);
}

if (require.main === module) void write();
