/** `new RabbitTopology(...)` in a program of one's own: the guard looks before anything is registered there, too. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect } from "amqplib";
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

interface Component {
  readonly name: string;
  readonly namePrefix: string;
  readonly topology: Topology;
}

/** The program has one component, unless it is told otherwise. */
const write = (topology: Topology, change: Partial<Component> = {}, ...others: readonly Component[]): void =>
  writeFileSync(join(folder, "components.json"), JSON.stringify([{ name: "own", namePrefix: "", topology, ...change }, ...others]));

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
import components from "./components.json";
const config = new pulumi.Config();
const broker = { endpoint: config.require("endpoint"), username: config.require("username"), password: config.requireSecret("password") };
for (const { name, namePrefix, topology } of components) new RabbitTopology(name, { topology, namePrefix, broker });
`,
  );
  write(base);
  stack = await TestStack.create({ endpoint: broker.managementUrl, username: broker.username }, { password: broker.password }, folder);
});
afterAll(async () => {
  await empty();
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

const publish = async (...payloads: readonly string[]): Promise<void> => {
  for (const payload of payloads) {
    await brokerApi("POST", `/api/exchanges/${base.name}/amq.default/publish`, {
      properties: { delivery_mode: 2 },
      routing_key: "jobs",
      payload,
      payload_encoding: "string",
    });
  }
};
const empty = (): Promise<unknown> => brokerApi("DELETE", `/api/queues/${base.name}/jobs/contents`);

/** An update that is refused leaves the broker, and the state, as they were. */
async function refused(message: RegExp): Promise<void> {
  const result = await stack.pulumi("up", "--yes", "--skip-preview");
  expect(result.output).toMatch(message);
  expect(result.code).not.toBe(0);
  expect(result.output).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  expect(await driftOf(base)).toEqual(nothing);
  write(base);
  expect(await stack.preview()).toEqual({});
}

const jobs = { type: "classic", from: { work: "job" }, maxLength: 10, deadLetterTo: "dead" } as const;
const dead = { type: "quorum", from: { dead: "" } } as const;

it.each<[string, Topology, Partial<Component>]>([
  ["another type of queue", { ...base, queues: { dead, jobs: { ...jobs, type: "quorum" } } }, {}],
  ["another name of a queue", { ...base, queues: { dead, tasks: jobs } }, {}],
  ["another vhost", { ...base, vhost: { name: `${base.name}-moved` } }, {}],
])("of a queue with messages: %s is refused before anything is changed", async (_, topology, change) => {
  await empty();
  await publish("one", "two");
  write(topology, change);
  await refused(/2 messages/);
});

it("an empty queue with a consumer is neither made anew nor left out, and then it is", async () => {
  await empty();
  const connection = await connect(`${broker.amqpUrl}/${base.name}`);
  try {
    await (await connection.createChannel()).consume("jobs", () => undefined);
    // The statistics know of it some seconds later.
    await expect.poll(() => brokerApi("GET", `/api/consumers/${base.name}`), { timeout: 20_000 }).toHaveLength(1);
    for (const queues of [{ dead, jobs: { ...jobs, type: "quorum" } }, { dead }] as const) {
      write({ ...base, queues });
      await refused(/take 1 queue away from 1 consumer[^]*"jobs" in vhost "warren-test-own" has 1 consumer[^]*stop the consumers first/);
    }
  } finally {
    await connection.close();
  }
  await expect.poll(() => brokerApi("GET", `/api/consumers/${base.name}`), { timeout: 20_000 }).toEqual([]);
  const quorum: Topology = { ...base, queues: { dead, jobs: { ...jobs, type: "quorum" } } };
  write(quorum);
  await stack.up();
  expect(await driftOf(quorum)).toEqual(nothing);
  write(base);
  await stack.up();
  expect(await driftOf(base)).toEqual(nothing);
});

it("another prefix of its names is refused, for everything would be made once more and then deleted", async () => {
  write(base, { namePrefix: "new-" });
  await refused(/has vhost "warren-test-own" as resource "vhost\/warren-test-own"[^]*namePrefix: ""/);
});

it("another name of the component is a name: nothing is made anew, and messages stay", async () => {
  await empty();
  await publish("one", "two", "three");
  write(base, { name: "renamed" });
  await stack.up();
  expect(await driftOf(base)).toEqual(nothing);
  await expect.poll(() => brokerApi("GET", `/api/queues/${base.name}/jobs`), { timeout: 15_000 }).toMatchObject({ messages: 3 });
  write(base);
  await stack.up();
  expect(await stack.preview()).toEqual({});
});

it("a component that is left out takes its vhost with it, unless messages are in it", async () => {
  const other: Topology = { name: `${base.name}-other`, queues: { parked: { type: "classic", maxLength: 10 } } };
  const beside = { name: "other", namePrefix: "", topology: other };
  const parked = `/api/queues/${other.name}/parked/contents`;
  write(base, {}, beside);
  await stack.up();
  await brokerApi("POST", `/api/exchanges/${other.name}/amq.default/publish`, {
    properties: {},
    routing_key: "parked",
    payload: "one",
    payload_encoding: "string",
  });
  write(base);
  const result = await stack.pulumi("up", "--yes", "--skip-preview");
  expect(result.output).toMatch(/"parked" in vhost "warren-test-own-other" holds 1 message/);
  expect(result.code).not.toBe(0);
  expect(await driftOf(other)).toEqual(nothing);
  await brokerApi("DELETE", parked);
  await stack.up();
  expect(await brokerApi("GET", "/api/vhosts")).not.toContainEqual(expect.objectContaining({ name: other.name }));
  expect(await stack.preview()).toEqual({});
});

it("what others made is not written over", async () => {
  const policy = `/api/policies/${base.name}/theirs`;
  const theirs = { pattern: "^nothing$", definition: { expires: 60_000 }, priority: 3, "apply-to": "queues" };
  await brokerApi("PUT", policy, theirs);
  const rule = { pattern: "^nothing$", definition: { expires: 60_000 }, applyTo: "queues" } as const;
  write({ ...base, policies: { theirs: { ...rule, priority: 4 } } });
  const result = await stack.pulumi("up", "--yes", "--skip-preview");
  expect(result.output).toMatch(/1 object that this stack did not make[^]*policy "theirs"[^]*priority: expected 4, is 3/);
  expect(result.code).not.toBe(0);
  expect(await brokerApi("GET", policy)).toMatchObject(theirs);
  write({ ...base, policies: { theirs: { ...rule, priority: 3 } } });
  await stack.up();
  write(base);
  await stack.up();
  expect(await driftOf(base)).toEqual(nothing);
});

it("an exchange is not made anew while bindings of others hang on it; afterwards the gap is told", async () => {
  const direct: Topology = { ...base, exchanges: { ...base.exchanges, work: { type: "direct" } } };
  const theirs = `/api/bindings/${base.name}/e/work/q/dead`;
  await brokerApi("POST", theirs, { routing_key: "theirs" });
  write(direct);
  const result = await stack.pulumi("up", "--yes", "--skip-preview");
  expect(result.output).toMatch(
    /1 binding that this stack did not make[^]*type: expected "direct", is "topic"[^]*work -> dead \(key "theirs"\)/,
  );
  expect(result.code).not.toBe(0);
  await brokerApi("DELETE", `${theirs}/theirs`);
  expect(await driftOf(base)).toEqual(nothing);
  expect(await stack.up()).toMatch(/1 exchange will be deleted and made again/);
  expect(await driftOf(direct)).toEqual(nothing);
  write(base);
  await stack.up();
  expect(await driftOf(base)).toEqual(nothing);
});
