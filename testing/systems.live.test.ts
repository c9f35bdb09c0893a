/** Each of the five systems on a real broker, by the project's own program: up, equal, unchanged, changed in place, down. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../topology/compile/compile.js";
import { systems } from "../topology/systems/index.js";
import type { Topology } from "../topology/model.js";
import { brokerApi, liveBroker, type LiveBroker } from "./broker.js";
import { liveDrift } from "./live-drift.js";
import { TestStack } from "./stack.js";

interface Names {
  readonly name: string;
}

const names = async (path: string): Promise<string[]> => ((await brokerApi("GET", path)) as Names[]).map(({ name }) => name);

/** What of a broker a stack could leave behind. */
const inventory = async (): Promise<unknown> => ({
  vhosts: await names("/api/vhosts"),
  users: await names("/api/users"),
  parameters: await brokerApi("GET", "/api/parameters"),
  policies: await brokerApi("GET", "/api/policies"),
});

const depth = async (vhost: string, queue: string): Promise<number> =>
  (
    (await brokerApi(
      "GET",
      `/api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(queue)}?disable_stats=true&enable_queue_totals=true`,
    )) as {
      messages?: number;
    }
  ).messages ?? 0;

/** The broker's own count of a quorum queue is up to 5 seconds old. */
const expectDepth = (vhost: string, queue: string) => expect.poll(() => depth(vhost, queue), { timeout: 15_000, interval: 250 });

async function publish(vhost: string, queue: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const body = { properties: { delivery_mode: 2 }, routing_key: queue, payload: `message ${index}`, payload_encoding: "string" };
    await brokerApi("POST", `/api/exchanges/${encodeURIComponent(vhost)}/amq.default/publish`, body);
  }
}

let broker: LiveBroker;
let folder: string;
beforeAll(async () => {
  broker = await liveBroker();
  folder = mkdtempSync(join(tmpdir(), "warren-topologies-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const stackFor = async (system: string): Promise<TestStack> =>
  await TestStack.create(
    { broker: "external", endpoint: broker.managementUrl, username: broker.username, system },
    { password: broker.password },
  );

const driftOf = (topology: Topology): Promise<unknown> => liveDrift({ topologies: [topology] });

describe.each(Object.entries(systems))("%s", (name, topology) => {
  let stack: TestStack;
  let before: unknown;
  beforeAll(async () => {
    before = await inventory();
    stack = await stackFor(name);
  });
  afterAll(async () => {
    await stack.destroy();
    stack.remove();
  });

  it("goes up, and the broker holds exactly what the model says", async () => {
    await stack.up();
    expect(await driftOf(topology)).toEqual({ missing: [], mismatched: [], extra: [] });
  });

  it("is left as it is by a second up and by a refresh", async () => {
    expect(await stack.preview()).toEqual({});
    expect(await stack.refresh()).toEqual({});
    expect(await stack.up("--expect-no-changes")).toContain("unchanged");
  });

  it("is not taken down while a queue holds messages, and then leaves nothing", async () => {
    const vhost = compile(topology).vhost.name;
    const queue = Object.keys(topology.queues ?? {})[0] ?? "";
    await publish(vhost, queue, 3);
    const refused = await stack.destroy();
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/3 messages/);
    await expectDepth(vhost, queue).toBe(3);
    expect(await driftOf(topology)).toEqual({ missing: [], mismatched: [], extra: [] });

    await brokerApi("DELETE", `/api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(queue)}/contents`);
    await expectDepth(vhost, queue).toBe(0);
    const down = await stack.destroy();
    expect(down.output).not.toMatch(/error/i);
    expect(down.code).toBe(0);
    expect(await inventory()).toEqual(before);
  });
});

describe("a change", () => {
  const base: Topology = {
    name: "warren-test-change",
    exchanges: { work: { type: "topic" }, dead: { type: "fanout" } },
    queues: {
      jobs: { type: "quorum", from: { work: "job.*" }, messageTtl: "1 hour", maxLength: 100, deadLetterTo: "dead", retry: ["1 hour"] },
      other: { type: "classic", from: { work: "other" }, maxLength: 10 },
      dead: { type: "quorum", from: { dead: "" }, maxLength: 100, deliveryLimit: -1 },
    },
    messages: { job: { to: "work", key: "job.{kind}" } },
    services: { web: { publishes: ["job"] }, worker: { consumes: ["jobs"] } },
  };
  const file = (): string => join(folder, "change.json");
  const write = (topology: Topology): void => writeFileSync(file(), JSON.stringify(topology));
  let stack: TestStack;
  beforeAll(async () => {
    write(base);
    stack = await stackFor(file());
    await stack.up();
    await publish(base.name, "jobs", 5);
    await publish(base.name, "jobs.retry.1", 2);
  });
  afterAll(async () => {
    await stack.set("allowDataLoss", "true");
    await stack.destroy();
    stack.remove();
  });

  const changed: Topology = {
    ...base,
    queues: {
      ...base.queues,
      jobs: {
        type: "quorum",
        from: { work: ["job.*", "task.*"] },
        messageTtl: "2 hours",
        maxLength: 50,
        deadLetterTo: "dead",
        retry: ["2 hours", "3 hours"],
      },
    },
  };

  it("of lengths, times, retries and bindings happens in place, and keeps the messages", async () => {
    write(changed);
    await stack.up();
    expect(await driftOf(changed)).toEqual({ missing: [], mismatched: [], extra: [] });
    await expectDepth(base.name, "jobs").toBe(5);
    await expectDepth(base.name, "jobs.retry.1").toBe(2);
    expect(await stack.preview()).toEqual({});
  });

  it.each<[string, Topology]>([
    ["deletes", { ...changed, queues: { other: changed.queues?.["other"] ?? { type: "classic" } }, services: {}, messages: {} }],
    [
      "replaces",
      {
        ...changed,
        queues: { ...changed.queues, jobs: { type: "classic", from: { work: "job.*" }, maxLength: 50, deadLetterTo: "dead" } },
      },
    ],
  ])("that %s a queue with messages is refused with the count, before anything else is changed", async (_, topology) => {
    write({ ...topology, exchanges: { ...topology.exchanges, fresh: { type: "fanout", from: { work: "#" } } } });
    const refused = await stack.pulumi("up", "--yes", "--skip-preview");
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/jobs/);
    expect(refused.output).toMatch(/5 messages/);
    expect(refused.output).toMatch(/allowDataLoss/);
    expect(refused.output).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)/m);
    expect(await driftOf(changed)).toEqual({ missing: [], mismatched: [], extra: [] });
    await expectDepth(base.name, "jobs").toBe(5);
  });

  it("to a file with a fault in it stops before anything is changed", async () => {
    write({ ...changed, queues: { ...changed.queues, fresh: { type: "quorum", from: { nowhere: "#" } } } });
    const refused = await stack.pulumi("up", "--yes", "--skip-preview");
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/nowhere/);
    expect(await driftOf(changed)).toEqual({ missing: [], mismatched: [], extra: [] });
  });

  it("by hand on the broker is seen by a refresh and mended by the next up", async () => {
    write(changed);
    const vhost = encodeURIComponent(base.name);
    await brokerApi("DELETE", `/api/policies/${vhost}/jobs`);
    await brokerApi("DELETE", `/api/queues/${vhost}/other`);
    expect(await stack.refresh()).not.toEqual({});
    await stack.pulumi("refresh", "--yes", "--skip-preview");
    await stack.up();
    expect(await driftOf(changed)).toEqual({ missing: [], mismatched: [], extra: [] });
    await expectDepth(base.name, "jobs").toBe(5);
  });
});
