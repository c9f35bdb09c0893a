/** Bad input to the program: a clear error, nothing half done, nothing lost, no secret said. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { brokerApi, liveBroker, scratchName, scratchVhost, type LiveBroker } from "./broker.js";
import { fakeBroker, json } from "./fake-broker.js";
import { TestStack } from "./stack.js";

let broker: LiveBroker;
let folder: string;
let stack: TestStack | undefined;
beforeAll(async () => {
  broker = await liveBroker();
  folder = mkdtempSync(join(tmpdir(), "warren-bad-input-"));
});
afterEach(async () => {
  await stack?.destroy();
  stack?.remove();
  stack = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: unknown): string {
  const path = join(folder, `${scratchName()}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** Runs an update that has to fail, and gives what it says: an error for people, without a stack trace, without the password. */
async function refused(values: Readonly<Record<string, string>>, password = broker.password): Promise<string> {
  stack = await TestStack.create(
    { broker: "external", endpoint: broker.managementUrl, username: broker.username, system: "fo-analytics", ...values },
    { password },
  );
  const result = await stack.pulumi("up", "--yes", "--skip-preview");
  expect(result.code).not.toBe(0);
  expect(result.output).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  expect(result.output).not.toContain(password);
  expect(stack.resources().filter((type) => !type.startsWith("pulumi:"))).toEqual([]);
  return result.output;
}

describe("the broker", () => {
  it("that cannot be reached is named", async () => {
    const said = await refused({ endpoint: "http://127.0.0.1:1" });
    expect(said).toMatch(/127\.0\.0\.1:1\b/);
    expect(said).toMatch(/No broker answers at/);
  });

  it("that refuses the password says for whom", async () => {
    const said = await refused({}, "not-the-password-of-anyone");
    expect(said).toMatch(/password/);
    expect(said).toContain(broker.username);
  });

  it("in which the user has not the right tag says which is needed", async () => {
    const name = scratchName("user");
    await brokerApi("PUT", `/api/users/${name}`, { password: "only-for-monitoring", tags: "monitoring" });
    try {
      expect(await refused({ username: name }, "only-for-monitoring")).toMatch(/administrator/);
    } finally {
      await brokerApi("DELETE", `/api/users/${name}`);
    }
  });

  it("that is older than asked for says both versions", async () => {
    const { url } = await fakeBroker(
      json(200, { rabbitmq_version: "4.1.2", product_version: "4.1.2", management_version: "4.1.2", node: "rabbit@old" }),
    );
    const said = await refused({ endpoint: url });
    expect(said).toMatch(/4\.1\.2/);
    expect(said).toMatch(/4\.3/);
  });
});

describe("the configuration", () => {
  it("with a system that there is not says which there are, and the near one", async () => {
    const said = await refused({ system: "fo-analitics" });
    expect(said).toMatch(/contextiq/);
    expect(said).toMatch(/did you mean .?fo-analytics/i);
  });

  it("with a value that is none says which are", async () => {
    expect(await refused({ broker: "podman" })).toMatch(/docker, external/);
  });
});

describe("a topology from plain data", () => {
  it("with wrong types and unknown keys has all of them named at once", async () => {
    const said = await refused({
      system: file({
        name: "wrong",
        queues: { a: { type: "quorum", maxLenght: 3 }, b: { type: "quorum", messageTtl: 5 }, c: { type: "quorun" } },
      }),
    });
    for (const part of [/queues\.a\.maxLenght/, /maxLength/, /queues\.b\.messageTtl/, /queues\.c\.type/, /quorum/])
      expect(said).toMatch(part);
  });

  it("that is no JSON is named with its place", async () => {
    const path = file('{ "name": "broken", ');
    expect(await refused({ system: path })).toContain(path);
  });
});

describe("a queue that stands there with other arguments", () => {
  it("is not touched: what differs, what it would cost, and the safe way are said", async () => {
    const { vhost } = await scratchVhost();
    const at = `/api/queues/${vhost}/work`;
    await brokerApi("PUT", at, { durable: true, arguments: { "x-queue-type": "classic", "x-max-priority": 5 } });
    await brokerApi("POST", `/api/exchanges/${vhost}/amq.default/publish`, {
      properties: { delivery_mode: 2 },
      routing_key: "work",
      payload: "kept",
      payload_encoding: "string",
    });
    const said = await refused({
      system: file({
        name: "taken",
        vhost: { name: vhost },
        queues: { work: { type: "quorum", maxLength: 10 }, other: { type: "quorum", maxLength: 10 } },
      }),
    });
    expect(said).toMatch(/work/);
    expect(said).toMatch(/1 message\b/);
    expect(said).toMatch(/type/);
    expect(said).toMatch(/x-max-priority/);
    expect((await brokerApi("GET", at)) as { type: string }).toMatchObject({ type: "classic" });
    expect(((await brokerApi("GET", `/api/queues/${vhost}`)) as { name: string }[]).map(({ name }) => name)).toEqual(["work"]);
  });
});
