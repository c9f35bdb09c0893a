// The guard of consumers that the program runs: deleted first, refused while a queue holds messages, and in nobody's way where they are switched off.
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, it } from "vitest";
import { fakeBroker } from "../testing/fake-broker.js";
import { components } from "./components.js";
import { deleteHooks } from "./delete-hooks.js";
import { guardConsumers } from "./guard-consumers.js";
import { managedIn } from "./managed.js";
import { ownType, OwnResource } from "./own/resource.js";

type Monitor = NonNullable<ReturnType<typeof pulumi.runtime.getMonitor>>;
type Request = Parameters<Monitor["registerResource"]>[0];
type Answer = (error: unknown, response: unknown) => void;

let requests: Request[] = [];

beforeEach(async () => {
  requests = [];
  await pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }), call: () => ({}) });
  const monitor = pulumi.runtime.getMonitor() as Monitor;
  const register = monitor.registerResource.bind(monitor) as unknown as (request: Request, answer: Answer) => Promise<void>;
  Object.assign(monitor, {
    registerResource: (request: Request, answer: Answer) => {
      requests.push(request);
      return register(request, answer);
    },
    registerResourceHook: (_request: unknown, answer: Answer) => answer(null, {}),
  });
});

const settled = (): Promise<void> => (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs();

/** What the engine calls before it deletes the guard of a vhost. */
const beforeDelete = async (vhost: string): Promise<void> => {
  const [hook] = deleteHooks().consumers.hooks?.beforeDelete ?? [];
  await hook?.callback({ name: `consumers/${vhost}`, oldOutputs: { spec: { vhost } } } as unknown as pulumi.ResourceHookArgs);
};

const queue = { name: "orders", vhost: "shop", type: "classic", durable: true, auto_delete: false, arguments: {}, exclusive: false };

async function brokerWith(messages: number): Promise<void> {
  const { url } = await fakeBroker((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify([{ ...queue, messages }]));
  });
  const connection = pulumi.output({ endpoint: url, username: "u", password: "p" });
  components().push({ namePrefix: "", vhosts: ["shop"], connection, allowDataLoss: false });
}

it("it depends on topology and consumers, and is none of the topology's own", async () => {
  const consumer = new OwnResource("ready", "consumer", { spec: {} });
  guardConsumers({ vhosts: ["shop"], resources: [consumer] });
  await settled();
  const request = requests.find((one) => one.getName() === "consumers/shop");
  expect(request?.getDependenciesList().map((urn) => urn.split("::").at(-1))).toEqual(["consumer"]);
  expect(request?.getHooks()?.getBeforeDeleteList()).toEqual(["warren-consumers-delete"]);
  const state = { "urn:pulumi:dev::p::t::consumers/shop": { type: ownType("guard"), outputs: { spec: { vhost: "shop" } } } };
  expect([...managedIn(state).components]).toEqual([]);
});

it("it is not deleted while a queue holds messages, and says what publishes them", async () => {
  await brokerWith(2);
  guardConsumers({ vhosts: ["shop"], resources: [], first: "npm run up -- --no-load; then " });
  await expect(beforeDelete("shop")).rejects.toThrow(
    /queue "orders" in vhost "shop" holds 2 messages[^]*--no-load; then let consumers empty/,
  );
});

it("it is deleted when they are empty, and where its consumers are switched off", async () => {
  await brokerWith(0);
  guardConsumers({ vhosts: ["shop"], resources: [] });
  await beforeDelete("shop");
  await pulumi.runtime.setMocks({ newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) });
  Object.assign(pulumi.runtime.getMonitor() as Monitor, { registerResourceHook: (_request: unknown, answer: Answer) => answer(null, {}) });
  await brokerWith(2);
  await beforeDelete("shop");
});
