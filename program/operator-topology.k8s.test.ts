/** The program itself with `provision: operator`: real engine, real API, the real messaging topology operator, a real broker. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drift } from "../broker/drift.js";
import { readLive } from "../broker/live.js";
import { Management } from "../broker/management.js";
import type { LiveBroker } from "../testing/broker-api.js";
import { KubernetesApi } from "../testing/kubernetes/api.js";
import { bareStack, NAMESPACE, pretendBroker } from "../testing/kubernetes/bare-stack.js";
import { startTopologyOperator } from "../testing/kubernetes/topology-operator.js";
import { openBroker } from "../testing/live-setup.js";
import { TestStack } from "../testing/stack.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Topology } from "../topology/model.js";

const folder = mkdtempSync(join(tmpdir(), "warren-operator-"));
const file = join(folder, "shop.json");

const shop: Topology = {
  name: "shop",
  exchanges: { orders: { type: "topic" }, dead: { type: "fanout" } },
  queues: {
    packing: { type: "quorum", from: { orders: "order.*" }, maxLength: 1000, retry: ["1 second"], deadLetterTo: "dead" },
    billing: { type: "quorum", from: { orders: "order.paid" } },
    dead: { type: "quorum", from: { dead: "" } },
  },
  services: { packer: { consumes: ["packing"], limits: { maxChannels: 50 } } },
};
const changed: Topology = {
  ...shop,
  queues: {
    ...shop.queues,
    packing: { ...(shop.queues?.["packing"] as object), maxLength: 2000 } as never,
    // Another type is another queue, and takes its binding along.
    billing: { type: "classic", from: { orders: "order.paid" } },
  },
};

let api: KubernetesApi;
let broker: LiveBroker;
let remove: () => Promise<void>;
let stack: TestStack;
beforeAll(async () => {
  ({ broker, remove } = await openBroker());
  api = await KubernetesApi.start();
  await startTopologyOperator(api);
  process.env["KUBECONFIG"] = api.kubeconfig;
  write(shop);
  stack = await TestStack.create(
    { ...bareStack(file, broker), "kubernetes.provision": "operator" },
    { 'passwords["shop.packer"]': "the first one" },
  );
}, 30 * 60_000);
afterAll(async () => {
  stack?.remove();
  await api?.stop();
  await remove?.();
  rmSync(folder, { recursive: true, force: true });
});

const write = (topology: Topology): void => writeFileSync(file, JSON.stringify(topology));

async function answering<T>(ask: (management: Management) => Promise<T>): Promise<T> {
  const { managementUrl: endpoint, username, password } = broker;
  const management = new Management({ endpoint, username, password });
  try {
    return await ask(management);
  } finally {
    await management.close();
  }
}

const driftFrom = (topology: Topology): Promise<ReturnType<typeof drift>> =>
  answering(async (management) => drift(compileInstallation({ topologies: [topology] }), await readLive(management, ["shop"])));
const NOTHING = { missing: [], mismatched: [], extra: [] };

async function mayLogIn(password: string): Promise<boolean> {
  const { hostname, port } = new URL(broker.amqpUrl);
  try {
    const connection = await connect({ hostname, port: Number(port), username: "shop.packer", password, vhost: "shop" });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

test("an update makes objects that are Ready, and what they cannot say beside them; a second one would change nothing", async () => {
  await Promise.all([stack.up(), pretendBroker(api, broker)]);
  expect(await driftFrom(shop)).toMatchObject(NOTHING);
  expect(await mayLogIn("the first one")).toBe(true);
  const types = new Set(stack.resources().filter((type) => /rabbitmq|UserLimits/i.test(type)));
  expect([...types].sort()).toEqual([
    ...["Binding", "Exchange", "Permission", "Policy", "Queue", "RabbitmqCluster"].map((kind) => `kubernetes:rabbitmq.com/v1beta1:${kind}`),
    ...["User", "Vhost"].map((kind) => `kubernetes:rabbitmq.com/v1beta1:${kind}`),
    "pulumi-nodejs:dynamic/warren:UserLimits",
  ]);
  expect(await stack.preview()).toEqual({});
});

test("a queue with messages is not made anew; an empty one is, with its bindings, and a policy changes in place", async () => {
  write(changed);
  const connection = await connect(`${broker.amqpUrl}/shop`);
  try {
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue("billing", Buffer.from("{}"), { persistent: true });
    await channel.waitForConfirms();
    await expect(stack.up()).rejects.toThrow(/"billing"[^]*1 message/);
    expect((await channel.checkQueue("billing")).messageCount).toBe(1);
    await channel.purgeQueue("billing");
  } finally {
    await connection.close();
  }
  await stack.up();
  expect(await driftFrom(changed)).toMatchObject(NOTHING);
  expect(await stack.preview()).toEqual({});
});

test("another password makes the user anew, with its rights and limits", async () => {
  await stack.set('passwords["shop.packer"]', "the second one", true);
  await stack.up();
  expect([await mayLogIn("the first one"), await mayLogIn("the second one")]).toEqual([false, true]);
  expect(await driftFrom(changed)).toMatchObject(NOTHING);
});

test("the other way is refused while there is this one; and down takes all of it", async () => {
  await stack.set("kubernetes.provision", "management");
  await expect(stack.up()).rejects.toThrow(/was provisioned with warren:kubernetes.provision "operator"/);
  await stack.set("kubernetes.provision", "operator");
  const { code, output } = await stack.destroy();
  expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
  expect(await api.has("namespace", NAMESPACE)).toBe(false);
});
