/** `new RabbitTopology(...)` in a program of one's own: the guard looks before anything is registered there, too. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Topology } from "../topology/model.js";
import { brokerApi, liveBroker, type LiveBroker } from "./broker.js";
import { liveDrift } from "./live-drift.js";
import { TestStack } from "./stack.js";

const checkout = resolve(__dirname, "..");
const base: Topology = {
  name: "warren-test-own",
  exchanges: { work: { type: "topic" }, dead: { type: "fanout" } },
  queues: {
    jobs: { type: "classic", from: { work: "job" }, maxLength: 10, deadLetterTo: "dead" },
    dead: { type: "quorum", from: { dead: "" } },
  },
};

let folder: string;
let broker: LiveBroker;
let stack: TestStack;

const write = (topology: Topology): void => writeFileSync(join(folder, "topology.json"), JSON.stringify(topology));

beforeAll(async () => {
  broker = await liveBroker();
  folder = mkdtempSync(join(tmpdir(), "warren-own-program-"));
  mkdirSync(join(folder, "node_modules"));
  const installed = join(checkout, "node_modules");
  for (const name of readdirSync(installed)) symlinkSync(join(installed, name), join(folder, "node_modules", name));
  symlinkSync(checkout, join(folder, "node_modules/warren"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "own", main: "index.ts" }));
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    'name: warren\nruntime:\n  name: nodejs\n  options:\n    nodeargs: "--import tsx --conditions=warren-source"\n    typescript: false\n',
  );
  writeFileSync(
    join(folder, "index.ts"),
    `import * as pulumi from "@pulumi/pulumi";
import { RabbitTopology } from "warren";
import topology from "./topology.json";
const config = new pulumi.Config();
new RabbitTopology("own", {
  topology,
  broker: { endpoint: config.require("endpoint"), username: config.require("username"), password: config.requireSecret("password") },
});
`,
  );
  write(base);
  stack = await TestStack.create({ endpoint: broker.managementUrl, username: broker.username }, { password: broker.password }, folder);
});
afterAll(async () => {
  await brokerApi("DELETE", `/api/queues/${base.name}/jobs/contents`);
  await stack.destroy();
  stack.remove();
  rmSync(folder, { recursive: true, force: true });
});

const driftOf = (topology: Topology): Promise<unknown> => liveDrift({ topologies: [topology] });

const nothing = { missing: [], mismatched: [], extra: [] };

it("goes up, and stays as it is", async () => {
  await stack.up();
  expect(await driftOf(base)).toEqual(nothing);
  expect(await stack.preview()).toEqual({});
});

it.each<[string, Topology]>([
  [
    "another type",
    { ...base, queues: { ...base.queues, jobs: { type: "quorum", from: { work: "job" }, maxLength: 10, deadLetterTo: "dead" } } },
  ],
  [
    "another name",
    { ...base, queues: { tasks: base.queues?.["jobs"] ?? { type: "classic" }, dead: base.queues?.["dead"] ?? { type: "quorum" } } },
  ],
])("of a queue with messages: %s is refused before anything is changed", async (_, topology) => {
  await brokerApi("DELETE", `/api/queues/${base.name}/jobs/contents`);
  for (const payload of ["one", "two"]) {
    await brokerApi("POST", `/api/exchanges/${base.name}/amq.default/publish`, {
      properties: { delivery_mode: 2 },
      routing_key: "jobs",
      payload,
      payload_encoding: "string",
    });
  }
  write(topology);
  const refused = await stack.pulumi("up", "--yes", "--skip-preview");
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(/2 messages/);
  expect(refused.output).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  expect(await driftOf(base)).toEqual(nothing);
  write(base);
  expect(await stack.preview()).toEqual({});
});
