/** An existing broker is imported, and the first update takes it over: nothing on it changes, and nothing is left to do. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../cli/main.js";
import { passwordHash } from "../broker/password.js";
import type { Definitions } from "../topology/definitions-format.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import { systems } from "../topology/systems/index.js";
import { brokerApi, commandEnvironment, liveBroker, scratchName, type LiveBroker } from "./broker.js";
import { installations } from "./installations/index.js";
import { TestStack } from "./stack.js";

let folder: string;
let broker: LiveBroker;
const prefix = scratchName("adopt");
const PASSWORD = "a password that nobody else has";

/** Everything that a definition calls by name, with names of this test. */
function renamed(given: Definitions): Definitions {
  const vhost = (name: string | undefined): string => `${prefix}-${name === "/" ? "root" : name}`;
  const inVhost = <Item extends { vhost?: string }>(items: readonly Item[] = []): Item[] =>
    items.map((item) => ({ ...item, vhost: vhost(item.vhost) }));
  const ofUser = <Item extends { user: string }>(items: readonly Item[]): Item[] =>
    items.map((item) => ({ ...item, user: vhost(item.user) }));
  return {
    ...given,
    vhosts: (given.vhosts ?? []).map((item) => ({ ...item, name: vhost(item.name) })),
    users: (given.users ?? []).map((item) => ({
      ...item,
      name: vhost(item.name),
      password_hash: passwordHash(PASSWORD, Buffer.from([1, 2, 3, 4])),
    })),
    permissions: ofUser(inVhost(given.permissions)),
    topic_permissions: ofUser(inVhost(given.topic_permissions)),
    // Those that go when nobody uses them would be gone in the middle.
    queues: inVhost(given.queues).filter(({ arguments: args = {} }) => !("x-expires" in args)),
    exchanges: inVhost(given.exchanges),
    bindings: inVhost(given.bindings).filter(({ destination }) => !/pidbox|celeryev\./.test(destination)),
    policies: inVhost(given.policies),
    parameters: inVhost(given.parameters),
    global_parameters: [],
  };
}

const ofSystem = (name: string): Definitions => {
  const plan = compileInstallation({ topologies: [systems[name]!] });
  const withHashes = {
    ...plan,
    vhosts: plan.vhosts.map((one) => ({ ...one, users: one.users.map((user) => ({ ...user, passwordHash: "" })) })),
  };
  return definitions(withHashes);
};

const there: readonly Definitions[] = [
  ofSystem("debias"),
  ...["springCloudStream", "telemetry", "celery"].map((name) => installations[name] as Definitions),
].map(renamed);

const vhosts = there.flatMap((one) => one.vhosts ?? []).map(({ name }) => name);
const users = [...new Set(there.flatMap((one) => one.users ?? []).map(({ name }) => name))];
const at = (...path: readonly string[]): string => `/api/${path.map(encodeURIComponent).join("/")}`;

/** What this test has on the broker, whole. */
async function held(): Promise<Record<string, unknown>> {
  const all = (await brokerApi("GET", "/api/definitions")) as Record<string, Record<string, unknown>[]>;
  const ours = (item: Record<string, unknown>): boolean => [item["vhost"], item["name"]].some((name) => String(name).startsWith(prefix));
  return Object.fromEntries(Object.entries(all).flatMap(([key, items]) => (Array.isArray(items) ? [[key, items.filter(ours)]] : [])));
}

beforeAll(async () => {
  broker = await liveBroker();
  folder = mkdtempSync(join(tmpdir(), "warren-adopt-"));
  for (const one of there) await brokerApi("POST", "/api/definitions", one);
  for (const vhost of vhosts)
    await brokerApi("PUT", at("permissions", vhost, broker.username), { configure: ".*", write: ".*", read: ".*" });
});
afterAll(async () => {
  for (const vhost of vhosts) await brokerApi("DELETE", at("vhosts", vhost));
  for (const user of users) await brokerApi("DELETE", at("users", user));
  rmSync(folder, { recursive: true, force: true });
});

async function warren(...words: readonly string[]): Promise<{ code: number; error: string }> {
  let error = "";
  const write = (text: string): void => void (error += `${text}\n`);
  const code = await run(
    words,
    { out: write, error: write, style: (_, text) => text, cwd: folder, environment: commandEnvironment(broker) },
    "1.2.3",
  );
  return { code, error };
}

describe("a broker with several vhosts", () => {
  const file = (): string => join(folder, "messaging.ts");
  let stack: TestStack;
  let before: Record<string, unknown>;

  beforeAll(async () => {
    before = await held();
    const { hostname, port, protocol } = new URL(broker.managementUrl);
    stack = await TestStack.create(
      { broker: "external", endpoint: `${protocol}//${hostname}:${port}`, username: broker.username, system: file(), adopt: "true" },
      { password: broker.password },
    );
  });
  afterAll(async () => {
    stack.remove();
  });

  it("is imported, with who consumes what", async () => {
    const amqp = new URL(broker.amqpUrl);
    const user = `${prefix}-django`;
    const connection = await connect({
      hostname: amqp.hostname,
      port: Number(amqp.port),
      username: user,
      password: PASSWORD,
      vhost: `${prefix}-root`,
    });
    try {
      await (await connection.createChannel()).consume("celery", () => undefined);
      // Which user a channel has is in the statistics.
      await expect
        .poll(async () => JSON.stringify(await brokerApi("GET", at("consumers", `${prefix}-root`))), { timeout: 20_000 })
        .toContain(`"user":"${user}"`);
      const { code, error } = await warren("import", "--vhost", ...vhosts, "-o", file());
      expect({ code, error }).toMatchObject({ code: 0, error: expect.stringContaining(`user ${JSON.stringify(broker.username)}`) });
      const text = readFileSync(file(), "utf8");
      expect(text).toContain('consumes: ["celery"]');
      expect(text).toContain('retry: ["5 seconds", "30 seconds", "5 minutes"]');
      expect(text).not.toMatch(/password/i);
    } finally {
      await connection.close();
    }
    expect((await warren("drift", file())).error).toContain("No drift");
  });

  it("is taken over without a change on it, users and their passwords included; afterwards there is nothing to do", async () => {
    const planned = await stack.preview();
    expect(Object.keys(planned).sort()).toEqual(["create", "import"]);
    await stack.up();
    expect(await held()).toEqual(before);
    expect(await stack.preview()).toEqual({});
    await stack.set("adopt", "false");
    expect(await stack.preview()).toEqual({});
    expect(await stack.refresh()).toEqual({});
    expect(await held()).toEqual(before);
  });

  it("is managed from then on", async () => {
    const text = readFileSync(file(), "utf8");
    writeFileSync(file(), text.replace('"max-length": 500_000', '"max-length": 600_000'));
    expect(await stack.preview()).toEqual({ update: 1 });
    await stack.up();
    expect(JSON.stringify(await held())).toContain('"max-length":600000');
    writeFileSync(file(), text);
    await stack.up();
    expect(await held()).toEqual(before);
  });
});

/** Says what an update of a stack of this file is refused for; nothing on the broker may have changed by it. */
async function refusal(file: string, config: Readonly<Record<string, string>> = {}): Promise<string> {
  const before = await held();
  const stack = await TestStack.create(
    { broker: "external", endpoint: broker.managementUrl, username: broker.username, system: file, adopt: "true" },
    { password: broker.password, ...config },
  );
  try {
    const { code, output } = await stack.pulumi("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(await held()).toEqual(before);
    return output;
  } finally {
    await stack.destroy();
    stack.remove();
  }
}

it("what is otherwise is refused in one list, limits, topic permissions, secrets and passwords too, and nothing is changed", async () => {
  const file = join(folder, "one.ts");
  const [vhost, user] = [`${prefix}-shop`, `${prefix}-shop.billing`];
  await brokerApi("PUT", at("vhost-limits", vhost, "max-connections"), { value: 1000 });
  await brokerApi("PUT", at("user-limits", user, "max-connections"), { value: 1000 });
  await brokerApi("PUT", at("parameters", "federation-upstream", vhost, "eu"), { value: { uri: "amqp://fed:of-the-broker@eu.example" } });
  await brokerApi("PUT", at("topic-permissions", vhost, user), { exchange: "orders", write: "^$", read: "^order" });
  await warren("import", "--vhost", vhost, "-o", file);
  await brokerApi("PUT", at("vhost-limits", vhost, "max-queues"), { value: 1000 });
  await brokerApi("PUT", at("user-limits", user, "max-channels"), { value: 1000 });
  await brokerApi("PUT", at("topic-permissions", vhost, user), { exchange: "amq.topic", write: "^$", read: "^$" });
  const text = readFileSync(file, "utf8");
  writeFileSync(
    file,
    text.replace('orders: { type: "topic" }', 'orders: { type: "direct" }').replace("deliveryLimit: 5", "deliveryLimit: 6"),
  );
  const output = await refusal(file, {
    'secrets["upstream-eu-uri"]': "amqp://fed:of-the-file@eu.example",
    [`passwords["${user}"]`]: "another",
  });
  expect(output).toMatch(/\d objects cannot be adopted/);
  expect(output).toMatch(/type: expected "direct", is "topic"/);
  expect(output).toMatch(/x-delivery-limit/);
  expect(output).toMatch(/limits\.maxQueues: expected not set, is 1000/);
  expect(output).toMatch(/limits\.maxChannels: expected not set, is 1000/);
  expect(output).toMatch(/topic permission "[^"]* at amq\.topic"/);
  expect(output).toMatch(/parameter "federation-upstream\/eu"/);
  expect(output).toMatch(/password: expected "\(hidden\)"/);
  expect(output).not.toMatch(/of-the-broker|of-the-file|of-somebody-else/);
});
